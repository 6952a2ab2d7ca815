"""Quantiles from sorted values and how often each occurs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def quantiles_of_counts(
    values: NDArray[np.float64], counts: NDArray[np.int64], levels: Sequence[float]
) -> list[float]:
    """Return what `numpy.quantile(method="linear")` gives for each value repeated its count.

    Args:
        values: (n,) ascending where the count is not 0.
        counts: (n,) with at least one not 0.
        levels: each from 0 to 1.
    """
    occupied = np.flatnonzero(counts)
    values, ends = values[occupied], np.cumsum(counts[occupied])
    position = np.asarray(levels, np.float64) * (int(ends[-1]) - 1)
    below = np.floor(position).astype(np.int64)
    above = np.minimum(below + 1, ends[-1] - 1)
    low = values[np.searchsorted(ends, below, side="right")]
    high = values[np.searchsorted(ends, above, side="right")]
    return [float(value) for value in _between(low, high, position - below)]


def _between(
    low: NDArray[np.float64], high: NDArray[np.float64], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Interpolate from whichever end is nearer, as numpy does."""
    step = high - low
    return np.where(share >= 0.5, high - step * (1 - share), low + step * share)
