"""Integers: exact histograms in pages of 65536 values, and a sketch where the range is huge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from landseer.errors import BandError
from landseer.statistics.counting import N_KEYS, count_keys
from landseer.statistics.floats import FloatCounts
from landseer.statistics.moments import Moments
from landseer.statistics.order import quantiles_of_counts

MAX_PAGES = 64
"""More pages than this (a range of about four million) make the histogram a sketch."""

_HALF = N_KEYS // 2
_LARGEST = 1 << 40


class IntegerCounts:
    """How often each integer occurs; exact whatever the order of counting.

    Page p holds the values from 65536 p - 32768 on, so that int16 is one page. Within a page the key of a value is its
    lower 16 bits. Beyond `MAX_PAGES` the counts move into a `FloatCounts`; count, extremes, mean and std stay exact.

    Args:
        nodata: a value that does not count.

    Edges: integers beyond 2**40 raise BandError.
    """

    def __init__(self, nodata: float | None = None) -> None:
        self.nodata = nodata
        self.pages: dict[int, NDArray[np.int64]] = {}
        self.sketch: WideIntegers | None = None

    def add(self, values: NDArray[np.integer]) -> None:
        """Count integers: (n,) of any integer type."""
        if not values.size:
            return
        low, high = int(values.min()), int(values.max())
        if max(-low, high) > _LARGEST:
            raise BandError(f"expected integers within 2**40; got {low} to {high}")
        if self.sketch is None and high - low < N_KEYS:
            self._add_exactly(values, low, high)
        else:
            self._add_spread(_without(values, self.nodata))
        self._limit_pages()

    def single_page(self, low: int, high: int) -> NDArray[np.int64] | None:
        """Return the page that holds all integers from low to high, to count into; None where there is none."""
        if (
            self.sketch is not None
            or _page_of(low) != _page_of(high)
            or len(self.pages) >= MAX_PAGES
        ):
            return None
        return self._page(_page_of(low))

    def merge(self, other: IntegerCounts) -> None:
        """Count the integers of another one too."""
        for number, counts in other.pages.items():
            if number in self.pages:
                self.pages[number] += counts
            else:
                self.pages[number] = counts.copy()
        if other.sketch is not None or self.sketch is not None:
            self._widen()
        if other.sketch is not None and self.sketch is not None:
            self.sketch.merge(other.sketch)
        self._limit_pages()

    def moments(self) -> Moments:
        """Return exact count, extremes, mean and squares of what was counted."""
        if self.sketch is not None:
            return self.sketch.moments()
        wide = WideIntegers()
        for values, counts in self._occupied():
            wide.add_counts(values, counts)
        return wide.moments()

    def quantiles(self, levels: Sequence[float]) -> list[float]:
        """Return quantiles of what was counted, at least one integer: exact, or within 2^-8 for a sketch."""
        if self.sketch is not None:
            return self.sketch.counts.quantiles(levels, self.sketch.moments())
        parts = list(self._occupied())
        values = np.concatenate([values for values, _ in parts]).astype(np.float64)
        return quantiles_of_counts(values, np.concatenate([counts for _, counts in parts]), levels)

    def _add_exactly(self, values: NDArray[np.integer], low: int, high: int) -> None:
        """Count integers that span one or two pages."""
        first, last = _page_of(low), _page_of(high)
        if high - low <= 1:
            # Flags and constants: counting one key over and over is slow, comparing is not.
            upper = int(np.count_nonzero(values == high))
            self._page(last)[high % N_KEYS] += upper
            self._page(first)[low % N_KEYS] += values.size - upper
        elif first == last:
            count_keys(self._page(first), _keys(values))
        else:
            upper_page = _page_numbers(values) == last
            count_keys(self._page(first), _keys(values[~upper_page]))
            count_keys(self._page(last), _keys(values[upper_page]))

    def _add_spread(self, values: NDArray[np.integer]) -> None:
        """Count integers of any range, page by page or into the sketch."""
        numbers = _page_numbers(values)
        pages = np.unique(numbers)
        if len(pages) > MAX_PAGES + 1:
            self._widen()
        if self.sketch is not None:
            self.sketch.add(values)
            return
        for page in pages:
            count_keys(self._page(int(page)), _keys(values[numbers == page]))

    def _page(self, number: int) -> NDArray[np.int64]:
        """Return a page, made at need."""
        if number not in self.pages:
            self.pages[number] = np.zeros(N_KEYS, np.int64)
        return self.pages[number]

    def _occupied(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield (values, counts) of each page, ascending, without nodata and values that do not occur."""
        for number in sorted(self.pages):
            counts = np.roll(self.pages[number], _HALF)
            values = np.arange(N_KEYS, dtype=np.int64) + (number * N_KEYS - _HALF)
            there = (counts > 0) & (values != self.nodata if self.nodata is not None else True)
            if there.any():
                yield values[there], counts[there]

    def _limit_pages(self) -> None:
        """Become a sketch when there are too many pages, that of nodata aside (it may hold nothing else)."""
        nodata_page = None if self.nodata is None else _page_of(int(self.nodata))
        if len(self.pages.keys() - {nodata_page}) > MAX_PAGES:
            self._widen()

    def _widen(self) -> None:
        """Move all counts into a sketch."""
        if self.sketch is None:
            self.sketch = WideIntegers()
        for values, counts in self._occupied():
            self.sketch.add_counts(values, counts)
        self.pages = {}


