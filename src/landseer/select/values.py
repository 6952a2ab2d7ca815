"""Choosing and judging where targets are real values: the set of views, across folds, with intervals over groups."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.core.seeds import generator
from landseer.errors import DataError, UsageError
from landseer.metrics.evaluation import Evaluation, goodness
from landseer.metrics.regression import bin_names, binned_scores
from landseer.select.baseline import constant_counts
from landseer.select.config import SelectConfig
from landseer.select.crossfit import make_parts, name_parts
from landseer.select.selection import (
    Comparison,
    FoldScore,
    MemberWeight,
    ScoreInterval,
    Selection,
)
from landseer.select.value_counts import ALL_SEEDS, Candidate, Trial, count_values

Counts = NDArray[np.float64]

_CLASS_SCORES = ("mae", "rmse", "bias", "n")


@dataclass(frozen=True, slots=True)
class Held:
    """The samples that are judged.

    Attributes:
        samples: their ids.
        positions: theirs in the trial's source.
        folds: the fold that held each out.
        groups: the group of each.
        sites: the site of each.
    """

    samples: tuple[str, ...]
    positions: tuple[int, ...]
    folds: tuple[int, ...]
    groups: tuple[str, ...]
    sites: tuple[str, ...]


def select_values(trial: Trial, held: Held, config: SelectConfig, *, seed: int = 0) -> Selection:
    """Choose the set of views, and score the choice honestly; seeds and folds weigh the same.

    What judges a fold was chosen on the other folds (cross-fitting); the final choice is made on all of them.

    Args:
        trial: predictions and references.
        held: which samples are judged.
        config: recipe key `select`; thresholds and weights do not apply.
        seed: root seed of the bootstrap.

    Raises:
        UsageError: an unknown metric.
        DataError: the metric is undefined on all samples.

    Edges: with a single fold, groups are dealt to five parts that take the folds' place; with a single group nothing
        can be cross-fitted, and a note says so.
    """
    judge = _Judge(trial.evaluation, held, config, seed)
    counts = count_values(trial, held.positions, workers=config.workers)
    parts = make_parts(held.folds, held.groups)
    final = judge.best(trial.oof, counts, np.ones(len(parts), bool))
    chosen = [
        judge.best(trial.oof, counts, parts != part) if parts.max() else final
        for part in range(int(parts.max()) + 1)
    ]
    honest = np.zeros_like(counts[final, ALL_SEEDS])
    for part, tta in enumerate(chosen):
        honest[parts == part] = counts[tta, ALL_SEEDS][parts == part]
    intervals = judge.intervals(honest, honest=bool(parts.max()))
    optimistic = counts[final, ALL_SEEDS]
    return Selection(
        metric=config.metric,
        tta=final,
        vote="soft",
        threshold=None,
        member_threshold=None,
        members=_members(judge, trial, held, counts, final),
        crossfit=intervals[config.metric],
        optimistic=judge.intervals(optimistic, honest=False)[config.metric],
        scores=judge.scores(honest),
        n_samples=len(held.samples),
        n_groups=len(set(held.groups)),
        folds=tuple(_folds(judge, held, parts, honest, chosen)),
        parts=name_parts(held.samples, held.folds, parts),
        comparisons=(
            *judge.compare(trial.oof, counts),
            judge.against_constant(honest, _constant(trial, held, config)),
        ),
        curves=(),
        groups=judge.each(honest, held.groups),
        samples=judge.each(honest, held.samples),
        intervals=intervals,
        sites=judge.by_site(honest),
        height_classes=judge.by_class(honest, trial),
        notes=tuple(_notes(trial, held, parts, config)),
    )


def _notes(
    trial: Trial, held: Held, parts: NDArray[np.int64], config: SelectConfig
) -> Iterator[str]:
    """Say what these out-of-fold predictions cannot tell, and which choices are not made."""
    n_folds, n_seeds = len(set(held.folds)), len(next(iter(trial.oof.values())))
    if not parts.max():
        yield "one group only: nothing could be cross-fitted; both scores are optimistic"
    elif n_folds == 1:
        yield "one fold only: its groups were dealt to parts that take the folds' place"
    if n_folds > 1:
        yield (
            f"each sample was judged by the {n_seeds} member(s) of its fold; the model averages {n_folds * n_seeds}"
        )
    if config.weights != "equal" or config.vote != "soft":
        yield "members of real values all weigh the same and are averaged, whatever select.weights and select.vote say"


def add_values(
    selection: Selection, trial: Trial, held: Held, config: SelectConfig, *, seed: int = 0
) -> Selection:
    """Add the scores of all targets to a selection that a class mask decided, under the views that it chose."""
    names = trial.evaluation.names
    if config.metric not in names:  # a mask of another name: its scores carry it here
        named = next(name for name in names if name.endswith(f"_{config.metric}"))
        config = config.model_copy(update={"metric": named})
    judge = _Judge(trial.evaluation, held, config, seed)
    counts = count_values(trial, held.positions, workers=config.workers)
    chosen = counts[selection.tta, ALL_SEEDS]
    intervals = judge.intervals(chosen, honest=False)
    new = {
        name: value for name, value in judge.scores(chosen).items() if name not in selection.scores
    }
    return selection.model_copy(
        update={
            "scores": {**selection.scores, **new},
            "intervals": {name: intervals[name] for name in new},
            "sites": judge.by_site(chosen),
            "height_classes": judge.by_class(chosen, trial),
        }
    )


class _Judge:
    """The figure that decides, the samples, and the resamples of their groups."""

    def __init__(self, evaluation: Evaluation, held: Held, config: SelectConfig, seed: int) -> None:
        self.evaluation, self.held, self.config = evaluation, held, config
        known = evaluation.names
        if config.metric not in known:
            raise UsageError(
                f"expected a metric among {', '.join(known)}; got {config.metric!r}",
                where="select.metric",
            )
        names = sorted(set(held.groups))
        self._group = np.array([names.index(group) for group in held.groups])
        rng = generator(seed, "bootstrap")
        picks = rng.integers(len(names), size=(config.resamples, len(names)))
        self._times = np.stack([np.bincount(pick, minlength=len(names)) for pick in picks])
        self._n_groups = len(names)

    def scores(self, counts: Counts, mine: NDArray[np.bool_] | None = None) -> dict[str, float]:
        """Score samples, all or some."""
        mine = np.ones(len(counts), bool) if mine is None else mine
        sites = [site for site, is_mine in zip(self.held.sites, mine, strict=True) if is_mine]
        return self.evaluation.scores(counts[mine], sites)

    def best(
        self,
        sets: Iterable[str],
        counts: dict[Candidate, Counts],
        mine: NDArray[np.bool_],
    ) -> str:
        """Return the set of views that is best on some samples; the cheaper of equal ones.

        Raises:
            DataError: the metric is undefined whatever is chosen.
        """
        metric, found = self.config.metric, []
        for tta in sets:
            value = goodness(metric, self.scores(counts[tta, ALL_SEEDS], mine)[metric])
            if value == value:
                found.append((value, tta))
        if not found:
            raise DataError(
                f"expected samples on which {metric} is defined; got none",
                do="check that the references hold values that vary",
            )
        high = max(value for value, _ in found)
        return next(tta for value, tta in found if value >= high - 1e-12)

    def intervals(self, counts: Counts, *, honest: bool) -> dict[str, ScoreInterval]:
        """Return every score with its bootstrap interval over groups."""
        how = (
            "choices for each fold were made on the other folds"
            if honest
            else "choices were made on these very samples"
        )
        drawn = self._resampled(counts)
        level = self.config.level
        result: dict[str, ScoreInterval] = {}
        for name, value in self.scores(counts).items():
            low, high = _limits([one[name] for one in drawn], level)
            result[name] = ScoreInterval(
                value=value,
                low=low,
                high=high,
                level=level,
                counts=f"{name} of {len(counts)} out-of-fold samples; {how}",
            )
        return result

    def _resampled(self, counts: Counts) -> list[dict[str, float]]:
        """Score each resample of whole groups; none with fewer than two groups."""
        if self._n_groups < 2:
            return []
        keys = list(zip(self._group.tolist(), self.held.sites, strict=True))
        pairs = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        pooled = np.zeros((len(pairs), counts.shape[1]))
        np.add.at(pooled, [pairs[key] for key in keys], counts)
        group, sites = [group for group, _ in pairs], [site for _, site in pairs]
        return [self.evaluation.scores(pooled * times[group, None], sites) for times in self._times]

    def compare(self, sets: Iterable[str], counts: dict[Candidate, Counts]) -> list[Comparison]:
        """Judge each set of views against none (or the first), and all seeds against the first alone."""
        names = sorted(sets, key=lambda name: name != "none")
        base = names[0]
        pairs = [("tta", (name, ALL_SEEDS), (base, ALL_SEEDS), name, base) for name in names[1:]]
        seeds = [seed for tta, seed in counts if tta == base and seed != ALL_SEEDS]
        if len(seeds) > 1:
            one = (base, seeds[0])
            pairs.append(("weights", (base, ALL_SEEDS), one, "all seeds", f"seed {seeds[0]}"))
        return [self._compare(counts, *pair) for pair in pairs]

    def _compare(
        self,
        counts: dict[Candidate, Counts],
        choice: str,
        option: Candidate,
        against: Candidate,
        name: str,
        other: str,
    ) -> Comparison:
        """Compare two candidates on the same samples and resamples."""
        metric = self.config.metric
        one, two = (self.scores(counts[candidate])[metric] for candidate in (option, against))
        drawn = zip(self._resampled(counts[option]), self._resampled(counts[against]), strict=True)
        low, high = _limits([a[metric] - b[metric] for a, b in drawn], self.config.level)
        return Comparison(
            choice=choice,  # type: ignore[arg-type]
            option=name,
            against=other,
            value=one,
            against_value=two,
            difference=one - two,
            low=low,
            high=high,
        )

    def against_constant(self, honest: Counts, constant: Counts) -> Comparison:
        """Compare the cross-fitted prediction with a constant per site."""
        pair = {("model", ALL_SEEDS): honest, ("constant", ALL_SEEDS): constant}
        option, against = pair
        return self._compare(pair, "baseline", option, against, "model", "constant per site")

    def each(self, counts: Counts, keys: Sequence[str]) -> dict[str, float]:
        """Score each group or sample by itself."""
        rows: dict[Hashable, list[int]] = {}
        for row, key in enumerate(keys):
            rows.setdefault(key, []).append(row)
        metric = self.config.metric
        return {
            str(key): self.evaluation.scores(counts[mine], [self.held.sites[row] for row in mine])[
                metric
            ]
            for key, mine in rows.items()
        }

    def by_site(self, counts: Counts) -> dict[str, dict[str, float]]:
        """Return all scores of each site."""
        sites = np.array(self.held.sites)
        return {site: self.scores(counts, sites == site) for site in sorted(set(self.held.sites))}

    def by_class(self, counts: Counts, trial: Trial) -> dict[str, dict[str, dict[str, float]]]:
        """Return the errors of heights by class of height."""
        result: dict[str, dict[str, dict[str, float]]] = {}
        for name, spec in trial.specs.items():
            if spec.quantity != "height":
                continue
            scores = binned_scores(self.evaluation.piece(counts.sum(0), name))
            result[name] = {
                text: {score: float(scores[score][number]) for score in _CLASS_SCORES}
                for number, text in enumerate(bin_names())
            }
        return result


def _constant(trial: Trial, held: Held, config: SelectConfig) -> Counts:
    """Count what a constant per site would score."""
    return constant_counts(
        trial,
        held.positions,
        held.folds,
        held.sites,
        middle=config.metric.removesuffix("_sites").endswith("mae"),
        workers=config.workers,
    )


def _folds(
    judge: _Judge, held: Held, parts: NDArray[np.int64], honest: Counts, chosen: Sequence[str]
) -> list[FoldScore]:
    """Say how each fold, or part of the only fold, was judged."""
    folds = sorted(set(held.folds))
    numbers = folds if len(folds) > 1 else list(range(len(chosen)))
    return [
        FoldScore(
            fold=number,
            n_samples=int((parts == part).sum()),
            tta=chosen[part],
            threshold=None,
            scores=judge.scores(honest, parts == part),
        )
        for part, number in enumerate(numbers)
    ]


def _members(
    judge: _Judge, trial: Trial, held: Held, counts: dict[Candidate, Counts], tta: str
) -> tuple[MemberWeight, ...]:
    """Score each member alone on its fold; all weigh the same."""
    folds = np.array(held.folds)
    return tuple(
        MemberWeight(
            fold=int(fold),
            seed=seed,
            weight=1.0,
            score=judge.scores(counts[tta, seed], folds == fold)[judge.config.metric],
        )
        for fold in sorted(set(held.folds))
        for seed in trial.oof[tta]
    )


def _limits(values: Sequence[float], level: float) -> tuple[float, float]:
    """Return the ends of the interval that holds this share of the values; NaN without any."""
    defined = np.array([value for value in values if value == value])
    if not defined.size:
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
