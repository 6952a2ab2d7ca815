"""One pass over all images: bands and indices of every valid pixel, counted by threads or processes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from zlib import crc32

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

Read = Array | tuple[Array, Array | None]
"""(band, h, w), or that and (h, w), true where there are data; None where there are everywhere."""


def compute_statistics(  # noqa: PLR0913 - what is counted comes first, how is keyword-only
    paths: Sequence[Path],
    read: Callable[[Path], Read],
    bands: Sequence[Band],
    indices: Sequence[ResolvedIndex] = (),
    *,
    where: Formula | None = None,
    index_where: Formula | None = None,
    index_step: int = 1,
    workers: int | None = None,
    processes: bool = False,
    levels: Sequence[float] = DEFAULT_LEVELS,
) -> Statistics:
    """Compute statistics of every band and index over all valid pixels of all images.

    Args:
        paths: one image each.
        read: path → (band, h, w) of the bands in the order of `bands`, in the file's type; numpy, or torch on any
            device; with where it has data, if that is known (`Read`). It is called by several threads.
        bands: their nodata never counts; figures are physical values (raw * scale + offset).
        indices: computed in float32 from physical values, as a model computes them.
        where: a condition; pixels where it is false do not count.
        index_where: a further condition for those indices that are `masked`.
        index_step: indices are measured at every so many-th row and column of an image; see `choose_step`.
        workers: threads or processes; None takes one per processor. The result does not depend on it.
        processes: count in processes, for many images: counting holds Python's lock. `read` must then be picklable.
        levels: of the quantiles.

    Returns:
        Channels in the order bands, indices. Integer bands: all figures exact. Float bands and indices: count, min and
        max exact, mean and std in float64, quantiles within 2^-8 relatively (`FloatCounts`). With an `index_step`
        above 1 the figures of indices are those of the pixels measured.

    Raises:
        BandError: an image has another number of bands than `bands`, or a band changes between integer and float.
        FormulaError: a formula needs a name that is no band's.

    Edges: NaN and infinity never count; a channel without valid pixels has count 0 and None for the rest.
    """
    task = _Task(read, tuple(bands), tuple(indices), where, index_where, index_step)
    if processes:
        total = _by_processes(task, paths, workers)
    else:
        total = _by_threads(task, paths, workers)
    scales = [(band.scale, band.offset) for band in bands] + [(1.0, 0.0)] * len(indices)
    names = [band.name for band in bands] + [index.name for index in indices]
    summaries = [
        channel.summary(levels, scale=scale, offset=offset)
        for channel, (scale, offset) in zip(total, scales, strict=True)
    ]
    return Statistics(dict(zip(names, summaries, strict=True)), len(paths))


def choose_step(n_pixels: int, least: int) -> int:
    """Return the step between rows and columns at which indices are measured, so that at least `least` pixels are.

    The error of the rank of a quantile q among n pixels is about sqrt(q (1 - q) / n): with 2 million pixels 0.00007 at
    q = 0.01, which moves the quantile by about as much as one bin of `FloatCounts`.

    Args:
        n_pixels: of all images together.
        least: pixels to measure; 0 takes every pixel.
    """
    return max(1, math.isqrt(n_pixels // least)) if least else 1


@dataclass(frozen=True, slots=True)
class _Task:
    """What is counted; travels to processes."""

    read: Callable[[Path], Read]
    bands: tuple[Band, ...]
    indices: tuple[ResolvedIndex, ...]
    where: Formula | None
    index_where: Formula | None
    index_step: int

    def counter(self) -> TileCounter:
        """Make what counts one image."""
        return TileCounter(
            self.bands,
            self.indices,
            where=self.where,
            index_where=self.index_where,
            index_step=self.index_step,
        )

    def count(
        self, path: Path, counter: TileCounter, channels: list[ChannelStatistics]
    ) -> _Measured:
        """Read and count one image; the name of its file says where its lattice of index pixels starts."""
        name = Path(str(path)).name
        start = divmod(crc32(name.encode()) % self.index_step**2, self.index_step)
        array, there = self.array(path)
        return counter.count(array, channels, start, there)

    def array(self, path: Path) -> tuple[Array, Array | None]:
        """Read one image and where it has data, and make sure of its bands."""
        read = self.read(path)
        array, there = read if isinstance(read, tuple) else (read, None)
        if array.ndim != 3 or len(array) != len(self.bands):
            raise BandError(
                f"expected {len(self.bands)} bands as (band, h, w); got shape {tuple(array.shape)}",
                where=path,
            )
        return array, there

    def __call__(self, paths: Sequence[Path]) -> tuple[list[ChannelStatistics], list[_Measured]]:
        """Count some images: what a process does."""
        counter = self.counter()
        channels = counter.new_channels()
        return channels, [self.count(path, counter, channels) for path in paths]


_Measured = list[Moments]
_CHUNK = 32
"""Images that a process counts before it reports."""


def _by_processes(
    task: _Task, paths: Sequence[Path], workers: int | None
) -> list[ChannelStatistics]:
    """Count chunks of images in processes; moments are merged image by image, as threads do."""
    total = task.counter().new_channels()
    chunks = [paths[i : i + _CHUNK] for i in range(0, len(paths), _CHUNK)]
    label = f"statistics of {len(paths)} images, by {_CHUNK}"
    for channels, measured in parallel_map(
        task, chunks, label=label, workers=workers, processes=True
    ):
        _merge_moments(total, measured)
        _merge_counts(total, channels)
    return total


def _by_threads(task: _Task, paths: Sequence[Path], workers: int | None) -> list[ChannelStatistics]:
    """Count images in threads, which share a few accumulators."""
    counter = task.counter()
    pool = _Pool(counter.new_channels)

    def count(path: Path) -> _Measured:
        with pool.borrow() as channels:
            return task.count(path, counter, channels)

    total = counter.new_channels()
    _merge_moments(total, parallel_map(count, paths, label="statistics", workers=workers))
    for channels in pool.made:
        _merge_counts(total, channels)
    return total


def _merge_moments(total: list[ChannelStatistics], measured: Iterable[_Measured]) -> None:
    """Merge the moments of images, one after another."""
    for moments in measured:
        for channel, new in zip(total, moments, strict=True):
            channel.moments = channel.moments.merge(new)


def _merge_counts(total: list[ChannelStatistics], channels: list[ChannelStatistics]) -> None:
    """Merge counts."""
    for channel, new in zip(total, channels, strict=True):
        channel.merge(new)


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
