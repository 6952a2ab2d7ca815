"""Choices that are searched: greedy mixtures, shares of many seeds, and a rule for each class.

Searches see sampled pixels (`library`), those for a fold only pixels of the other folds; what they choose is counted on
all pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from landseer.errors import DataError
from landseer.metrics.bootstrap import resample_sums
from landseer.select.config import SelectConfig
from landseer.select.crossfit import Judge, make_parts
from landseer.select.judged import Judged
from landseer.select.library import Library
from landseer.select.search import (
    Foreground,
    Searcher,
    all_classes,
    bagged_shares,
    best_step,
    class_rule,
    greedy_path,
    path_shares,
    simplex_shares,
)
from landseer.select.shares import simplex
from landseer.select.way import Column, Rule, Way

_GRID_SEEDS = 3


@dataclass(frozen=True, slots=True)
class Case:
    """What is searched, and among what.

    Attributes:
        judged, judge, config: the samples, the figure that decides, recipe key `select`.
        columns: the predictions.
        library: sampled pixels of all samples.
        exclusive: whether classes exclude each other.
        seed: root seed.
    """

    judged: Judged
    judge: Judge
    config: SelectConfig
    columns: tuple[Column, ...]
    library: Library
    exclusive: bool
    seed: int

    def searcher(self, part: int | None = None) -> Searcher:
        """Return what scores averages on all parts but one; on all where None, or where there is but one part."""
        library = self.library
        if part is not None and self.judge.n_parts > 1:
            library = library.where(self.judge.parts != part)
        return Searcher(self.judge, library, self.judge.options[1:] or (None,))

    @property
    def is_cautious(self) -> bool:
        """Whether two classes get a threshold only where it is clearly worth it."""
        return self.config.threshold == "cautious" and len(self.judge.classes) == 2

    def columns_of(self, name: str) -> list[int]:
        """Return the numbers of the columns of one set of predictions."""
        return [i for i, column in enumerate(self.columns) if column.name == name]

    def equal(self, name: str) -> tuple[float, ...]:
        """Return the shares that take all seeds of one set alike."""
        own = self.columns_of(name)
        return tuple(1 / len(own) if i in own else 0.0 for i in range(len(self.columns)))


@dataclass(frozen=True, slots=True)
class Found:
    """What one search found.

    Attributes:
        way: what was chosen.
        plain: what is taken without a rule of its own: many classes decided by the greatest probability, two by that of
            1 above one half; of the same shares, or of those found for it where the recipe is cautious.
        tuned: what is taken at the best threshold, where there are two classes; shares as of `plain`.
        sets: each set of predictions with equal shares, at its own best threshold.
        path, values: greedy steps with the score after each.
        rules: the rule after each step.
    """

    way: Way
    plain: Way
    tuned: Way
    sets: dict[str, Way]
    path: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    rules: tuple[Rule, ...] = ()
    is_blind: bool = False
    """Whether the score is undefined on what was searched, so that the simplest stands for the best."""


def search(case: Case, part: int | None = None) -> Found:
    """Choose shares, then the rule, on all parts but one, or on all.

    Raises:
        DataError: the score is undefined whatever is chosen.
    """
    searcher = case.searcher(part)
    sets: dict[str, Way] = {}
    for name in case.judged.oof:
        shares = case.equal(name)
        sets[name] = Way(shares, _rule(case, searcher, shares))
    tuned = _search(case, searcher, sets)
    if not case.is_cautious:
        return tuned
    plain = _search(case, replace(searcher, options=(None,)), sets)
    averages = mix(searcher, tuned.way.shares), mix(searcher, plain.way.shares)
    found = tuned if _needs_threshold(case, searcher, *averages) else plain
    return replace(found, plain=plain.way, tuned=tuned.way)


def _search(case: Case, searcher: Searcher, sets: dict[str, Way]) -> Found:
    """Choose shares, each scored by the best of the searcher's options, then the rule."""
    path: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    if case.config.weights == "greedy":
        every = range(len(case.columns))
        path, values = greedy_path(searcher, every, case.config.greedy_steps)
        shares = _greedy_shares(case, searcher, path, values)
    else:
        shares = _shares_of_sets(case, searcher, sets)
    average = mix(searcher, shares)
    best = searcher.best(average)[1]
    rule = best
    if case.config.threshold == "per_class" and len(case.judge.classes) > 2:
        rule = class_rule(searcher, average, exclusive=case.exclusive)
    rules = tuple(
        searcher.best(mix(searcher, path_shares(path[: i + 1], len(case.columns))))[1]
        for i in range(len(path))
    )
    return Found(Way(shares, rule), Way(shares), Way(shares, best), sets, path, values, rules)


