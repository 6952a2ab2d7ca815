"""Moments: count, extremes, mean and spread of numbers, merged without loss."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_DOT_LENGTH = 8192
"""Products are summed in runs of this length: OpenBLAS would start threads for more than 10 000."""

_CANCELLED = 1e-4


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, smallest, largest, mean, and sum of squared differences from the mean, in float64."""

    count: int = 0
    minimum: float = math.inf
    maximum: float = -math.inf
    mean: float = 0.0
    squares: float = 0.0

    def merge(self, other: Moments) -> Moments:
        """Return the moments of both sets of numbers together.

        Source: Chan, Golub, LeVeque 1979, Updating formulae and a pairwise algorithm for computing sample variances.
        """
        if not other.count:
            return self
        if not self.count:
            return other
        count = self.count + other.count
        step = other.mean - self.mean
        return Moments(
            count,
            min(self.minimum, other.minimum),
            max(self.maximum, other.maximum),
            self.mean + step * (other.count / count),
            self.squares + other.squares + step * step * (self.count * (other.count / count)),
        )

    @property
    def std(self) -> float:
        """Population standard deviation; 0 for no number."""
        return math.sqrt(self.squares / self.count) if self.count else 0.0


def mean_and_squares(values: NDArray[np.floating]) -> tuple[float, float]:
    """Return mean and sum of squared differences from it.

    Args:
        values: (n,) finite, n > 0, contiguous; sums are float64.

    Edges: numbers beyond 1e150 overflow.
    """
    wide = values.astype(np.float64, copy=False)
    mean = _sum_of_products(wide, None) / wide.size
    total = _sum_of_products(wide, wide)
    squares = total - wide.size * mean * mean
    if squares > _CANCELLED * total:
        return mean, squares
    # The mean is large against the spread and the difference has cancelled: go once more over the differences.
    rest = wide - mean
    drift = _sum_of_products(rest, None) / rest.size
    return mean + drift, max(0.0, _sum_of_products(rest, rest) - rest.size * drift * drift)


_ONES = np.ones(_DOT_LENGTH)


def _sum_of_products(left: NDArray[np.float64], right: NDArray[np.float64] | None) -> float:
    """Return the sum of products of two vectors, or of one with ones."""
    total = 0.0
    for start in range(0, left.size, _DOT_LENGTH):
        part = left[start : start + _DOT_LENGTH]
        other = _ONES[: part.size] if right is None else right[start : start + _DOT_LENGTH]
        total += float(np.dot(part, other))
    return total
