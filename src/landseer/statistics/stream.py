"""One pass over all images: bands and indices of every valid pixel, counted by threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from landseer.core.bands import Band
from landseer.core.parallel import parallel_map
from landseer.errors import BandError
from landseer.spectral import Formula, ResolvedIndex
from landseer.statistics.accumulate import ChannelStatistics
from landseer.statistics.moments import Moments
from landseer.statistics.summary import DEFAULT_LEVELS, Statistics
from landseer.statistics.tile import TileCounter

Array = Any
"""A numpy array or a torch tensor."""


def compute_statistics(
    paths: Sequence[Path],
    read: Callable[[Path], Array],
    bands: Sequence[Band],
    indices: Sequence[ResolvedIndex] = (),
    *,
    where: Formula | None = None,
    index_where: Formula | None = None,
    workers: int | None = None,
    levels: Sequence[float] = DEFAULT_LEVELS,
) -> Statistics:
    """Compute statistics of every band and index over all valid pixels of all images.

    Args:
        paths: one image each.
        read: path → (band, h, w) of the bands in the order of `bands`, in the file's type; numpy, or torch on any
            device. It is called by several threads.
        bands: their nodata never counts; figures are physical values (raw * scale + offset).
        indices: computed in float32 from physical values, as a model computes them.
        where: a condition; pixels where it is false do not count.
        index_where: a further condition for those indices that are `masked`.
        workers: threads; None takes one per processor. The result does not depend on it.
        levels: of the quantiles.

    Returns:
        Channels in the order bands, indices. Integer bands: all figures exact. Float bands and indices: count, min and
        max exact, mean and std in float64, quantiles within 2^-8 relatively (`FloatCounts`).

    Raises:
        BandError: an image has another number of bands than `bands`, or a band changes between integer and float.
        FormulaError: a formula needs a name that is no band's.

    Edges: NaN and infinity never count; a channel without valid pixels has count 0 and None for the rest.
    """
    counter = TileCounter(bands, indices, where=where, index_where=index_where)
    pool = _Pool(counter.new_channels)

    def count(path: Path) -> list[Moments]:
        array = read(path)
        if array.ndim != 3 or len(array) != len(bands):
            raise BandError(
                f"expected {len(bands)} bands as (band, h, w); got shape {tuple(array.shape)}",
                where=path,
            )
        with pool.borrow() as channels:
            return counter.count(array, channels)

    total = counter.new_channels()
    for moments in parallel_map(count, paths, label="statistics", workers=workers):
        for channel, new in zip(total, moments, strict=True):
            channel.moments = channel.moments.merge(new)
    for channels in pool.made:
        for channel, new_counts in zip(total, channels, strict=True):
            channel.merge(new_counts)
    scales = [(band.scale, band.offset) for band in bands] + [(1.0, 0.0)] * len(indices)
    names = [band.name for band in bands] + [index.name for index in indices]
    summaries = [
        channel.summary(levels, scale=scale, offset=offset)
        for channel, (scale, offset) in zip(total, scales, strict=True)
    ]
    return Statistics(dict(zip(names, summaries, strict=True)), len(paths))


class _Pool:
    """Accumulators that threads borrow, so that each is used by one at a time and few are made."""

    def __init__(self, make: Callable[[], list[ChannelStatistics]]) -> None:
        self._make = make
        self._free: SimpleQueue[list[ChannelStatistics]] = SimpleQueue()
        self.made: list[list[ChannelStatistics]] = []

    @contextmanager
    def borrow(self) -> Iterator[list[ChannelStatistics]]:
        """Lend accumulators for the block."""
        try:
            channels = self._free.get_nowait()
        except Empty:
            channels = self._make()
            self.made.append(channels)
        yield channels
        self._free.put(channels)
