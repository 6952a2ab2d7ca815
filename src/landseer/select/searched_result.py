"""What a search found, counted on all pixels and written down as a selection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.errors import UsageError
from landseer.metrics.confusion import Matrix, group_matrices
from landseer.metrics.scores import score
from landseer.select.config import SelectConfig
from landseer.select.crossfit import Judge, name_parts
from landseer.select.describe import decision_name, limits_of
from landseer.select.judged import Judged
from landseer.select.library import draw_library
from landseer.select.options import Intervals, option_scores
from landseer.select.search import Searcher, best_step, class_curve, path_shares
from landseer.select.searched import Case, Found, mix, search, search_without
from landseer.select.selection import (
    ClassCurve,
    Comparison,
    Curve,
    FoldScore,
    GreedyStep,
    MemberWeight,
    MixPart,
    OptionScore,
    Selection,
)
from landseer.select.sets import parse_set
from landseer.select.shares import rank_weights, score_weights
from landseer.select.way import Column, Way, columns_of, count_ways


@dataclass(frozen=True, slots=True)
class _Counted:
    """A case, what was found for each part and for all, and the counts of all ways that anyone asks for."""

    case: Case
    parts: tuple[Found, ...]
    final: Found
    ways: dict[Way, int]
    counts: Matrix

    def honest(self, of: Callable[[Found], Way]) -> Matrix:
        """Return each sample's counts under a way that was found on the other parts, (n, C, C)."""
        numbers = np.asarray([self.ways[of(found)] for found in self.parts])
        rows = np.arange(len(self.case.judge.parts))
        return self.counts[rows, numbers[self.case.judge.parts]]

    def under(self, way: Way) -> Matrix:
        """Return each sample's counts under one way."""
        return self.counts[:, self.ways[way]]


def select_searched(
    judged: Judged, judge: Judge, config: SelectConfig, *, exclusive: bool = True, seed: int = 0
) -> Selection:
    """Search members, shares and rules on sampled pixels, and count what was chosen on all.

    Args:
        judged: the samples and their predictions.
        judge: the figure that decides.
        config: recipe key `select`.
        exclusive: whether classes exclude each other; see `search.class_rule`.
        seed: root seed of draws and of the bootstrap.

    Raises:
        UsageError: hard votes.
        DataError: the score is undefined on all samples.

    Edges: memory holds about `search_pixels` pixels of every prediction, and counts. What is searched for a fold never
        sees a pixel of it. With a single group nothing can be cross-fitted.
    """
    if config.vote == "hard":
        raise UsageError(
            "expected soft votes where members or factors are searched; got hard ones",
            where="select.vote",
            do="write `vote: soft`",
        )
    columns = columns_of(judged)
    library = draw_library(
        judged, columns, judge.classes, config.search_pixels, seed=seed, workers=config.workers
    )
    case = Case(judged, judge, config, columns, library, exclusive, seed)
    final = search(case)
    parts = tuple(search_without(case, part) for part in range(judge.n_parts))
    ways = _ways_of(case, final, parts)
    counts = count_ways(judged, columns, ways, judge.classes, workers=config.workers)
    counted = _Counted(case, parts, final, {way: i for i, way in enumerate(ways)}, counts)
    return _write_down(counted)


def _ways_of(case: Case, final: Found, parts: Sequence[Found]) -> list[Way]:
    """List every way that is counted, each once."""
    ways = [final.way, *_alone(case, final).values()]
    for found in (final, *parts):
        ways += [found.way, found.plain, found.tuned, _simple_rule(found), *found.sets.values()]
    return list(dict.fromkeys(ways))


def _simple_rule(found: Found) -> Way:
    """Return the chosen shares under the best threshold of two classes, the greatest probability of more."""
    rule = found.way.rule
    return found.plain if rule.factors or rule.thresholds else found.way


def _alone(case: Case, final: Found) -> dict[int, Way]:
    """Return each seed alone, its columns in the shares they have in the mixture, at the final rule."""
    result = {}
    for number in case.judged.seeds:
        own = [c.seed == number for c in case.columns]
        shares = np.where(own, final.way.shares, 0.0)
        if not shares.sum():
            shares = np.where(own, case.equal(case.columns[0].name), 0.0)
        result[number] = Way(tuple(map(float, shares / shares.sum())), final.way.rule)
    return result


