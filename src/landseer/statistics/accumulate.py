"""One channel's accumulator: numbers go in, in any order and by any number of workers; figures come out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from landseer.errors import BandError
from landseer.spectral.operations import is_tensor
from landseer.statistics.floats import FloatCounts
from landseer.statistics.integers import IntegerCounts
from landseer.statistics.moments import Moments
from landseer.statistics.summary import DEFAULT_LEVELS, ChannelSummary, level_name
from landseer.statistics.tensors import add_float_tensor, add_integer_tensor

Array = Any
"""A numpy array or a torch tensor."""


class ChannelStatistics:
    """Statistics of one channel, mergeable.

    Integers have an exact histogram: every figure is exact. Floats have exact count and extremes, mean and std in
    float64, and quantiles within 2^-8 relatively (`FloatCounts`). The first numbers decide which it is.

    Args:
        nodata: a value that does not count; NaN and infinities never do.
    """

    def __init__(self, nodata: float | None = None) -> None:
        self.nodata = None if nodata is None or nodata != nodata else nodata
        self.counts: IntegerCounts | FloatCounts | None = None
        self.moments = Moments()

    def add(self, values: Array) -> None:
        """Count numbers: any shape, any real type, numpy or torch.

        Raises:
            BandError: integers and floats are mixed in one channel, or integers exceed 2**40.
        """
        self.moments = self.moments.merge(self.measure(values))

    def measure(self, values: Array) -> Moments:
        """Count numbers but return their moments instead of keeping them.

        For callers that merge moments in an order of their own: sums of floats depend on it in the last digit.
        For integers the moments are empty, as the histogram holds them.
        """
        if is_tensor(values):
            return self._measure_tensor(values)
        values = values.reshape(-1)
        if values.dtype.kind in "iu":
            self._integers().add(values)
            return Moments()
        return self._floats().add(self._valid(values))

    def merge(self, other: ChannelStatistics) -> None:
        """Count the numbers of another one too."""
        if isinstance(other.counts, IntegerCounts):
            self._integers().merge(other.counts)
        elif isinstance(other.counts, FloatCounts):
            self._floats().merge(other.counts)
        self.moments = self.moments.merge(other.moments)

    def summary(
        self, levels: Sequence[float] = DEFAULT_LEVELS, *, scale: float = 1.0, offset: float = 0.0
    ) -> ChannelSummary:
        """Return the figures of value * scale + offset.

        Args:
            levels: of the quantiles, each from 0 to 1.
            scale, offset: from stored to physical values.

        Edges: a channel without a valid number has count 0 and None for the rest.
        """
        moments = self.counts.moments() if isinstance(self.counts, IntegerCounts) else self.moments
        names = [level_name(level) for level in levels]
        if not moments.count:
            return ChannelSummary(0, None, None, None, None, dict.fromkeys(names))
        asked = [level if scale >= 0 else 1 - level for level in levels]
        values = [value * scale + offset for value in self._quantiles(asked, moments)]
        low, high = sorted([moments.minimum * scale + offset, moments.maximum * scale + offset])
        return ChannelSummary(
            count=moments.count,
            min=low,
            max=high,
            mean=moments.mean * scale + offset,
            std=moments.std * abs(scale),
            quantiles=dict(zip(names, values, strict=True)),
        )

    def _quantiles(self, levels: Sequence[float], moments: Moments) -> list[float]:
        """Return quantiles of the stored values."""
        if isinstance(self.counts, FloatCounts):
            return self.counts.quantiles(levels, moments)
        return self._integers().quantiles(levels)

    def _measure_tensor(self, values: Array) -> Moments:
        """Count a tensor's numbers."""
        if values.dtype.is_floating_point:
            return add_float_tensor(self._floats(), self._valid(values.flatten()))
        add_integer_tensor(self._integers(), values)
        return Moments()

    def _valid(self, values: Array) -> Array:
        """Drop nodata from floats."""
        if self.nodata is None:
            return values
        missing = values == self.nodata
        return values[~missing] if missing.any() else values

    def _integers(self) -> IntegerCounts:
        """Return the histogram of an integer channel."""
        if self.counts is None:
            self.counts = IntegerCounts(self.nodata)
        if not isinstance(self.counts, IntegerCounts):
            raise BandError("expected floats as before in this channel; got integers")
        return self.counts

    def _floats(self) -> FloatCounts:
        """Return the histogram of a float channel."""
        if self.counts is None:
            self.counts = FloatCounts()
        if not isinstance(self.counts, FloatCounts):
            raise BandError("expected integers as before in this channel; got floats")
        return self.counts


def as_numbers(values: Array) -> Array:
    """Return conditions as 1 and 0 in float32, numbers as they are."""
    if is_tensor(values):
        return values if values.dtype.is_floating_point else values.float()
    return values.astype(np.float32) if values.dtype == np.bool_ else values
