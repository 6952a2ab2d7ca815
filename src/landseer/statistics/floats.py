"""Floats: a histogram over the upper 16 bits of their pattern, for quantiles of known relative error."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from landseer.statistics.counting import N_KEYS, count_keys
from landseer.statistics.moments import Moments, mean_and_squares
from landseer.statistics.order import quantiles_of_counts

_NEGATIVE = N_KEYS // 2


class FloatCounts:
    """How many numbers fall between neighbouring 16-bit floats (bfloat16).

    A bin holds the numbers that agree in sign, exponent and the first seven binary digits; it is given by its
    middle, which is within 2^-8 of each of them, relatively.

    Edges: NaN and infinities are left out. Numbers nearer to zero than 2^-126 have a larger relative error;
        numbers wider than float32 are rounded to it first, which adds 2^-24.
    Source: own; buckets of equal relative width as in Masson, Rim, Lee 2019, DDSketch, 10.14778/3352063.3352135.
    """

    def __init__(self) -> None:
        self.counts = np.zeros(N_KEYS, np.int64)

    def add(self, values: NDArray[np.floating]) -> Moments:
        """Count numbers.

        Args:
            values: (n,) of any float type; NaN and infinities are left out.

        Returns:
            The exact moments of the numbers that were counted.
        """
        if not values.size:
            return Moments()
        low, high = float(values.min()), float(values.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            return self.add(values[np.isfinite(values)])
        if low == high:
            self.counts[_keys(values[:1])[0]] += values.size
            return Moments(values.size, low, high, low, 0.0)
        count_keys(self.counts, _keys(values))
        return Moments(values.size, low, high, *mean_and_squares(values))

    def merge(self, other: FloatCounts) -> None:
        """Count the numbers of another one too."""
        self.counts += other.counts

    def quantiles(self, levels: Sequence[float], moments: Moments) -> list[float]:
        """Return quantiles of the numbers counted, at least one.

        Each of the two neighbouring order statistics between which `numpy.quantile` interpolates is within 2^-8 of the
        true one, relatively; so is the quantile where both have one sign. Levels 0 and 1 are exact.
        """
        order = np.concatenate([np.arange(N_KEYS - 1, _NEGATIVE - 1, -1), np.arange(_NEGATIVE)])
        found = quantiles_of_counts(_middles()[order], self.counts[order], levels)
        exact = {0.0: moments.minimum, 1.0: moments.maximum}
        return [
            exact.get(level, min(max(value, moments.minimum), moments.maximum))
            for level, value in zip(levels, found, strict=True)
        ]


def _keys(values: NDArray[np.floating]) -> NDArray[np.int32]:
    """Return the upper 16 bits of each number as float32."""
    pattern = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return np.right_shift(pattern, 16).view(np.int32)


def _middles() -> NDArray[np.float64]:
    """Return the middle of each bin."""
    pattern = (np.arange(N_KEYS, dtype=np.uint32) << 16) | 0x8000
    with np.errstate(invalid="ignore"):
        return pattern.view(np.float32).astype(np.float64)