def _write_down(counted: _Counted) -> Selection:
    """Score what was chosen and everything it is compared with."""
    case, final = counted.case, counted.final
    judged, judge, config = case.judged, case.judge, case.config
    intervals = Intervals(judge.curve, judged.groups, config, case.seed)
    honest = counted.honest(lambda found: found.way)
    group_names, group_sums = group_matrices(honest, judged.groups)
    rule, parts = final.way.rule, mix_parts(final.way, case.columns)
    names = [name for name in judged.oof if any(part.tta == name for part in parts)]
    mixes = len(names) > 1
    undecided = [part for part, found in enumerate(counted.parts) if found.is_blind]
    return Selection(
        metric=config.metric,
        tta=_main(parts),
        vote="soft",
        threshold=rule.threshold,
        member_threshold=None,
        members=_members(counted),
        crossfit=intervals.score(honest, honest=judge.n_parts > 1),
        optimistic=intervals.score(counted.under(final.way), honest=False),
        scores=score(honest.sum(0), judge.classes.names),
        n_samples=len(judged.samples),
        n_groups=len(group_names),
        folds=tuple(_folds(counted, honest)),
        parts=name_parts(judged.samples, judged.folds, judge.parts),
        comparisons=tuple(_comparisons(counted, intervals, honest)),
        curves=tuple(_threshold_curves(case)),
        groups=dict(zip(map(str, group_names), map(float, judge.curve(group_sums)), strict=True)),
        samples=dict(zip(judged.samples, map(float, judge.curve(honest)), strict=True)),
        mix=parts if mixes else (),
        class_factors=rule.factors,
        class_thresholds=rule.thresholds,
        options=tuple(_options(counted, intervals, honest)),
        steps=tuple(_steps(counted)),
        class_curves=tuple(_class_curves(case, final)),
        notes=(
            *limits_of(judged, judge.n_parts, config, undecided),
            f"searched on {len(case.library.truth):,} sampled pixels; what was chosen was counted on all",
        ),
    )


def mix_parts(way: Way, columns: Sequence[Column]) -> tuple[MixPart, ...]:
    """List what has a share."""
    return tuple(
        MixPart(tta=column.name, seed=column.seed, share=share)
        for column, share in zip(columns, way.shares, strict=True)
        if share > 0
    )


def _main(parts: Sequence[MixPart]) -> str:
    """Return the set of predictions with the greatest share."""
    totals: dict[str, float] = {}
    for part in parts:
        totals[part.tta] = totals.get(part.tta, 0.0) + part.share
    return max(totals, key=lambda name: totals[name])


def _members(counted: _Counted) -> tuple[MemberWeight, ...]:
    """Weigh each fold's members: shares, or by their own scores."""
    case = counted.case
    folds = sorted(set(case.judged.folds))
    fold_of = np.asarray(case.judged.folds)
    scores: dict[tuple[int, int], float] = {}
    for seed, way in _alone(case, counted.final).items():
        for fold in folds:
            scores[fold, seed] = case.judge.value(counted.under(way)[fold_of == fold].sum(0))
    weights = _weights(case, counted.final, scores)
    return tuple(
        MemberWeight(fold=fold, seed=seed, weight=weights[fold, seed], score=value)
        for (fold, seed), value in sorted(scores.items())
    )


def _weights(
    case: Case, final: Found, scores: dict[tuple[int, int], float]
) -> dict[tuple[int, int], float]:
    """Turn scores or shares into weights of members."""
    by_score = {"fold_score": score_weights, "rank": rank_weights}
    if case.config.weights in by_score:
        return by_score[case.config.weights](scores)
    if case.config.weights == "equal":
        return dict.fromkeys(scores, 1.0)
    shares = {
        seed: sum(
            share
            for column, share in zip(case.columns, final.way.shares, strict=True)
            if column.seed == seed
        )
        for seed in case.judged.seeds
    }
    return {(fold, seed): shares[seed] for fold, seed in scores}


def _folds(counted: _Counted, honest: Matrix) -> Iterator[FoldScore]:
    """Say how each fold, or part of the only fold, was judged."""
    case = counted.case
    folds = sorted(set(case.judged.folds))
    numbers = folds if len(folds) > 1 else range(case.judge.n_parts)
    for part, (number, found) in enumerate(zip(numbers, counted.parts, strict=True)):
        mine = case.judge.parts == part
        parts = mix_parts(found.way, case.columns)
        yield FoldScore(
            fold=number,
            n_samples=int(mine.sum()),
            tta=_main(parts),
            threshold=found.way.rule.threshold,
            mix=parts if _is_searched_mix(case) else (),
            class_factors=found.way.rule.factors,
            class_thresholds=found.way.rule.thresholds,
            scores=score(honest[mine].sum(0), case.judge.classes.names),
        )


def _is_searched_mix(case: Case) -> bool:
    """Whether shares were searched, so that folds may differ in them."""
    return case.config.weights in ("greedy", "fitted")


