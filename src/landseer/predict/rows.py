"""Rows of a scene, each read once: bands of windows come from a buffer of full rows that a thread keeps filled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader

from landseer.core.bands import Band
from landseer.core.window import Window
from landseer.predict.plan import Band as WindowBand
from landseer.raster.opening import open_raster
from landseer.raster.read import check_window, mask_open, prove_whole, read_open

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
    with open_raster(path, NUM_THREADS=max(1, workers)) as dataset:
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


class _Reader:
    """Reads the rows that are new, and keeps those that the next band shares."""

    def __init__(self, dataset: DatasetReader, bands: Sequence[Band]) -> None:
        self._dataset, self._bands = dataset, tuple(bands)
        self._indexes = [band.index for band in bands]
        self._last: Rows | None = None

    def __call__(self, band: WindowBand) -> Rows:
        """Return the rows of a band of windows."""
        last = self._last
        kept = 0 if last is None else max(0, last.row + last.valid.shape[0] - band.row)
        new = self._read(band.row + kept, band.height - kept)
        if last is not None and kept:
            image = np.concatenate([last.image[:, -kept:], new.image], axis=1)
            valid = np.concatenate([last.valid[-kept:], new.valid])
            new = Rows(band.row, image, valid, last.masked or new.masked)
        self._last = new
        return new

    def _read(self, row: int, height: int) -> Rows:
        """Read full rows and tell where they have data."""
        window = Window(row, 0, height, self._dataset.width)
        check_window(self._dataset, window)
        image = read_open(self._dataset, self._indexes, window)
        there = mask_open(self._dataset, self._indexes, window)
        return Rows(row, image, _valid(image, self._bands, there), there is not None)


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
