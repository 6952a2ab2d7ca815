"""The comparison itself: the same samples under two splits, with intervals over places and repeats."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.core.seeds import generator
from landseer.metrics.bootstrap import resample
from landseer.metrics.confusion import group_matrices
from landseer.select.estimate import Estimate
from landseer.select.leak_result import Contrast

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Trials:
    """What was counted.

    Attributes:
        counts: (n, 2, repeats, C, C) pixels of each sample, random folds first, grouped ones second.
        groups: the place of each sample.
        value: scores (..., C, C) matrices.
        resamples: draws behind the intervals.
        level: share of the draws inside them.
        seed: of the draws.
    """

    counts: NDArray[np.int64]
    groups: Sequence[Hashable]
    value: Callable[[NDArray[np.int64]], Values]
    resamples: int
    level: float
    seed: int

    @property
    def n_repeats(self) -> int:
        """Number of pairs of trainings."""
        return int(self.counts.shape[2])


def compare(
    trials: Trials, subsets: Mapping[str, Mask]
) -> tuple[dict[str, Contrast], dict[tuple[str, str], Estimate]]:
    """Contrast the two splits on several subsets, all from the same draws.

    Counts are pooled over samples and repeats. Each draw takes places and repeats again, each with replacement and
    independent of each other, for both splits and all subsets alike.

    Args:
        trials: the counts.
        subsets: name -> (n, repeats), which samples of which repeat belong.

    Returns:
        A contrast per subset; and per ordered pair of subsets by how much their differences differ.

    Edges: figures are None where undefined; with one place there is no interval; with one repeat the interval is
        over places alone.

    Source: pigeonhole bootstrap of two crossed factors, Owen 2007, doi:10.1214/07-AOAS122: it is rather too wide
        than too narrow.
    """
    names = list(subsets)
    cube = _cube(trials, [subsets[name] for name in names])
    at_hand = trials.value(cube.sum(axis=(0, 3)))
    drawn = _drawn(trials, cube)
    contrasts = {
        name: Contrast(
            name=name,
            n_samples=round(float(subsets[name].sum() / trials.n_repeats), 2),
            n_groups=_n_places(trials, subsets[name]),
            random=_range(at_hand[k, 0], drawn[:, k, 0], trials.level),
            grouped=_range(at_hand[k, 1], drawn[:, k, 1], trials.level),
            difference=_range(_gain(at_hand)[k], _gain(drawn)[:, k], trials.level),
        )
        for k, name in enumerate(names)
    }  # fmt: skip
    excess = {
        (names[i], names[j]): _range(
            _gain(at_hand)[i] - _gain(at_hand)[j],
            _gain(drawn)[:, i] - _gain(drawn)[:, j],
            trials.level,
        )
        for i in range(len(names))
        for j in range(len(names))
        if i != j
    }
    return contrasts, excess


def _n_places(trials: Trials, mask: Mask) -> int:
    """Count the places of the samples that belong in any repeat."""
    return len({trials.groups[int(number)] for number in np.flatnonzero(mask.any(axis=1))})


def _cube(trials: Trials, masks: Sequence[Mask]) -> NDArray[np.int64]:
    """Return (groups, subsets, 2, repeats, C, C) counts."""
    belongs = np.stack(masks, axis=1)[:, :, None, :, None, None]
    cells = np.where(belongs, trials.counts[:, None], 0)
    return group_matrices(cells, trials.groups)[1]


def _drawn(trials: Trials, cube: NDArray[np.int64]) -> Values:
    """Return (resamples, subsets, 2) scores of draws; none where there is one place."""
    if len(cube) < 2:
        return np.full((0, *cube.shape[1:3]), np.nan)
    sums = resample(cube, trials.resamples, trials.seed)
    n = trials.n_repeats
    rng = generator(trials.seed, "leak", "repeats")
    times = rng.multinomial(n, np.full(n, 1 / n), size=trials.resamples)
    return trials.value(np.einsum("bksrij,br->bksij", sums, times))


def _gain(values: Values) -> Values:
    """Return random less grouped, the last axis."""
    return values[..., 0] - values[..., 1]


def _range(value: float, drawn: Values, level: float) -> Estimate:
    """Return a figure with the interval of its draws."""
    known = drawn[~np.isnan(drawn)]
    if np.isnan(value):
        return Estimate(value=None, low=None, high=None)
    if not known.size:
        return Estimate(value=float(value), low=None, high=None)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value=float(value), low=float(low), high=float(high))