def _comparisons(counted: _Counted, intervals: Intervals, honest: Matrix) -> Iterator[Comparison]:
    """Judge each choice against doing without it, all else chosen on the other parts."""
    case, simplest = counted.case, next(iter(counted.case.judged.oof))
    simple = counted.honest(_simple_rule)
    rule = counted.final.way.rule
    if rule.factors or rule.thresholds:
        yield intervals.compare("threshold", ("per class", "argmax"), (honest, simple))
    elif case.judge.options[1:]:
        plain = counted.honest(lambda found: found.plain)
        name = decision_name(case.config)
        yield intervals.compare("threshold", (name, "argmax"), (honest, plain))
    base = counted.honest(lambda found: found.sets[simplest])
    for name in list(case.judged.oof)[1:]:
        own = counted.honest(lambda found, name=name: found.sets[name])  # type: ignore[misc]
        yield intervals.compare("tta", (name, simplest), (own, base))
    if _is_searched_mix(case) and len(case.columns) > 1:
        pair = (simple, base)
        yield intervals.compare("weights", (case.config.weights, f"equal {simplest}"), pair)


def _options(counted: _Counted, intervals: Intervals, honest: Matrix) -> Iterator[OptionScore]:
    """List every option of every choice with its cost and score."""
    case = counted.case
    n_seeds = len(case.judged.seeds)
    sets = {
        name: counted.honest(lambda found, name=name: found.sets[name])  # type: ignore[misc]
        for name in case.judged.oof
    }
    costs = {name: n_seeds * parse_set(name).cost(case.judged.n_epochs) for name in sets}
    taken = {_main(mix_parts(counted.final.way, case.columns))} if not counted.final.path else set()
    yield from option_scores(intervals, "views", sets, costs, taken)
    simple, cost = counted.honest(_simple_rule), _passes(counted)
    if _is_searched_mix(case):
        first = next(iter(sets))
        members = {f"equal {first}": sets[first], case.config.weights: simple}
        passes = {f"equal {first}": costs[first], case.config.weights: cost}
        yield from option_scores(intervals, "members", members, passes, {case.config.weights})
    rule = counted.final.way.rule
    decisions = {"argmax": counted.honest(lambda found: found.plain)}
    if case.config.threshold == "cautious":
        decisions["tuned"] = counted.honest(lambda found: found.tuned)
    if rule.factors or rule.thresholds:
        decisions["per class"] = honest
    elif case.judge.options[1:]:
        decisions[decision_name(case.config)] = honest
    passes = dict.fromkeys(decisions, cost)
    yield from option_scores(intervals, "decision", decisions, passes, {list(decisions)[-1]})


def _passes(counted: _Counted) -> float:
    """Count the images that go through networks of a fold."""
    pairs = zip(counted.case.columns, counted.final.way.shares, strict=True)
    n_epochs = counted.case.judged.n_epochs
    return sum(parse_set(column.name).cost(n_epochs) for column, share in pairs if share > 0)


def _steps(counted: _Counted) -> Iterator[GreedyStep]:
    """Score each step on what chose it, and on the fold that the steps of the others never saw; bags have no steps."""
    case, final = counted.case, counted.final
    if case.config.greedy_bags:
        return
    n, most = len(case.columns), len(final.path)
    taken = best_step(final.values) if final.path else 0
    if case.config.prefer != "best" and final.path:
        ways = [path_shares(final.path[: i + 1], n) for i in range(taken)]
        taken = ways.index(final.way.shares) + 1
    for step in range(most):
        total = sum(_held_out(case, found, part, step) for part, found in enumerate(counted.parts))
        column = case.columns[final.path[step]]
        yield GreedyStep(
            tta=column.name,
            seed=column.seed,
            optimistic=final.values[step],
            crossfit=float(case.judge.curve(np.asarray(total))),
            taken=step < taken,
        )


def _held_out(case: Case, found: Found, part: int, step: int) -> NDArray[np.float64]:
    """Count the sampled pixels of a part after so many steps that were chosen on the others, (C, C)."""
    mine = case.judge.parts == part
    searcher = Searcher(case.judge, case.library.where(mine), (None,))
    shares = path_shares(found.path[: step + 1], len(case.columns))
    return searcher.matrix(mix(searcher, shares), found.rules[step])


def _threshold_curves(case: Case) -> Iterator[Curve]:
    """Score each set of predictions at every threshold, from the sampled pixels."""
    options = tuple(option for option in case.judge.options if option is not None)
    searcher = case.searcher()
    for name in case.judged.oof if options else ():
        values = searcher.curve(mix(searcher, case.equal(name)))
        yield Curve(tta=name, thresholds=options, values=tuple(map(float, values)))


def _class_curves(case: Case, final: Found) -> Iterator[ClassCurve]:
    """Score along each class's number, those of the others staying as chosen."""
    rule = final.way.rule
    chosen = rule.factors or rule.thresholds
    if not chosen:
        return
    searcher = case.searcher()
    average = mix(searcher, final.way.shares)
    for number, name in enumerate(case.judge.classes.names[1:], start=1):
        grid, values = class_curve(
            searcher, average, np.asarray(chosen), number, exclusive=bool(rule.factors)
        )
        yield ClassCurve(
            name=name,
            kind="factor" if rule.factors else "threshold",
            chosen=chosen[number if rule.factors else number - 1],
            numbers=tuple(map(float, grid)),
            values=tuple(map(float, values)),
        )