def search_without(case: Case, part: int) -> Found:
    """Choose on all parts but one.

    Edges: where the score is undefined on them, which lack its class, the cheapest set stands with equal shares and
        the middle one of the options.
    """
    try:
        return search(case, part)
    except DataError:
        options = (None,) if case.is_cautious else case.searcher().options
        rule = Rule(options[(len(options) - 1) // 2])
        sets = {name: Way(case.equal(name), rule) for name in case.judged.oof}
        way, n_steps = next(iter(sets.values())), case.config.greedy_steps
        first = int(np.argmax(way.shares))
        path, rules = (first,) * n_steps, (rule,) * n_steps
        return Found(way, Way(way.shares), way, sets, path, (), rules, is_blind=True)


def _rule(case: Case, searcher: Searcher, shares: Sequence[float]) -> Rule:
    """Return the best rule of some shares; of two classes the greatest probability where the recipe is cautious and
    no threshold is clearly better."""
    average = mix(searcher, shares)
    if case.is_cautious and not _needs_threshold(case, searcher, average, average):
        return Rule()
    return searcher.best(average)[1]


def _needs_threshold(
    case: Case, searcher: Searcher, average: Foreground, other: Foreground
) -> bool:
    """Whether an average with a threshold is clearly better than another by the greatest probability, each part of the
    samples judged by the threshold that the others chose; as `Thrift` has it, on sampled pixels."""
    library = searcher.library
    samples = np.unique(library.sample)
    groups = [case.judged.groups[i] for i in samples]
    parts = np.full(len(case.judged.samples), -1)
    parts[samples] = make_parts(case.judge.parts[samples].tolist(), groups)
    if parts.max() < 1:
        return False
    tuned = np.zeros_like(library.truth)
    for part in range(parts.max() + 1):
        mine = parts[library.sample] == part
        others = replace(searcher, library=library.where(parts != part))
        value, rule = others.best(average[:, ~mine])
        if np.isnan(value):
            return False
        tuned[mine] = rule.decide(all_classes(average[:, mine]))
    greatest = Rule().decide(all_classes(other))
    return _is_clear(case, _group_sums(case, library, tuned), _group_sums(case, library, greatest))


def mix(searcher: Searcher, shares: Sequence[float]) -> Foreground:
    """Average columns of the sampled pixels, one by one."""
    total = np.zeros(searcher.library.said.shape[1:], np.float32)
    for number, share in enumerate(shares):
        if share > 0:
            total += np.float32(share) * searcher.library.column(number)
    return total


def _greedy_shares(
    case: Case, searcher: Searcher, path: Sequence[int], values: Sequence[float]
) -> tuple[float, ...]:
    """Cut the path where the score is best, or where it is within noise of that; or average bags."""
    config, n = case.config, len(case.columns)
    if config.greedy_bags:
        return bagged_shares(searcher, n, config.greedy_steps, config.greedy_bags, case.seed)
    ways = [path_shares(path[: i + 1], n) for i in range(best_step(values))]
    if config.prefer == "best":
        return ways[-1]
    return ways[_cheapest(case, searcher, ways, len(ways) - 1)]


def _shares_of_sets(case: Case, searcher: Searcher, sets: dict[str, Way]) -> tuple[float, ...]:
    """Return the shares of the best set, equal ones or fitted ones; or of the cheapest set within noise of it."""
    ways = [
        _fitted(case, searcher, name) if case.config.weights == "fitted" else way.shares
        for name, way in sets.items()
    ]
    values = [searcher.best(mix(searcher, shares))[0] for shares in ways]
    if np.isnan(values).all():
        raise DataError(
            f"expected samples on which {case.judge.metric} is defined; it is 0/0 on all of them",
            do="check that labels hold the class that the metric counts",
        )
    best = int(np.nanargmax(values))
    return ways[best if case.config.prefer == "best" else _cheapest(case, searcher, ways, best)]


def _fitted(case: Case, searcher: Searcher, name: str) -> tuple[float, ...]:
    """Search the shares of the seeds under one set of predictions."""
    own = case.columns_of(name)
    said = np.stack([searcher.library.column(i) for i in own])

    def score(shares: NDArray[np.float64]) -> float:
        return searcher.best(np.tensordot(shares.astype(np.float32), said, axes=1))[0]

    if len(own) <= _GRID_SEEDS:
        grid = [np.asarray(one) for one in simplex(len(own), case.config.weight_step)]
        tried = [np.full(len(own), 1 / len(own)), *grid]
        values = [score(one) for one in tried]
        fitted = tried[0 if np.isnan(values).all() else int(np.nanargmax(values))]
    else:
        fitted = simplex_shares(score, len(own))
    result = np.zeros(len(case.columns))
    result[own] = fitted
    return tuple(map(float, result))


def _cheapest(case: Case, searcher: Searcher, ways: Sequence[tuple[float, ...]], best: int) -> int:
    """Return the first of the ways, which come cheapest first, that is not clearly worse than the best one."""

    def count(shares: tuple[float, ...]) -> NDArray[np.float64]:
        average = mix(searcher, shares)
        decided = searcher.best(average)[1].decide(all_classes(average))
        return _group_sums(case, searcher.library, decided)

    against = count(ways[best])
    return next((i for i in range(best) if not _is_clear(case, against, count(ways[i]))), best)


def _is_clear(case: Case, first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    """Whether the paired interval of the first score less the second lies above zero.

    Args:
        case: draws groups again, and scores.
        first, second: counts of each group, (groups, C, C).

    Edges: with fewer than two groups nothing is clear.
    """
    if len(first) < 2:
        return False
    both = np.stack([first, second], axis=1)
    values = case.judge.curve(resample_sums(both, case.config.resamples, case.seed))
    gaps = values[:, 0] - values[:, 1]
    gaps = gaps[np.isfinite(gaps)]
    return gaps.size > 0 and bool(np.quantile(gaps, (1 - case.config.level) / 2) > 0)


def _group_sums(case: Case, library: Library, decided: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Count sampled pixels of each group, (groups, C, C)."""
    n = len(case.judge.classes)
    names = {group: number for number, group in enumerate(dict.fromkeys(case.judged.groups))}
    group = np.asarray([names[one] for one in case.judged.groups])[library.sample]
    seen, group = np.unique(group, return_inverse=True)
    pairs = (group * n + library.truth) * n + decided
    sums = np.bincount(pairs, library.weight, len(seen) * n * n).astype(np.float64)
    return sums.reshape(len(seen), n, n)
