"""Intervals of a score by drawing whole groups again, because pixels and samples of one place are not independent."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from landseer.core.seeds import generator
from landseer.metrics.confusion import Matrix, group_matrices

_DRAWS_AT_ONCE = 10_000_000


def interval(
    matrices: Matrix,
    groups: Sequence[Hashable],
    statistic: Callable[[Matrix], float],
    *,
    n: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a statistic of the pooled confusion matrix.

    Args:
        matrices: (samples, C, C) counts.
        groups: a key for each sample; samples of one group are drawn together.
        statistic: takes a pooled (C, C) matrix, e.g. `lambda m: score(m, names)["dice_kelp"]`.
        n: number of resamples.
        level: share of the resamples inside the interval.
        seed: root seed; the interval does not depend on the order of the samples' groups otherwise.

    Returns:
        Lower and upper bound.

    Edges: (NaN, NaN) with fewer than two groups, or when the statistic is NaN in every resample; resamples
        in which it is NaN are left out.

    Source: Efron and Tibshirani 1993, chapter 13; whole groups after Field and Welsh 2007,
        doi:10.1111/j.1467-9868.2007.00593.x.
    """
    _, pooled = group_matrices(np.asarray(matrices), groups)
    if len(pooled) < 2:
        return float("nan"), float("nan")
    values = np.array([statistic(matrix) for matrix in resample(pooled, n, seed)], np.float64)
    values = values[~np.isnan(values)]
    if not values.size:
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def resample(pooled: Matrix, n: int, seed: int) -> Matrix:
    """Draw as many groups as there are, with replacement, n times; return (n, C, C) sums."""
    return np.rint(resample_sums(pooled, n, seed)).astype(np.int64)


def resample_sums(pooled: NDArray[np.generic], n: int, seed: int) -> NDArray[np.float64]:
    """Do the same for any sums: (groups, ...) -> (n, ...); equal seeds draw equal groups."""
    size = len(pooled)
    flat = pooled.reshape(size, -1).astype(np.float64)
    rng = generator(seed, "bootstrap")
    step = max(1, _DRAWS_AT_ONCE // size)
    parts = [_drawn(rng, size, min(step, n - start)) @ flat for start in range(0, n, step)]
    return np.concatenate(parts).reshape(n, *pooled.shape[1:])


def _drawn(rng: np.random.Generator, size: int, n: int) -> NDArray[np.float64]:
    """How often each group is in each resample: (n, groups)."""
    picks = rng.integers(size, size=(n, size)) + size * np.arange(n)[:, None]
    return np.bincount(picks.ravel(), minlength=n * size).reshape(n, size).astype(np.float64)