class WideIntegers:
    """A sketch of integers of a huge range, with exact sums."""

    def __init__(self) -> None:
        self.counts = FloatCounts()
        self.count, self.total, self.total_of_squares = 0, 0, 0
        self.minimum, self.maximum = _LARGEST, -_LARGEST

    def add(self, values: NDArray[np.integer]) -> None:
        """Count integers."""
        if values.size:
            self.add_counts(*np.unique(values.astype(np.int64), return_counts=True))

    def add_counts(self, values: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        """Count integers that occur several times."""
        keys = (values.astype(np.float32).view(np.uint32) >> 16).astype(np.int64)
        np.add.at(self.counts.counts, keys, counts)
        self.count += int(counts.sum())
        objects = values.astype(object)
        self.total += int((objects * counts).sum())
        self.total_of_squares += int((objects * objects * counts).sum())
        self.minimum = min(self.minimum, int(values.min()))
        self.maximum = max(self.maximum, int(values.max()))

    def merge(self, other: WideIntegers) -> None:
        """Count the integers of another one too."""
        self.counts.merge(other.counts)
        self.count += other.count
        self.total += other.total
        self.total_of_squares += other.total_of_squares
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)

    def moments(self) -> Moments:
        """Return exact moments."""
        if not self.count:
            return Moments()
        squares = (self.count * self.total_of_squares - self.total**2) / self.count
        mean = self.total / self.count
        return Moments(self.count, float(self.minimum), float(self.maximum), mean, squares)


def _keys(values: NDArray[np.integer]) -> NDArray[np.int32]:
    """Return the lower 16 bits of each integer."""
    if values.dtype == np.int16:
        return np.ascontiguousarray(values).view(np.uint16).astype(np.int32)
    if values.dtype.itemsize <= 2:
        return values.astype(np.int32) & 0xFFFF
    return np.bitwise_and(values, 0xFFFF).astype(np.int32, copy=False)


def _page_of(value: int) -> int:
    """Return the page of a value."""
    return (value + _HALF) // N_KEYS


def _page_numbers(values: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the page of each value."""
    return (values.astype(np.int64) + _HALF) >> 16


def _without(values: NDArray[np.integer], nodata: float | None) -> NDArray[np.integer]:
    """Drop nodata."""
    return values if nodata is None else values[values != nodata]
