"""Rows of a scene, each read once: whole rows of the file's blocks, the next ones while the caller works on these."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.io import DatasetReader

from landseer.core.bands import Band
from landseer.core.window import Window
from landseer.predict.missing import Declared, declared_nodata, measuring, valid_pixels
from landseer.predict.plan import Band as WindowBand
from landseer.predict.valid_rows import everywhere, is_everywhere
from landseer.raster.opening import open_raster
from landseer.raster.read import mask_open, prove_whole, read_into

CHUNK_PX = 256
"""About how many rows are read at once; a multiple of the height of blocks."""

_TALL = 2
"""Blocks of more than so many chunks are read in parts, and GDAL's cache is trusted with them."""

_CACHE_BYTES = 8 * 2**20, 256 * 2**20
_CACHED_BLOCKS = 4

MOST_AHEAD_PX = 2 * _TALL * CHUNK_PX
"""How many rows are held besides those of a window, at most: parts of chunks, and the next chunk."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Full rows of a scene.

    Attributes:
        row: the first.
        image: (b, h, width) in the file's dtype.
        valid: (h, width), where any measuring band has data; takes no memory where nothing can be missing.
        hidden: (h, width), what the file's own mask or the nodata that it declares hides, which is NaN to the
            networks; None where it hides nothing.
    """

    row: int
    image: NDArray[Any]
    valid: NDArray[np.bool_]
    hidden: NDArray[np.bool_] | None = None

    @property
    def stop(self) -> int:
        """The row after the last."""
        return self.row + len(self.valid)

    def count(self, rows: slice, cols: slice) -> int:
        """Return how many pixels of a part have data."""
        part = self.valid[rows, cols]
        return int(part.size if is_everywhere(self.valid) else np.count_nonzero(part))


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a band of windows, and what else was read with them; good until the next are asked for."""

    chunks: tuple[Chunk, ...]

    def copy(self, window: Window, into: NDArray[np.float32]) -> float:
        """Copy a window, NaN where the file says that nothing was measured.

        Args:
            window: within these rows.
            into: (b, h, w) of the window's size.

        Returns:
            How much of it has data, 0 to 1.

        Edges: nothing is copied of a window without data.
        """
        cols = slice(window.col, window.col + window.width)
        parts = [
            (chunk, slice(low - chunk.row, high - chunk.row), slice(low - window.row, high - window.row))
            for chunk in self.chunks
            if (low := max(chunk.row, window.row)) < (high := min(chunk.stop, window.row + window.height))
        ]  # fmt: skip
        count = sum(chunk.count(rows, cols) for chunk, rows, _ in parts)
        if count:
            for chunk, rows, place in parts:
                into[:, place] = chunk.image[:, rows, cols]
                if chunk.hidden is not None:
                    into[:, place][:, chunk.hidden[rows, cols]] = np.nan
        return count / (window.height * window.width)


def read_rows(
    path: Path,
    bands: Sequence[Band],
    wanted: Sequence[WindowBand],
    *,
    workers: int,
    heeds_declared: bool = True,
) -> Generator[Rows]:
    """Read the rows of each band of windows, and one chunk more while the caller works on these.

    Args:
        path: a raster file or an address.
        bands: to be read, in this order.
        wanted: bands of windows from top to bottom.
        workers: 0 reads in the caller's thread.
        heeds_declared: as of `read_measured`.

    Raises:
        FileReadError: as of `read_bands`.
    """
    with ExitStack() as stack:
        dataset = stack.enter_context(open_raster(path, **_threads(path, workers)))
        prove_whole(dataset)
        declared = (
            declared_nodata(bands, dataset.nodatavals) if heeds_declared else Declared(tuple(bands))
        )
        reader = _Reader(dataset, declared, wanted)
        if workers > 0:
            reader.executor = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="rows"))
        for band in wanted:
            yield reader.rows(band)


def block_cache(path: Path, written: int = 0) -> rasterio.Env:
    """Return what bounds GDAL's cache (a context) while a scene is read and its maps are written; see `cache_bytes`."""
    return rasterio.Env(GDAL_CACHEMAX=cache_bytes(path, written))


