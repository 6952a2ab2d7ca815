"""Rows of a scene, each read once: bands of windows come from a buffer of full rows that a thread keeps filled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.io import DatasetReader

from landseer.core.bands import Band
from landseer.core.window import Window
from landseer.predict.plan import Band as WindowBand
from landseer.raster.opening import open_raster
from landseer.raster.read import check_window, mask_open, prove_whole, read_into

CACHE_BYTES = 64 * 2**20
"""What GDAL may keep of decoded blocks; each is asked for once or, where rows begin inside it, twice."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a scene.

    Attributes:
        row: the first.
        image: (b, h, width) in the file's dtype.
        valid: (h, width), where any measuring band has data.
        masked: whether the file's own mask hides some of it; what it hides is NaN to the networks.
    """

    row: int
    image: NDArray[Any]
    valid: NDArray[np.bool_]
    masked: bool = False

    def cut(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return a window of these rows and where it has data."""
        rows = slice(window.row - self.row, window.row - self.row + window.height)
        cols = slice(window.col, window.col + window.width)
        return self.image[:, rows, cols], self.valid[rows, cols]


def read_rows(
    path: Path, bands: Sequence[Band], wanted: Sequence[WindowBand], *, workers: int
) -> Iterator[Rows]:
    """Read the rows of each band of windows, the next ones while the caller works on these.

    Args:
        path: a raster file or an address.
        bands: to be read, in this order.
        wanted: bands of windows from top to bottom; each row is read once, what two bands share is kept.
        workers: 0 reads in the caller's thread.

    Raises:
        FileReadError, GridError: as of `read_bands`.
    """
    limited = rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES)
    with limited, open_raster(path, **_threads(path, workers)) as dataset:
        prove_whole(dataset)
        reader = _Reader(dataset, bands)
        if workers <= 0:
            yield from map(reader, wanted)
            return
        with ThreadPoolExecutor(1, thread_name_prefix="rows") as executor:
            ahead: Future[Rows] | None = None
            for number, band in enumerate(wanted):
                rows = executor.submit(reader, band).result() if ahead is None else ahead.result()
                more = number + 1 < len(wanted)
                ahead = executor.submit(reader, wanted[number + 1]) if more else None
                yield rows


def _threads(path: Path, workers: int) -> dict[str, int]:
    """Let GeoTIFFs decode their blocks in threads; other drivers know no such option."""
    is_tiff = path.suffix.lower() in (".tif", ".tiff")
    return {"NUM_THREADS": workers} if is_tiff and workers > 1 else {}


class _Reader:
    """Reads the rows that are new into one of two buffers, and copies what two bands share from the other.

    The caller is done with the rows of one band when it asks for those of the next.
    """

    def __init__(self, dataset: DatasetReader, bands: Sequence[Band]) -> None:
        self._dataset, self._bands = dataset, tuple(bands)
        self._indexes = [band.index for band in bands]
        self._buffers: list[NDArray[Any]] = []
        self._turn = 0
        self._last: Rows | None = None

    def __call__(self, band: WindowBand) -> Rows:
        """Return the rows of a band of windows."""
        last, image = self._last, self._buffer(band.height)
        kept = 0 if last is None else max(0, last.row + last.valid.shape[0] - band.row)
        valid, masked = np.empty(image.shape[1:], bool), False
        if last is not None and kept:
            image[:, :kept], valid[:kept] = last.image[:, -kept:], last.valid[-kept:]
            masked = last.masked
        window = Window(band.row + kept, 0, band.height - kept, self._dataset.width)
        check_window(self._dataset, window)
        read_into(self._dataset, image[:, kept:], self._indexes, window)
        there = mask_open(self._dataset, self._indexes, window)
        valid[kept:] = _valid(image[:, kept:], self._bands, there)
        self._last = Rows(band.row, image, valid, masked or there is not None)
        return self._last

    def _buffer(self, height: int) -> NDArray[Any]:
        """Return the buffer whose turn it is."""
        shape = (len(self._bands), height, self._dataset.width)
        if len(self._buffers) < 2:
            dtypes = [self._dataset.dtypes[index - 1] for index in self._indexes]
            self._buffers.append(np.empty(shape, np.result_type(*dtypes)))
            return self._buffers[-1]
        self._turn = 1 - self._turn
        return self._buffers[1 - self._turn]


def _valid(
    image: NDArray[Any], bands: Sequence[Band], there: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    """Tell which pixels have data in any measuring band; whole numbers without a nodata value all have."""
    optical = [i for i, band in enumerate(bands) if band.kind == "reflectance"] or range(len(bands))
    is_float = image.dtype.kind == "f"
    valid = np.zeros(image.shape[1:], bool)
    for i in optical:
        nodata = bands[i].nodata
        if nodata is None and not is_float:
            valid[:] = True
            break
        here = np.isfinite(image[i]) if is_float else np.ones(image.shape[1:], bool)
        if nodata is not None:
            here &= image[i] != nodata
        valid |= here
    return valid if there is None else valid & there