def cache_bytes(path: Path, written: int = 0) -> int:
    """Return what GDAL may keep of decoded blocks while a file is read and others are written, whole rows of blocks at
    once: each block is asked for once, but one of all bands must fit, or it is decoded anew for each band.

    Args:
        path: a raster file or an address.
        written: bytes of the largest block of all bands that is written.

    Raises:
        FileReadError: it cannot be read.
    """
    with open_raster(path) as dataset:
        height, width = dataset.block_shapes[0]
        itemsize = sum(np.dtype(dtype).itemsize for dtype in dataset.dtypes)
    least, most = _CACHE_BYTES
    return min(most, max(least, _CACHED_BLOCKS * max(height * width * itemsize, written)))


def _threads(path: Path, workers: int) -> dict[str, int]:
    """Let GeoTIFFs decode their blocks in threads; other drivers know no such option."""
    is_tiff = path.suffix.lower() in (".tif", ".tiff")
    return {"NUM_THREADS": workers} if is_tiff and workers > 1 else {}


class _Reader:
    """Reads chunks into buffers that come round again when no band needs them any more."""

    executor: ThreadPoolExecutor | None = None

    def __init__(
        self, dataset: DatasetReader, declared: Declared, wanted: Sequence[WindowBand]
    ) -> None:
        self._dataset, self._declared = dataset, declared
        self._indexes = [band.index for band in declared.bands]
        self._dtype = np.result_type(*(dataset.dtypes[index - 1] for index in self._indexes))
        self._height = chunk_height(dataset.block_shapes[0][0])
        numbers = {n for band in wanted for n in self._numbers(band)}
        self._waiting = sorted(numbers, reverse=True)
        self._held: dict[int, Chunk] = {}
        self._free: list[NDArray[Any]] = []
        self._ahead: Future[Chunk] | None = None

    def rows(self, band: WindowBand) -> Rows:
        """Return the rows of a band of windows; have the next chunk read meanwhile."""
        needed = self._numbers(band)
        for number in [number for number in self._held if number < needed.start]:
            self._free.append(self._held.pop(number).image)
        while self._waiting and self._waiting[-1] < needed.stop:
            number = self._waiting.pop()
            self._held[number] = self._read(number) if self._ahead is None else self._ahead.result()
            self._ahead = None
        if self.executor is not None and self._ahead is None and self._waiting:
            self._ahead = self.executor.submit(self._read, self._waiting[-1])
        return Rows(tuple(self._held[number] for number in needed))

    def _numbers(self, band: WindowBand) -> range:
        """Return which chunks a band of windows lies in."""
        return range(band.row // self._height, -(-band.stop // self._height))

    def _read(self, number: int) -> Chunk:
        """Read a chunk."""
        row = number * self._height
        height = min(self._height, self._dataset.height - row)
        window = Window(row, 0, height, self._dataset.width)
        image = self._buffer()[:, :height]
        read_into(self._dataset, image, self._indexes, window)
        there = mask_open(self._dataset, self._indexes, window)
        self._declared.blank(image)
        valid = _valid(image, self._declared.bands, there)
        hidden = ~valid if self._declared.hides else None if there is None else ~there
        return Chunk(row, image, valid, hidden if hidden is not None and hidden.any() else None)

    def _buffer(self) -> NDArray[Any]:
        """Return a buffer that is free, or one more."""
        if self._free:
            return self._free.pop()
        shape = (len(self._indexes), self._height, self._dataset.width)
        return np.empty(shape, self._dtype)


def chunk_height(block_px: int) -> int:
    """Return how many rows are read at once of a file with blocks of this height."""
    if block_px > _TALL * CHUNK_PX:
        return CHUNK_PX
    return max(1, CHUNK_PX // block_px) * block_px


def _valid(
    image: NDArray[Any], bands: Sequence[Band], there: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    """Tell which pixels have data in any measuring band; whole numbers without a nodata value all have."""
    is_whole = image.dtype.kind != "f"
    if is_whole and any(bands[place].nodata is None for place in measuring(bands)):
        return everywhere(*image.shape[1:]) if there is None else there
    valid = valid_pixels(image, bands)
    return valid if there is None else valid & there
