"""Read a raster: its header as a value, its pixels as an array, or strip by strip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import rasterio.windows
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.io import DatasetReader

from landseer.core.window import Window
from landseer.errors import BandError, GridError
from landseer.raster.opening import open_raster
from landseer.raster.png import check_png

STRIP_BYTES = 64 * 2**20
"""How much `read_strips` holds at once, in bytes of pixels."""

_IDENTITIES = ((1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (1.0, 0.0, 0.0, 0.0, -1.0, 0.0))


@dataclass(frozen=True, slots=True)
class RasterInfo:
    """What the header of a raster says.

    Attributes:
        path: the file.
        width, height: pixels.
        count: number of bands.
        dtype: numpy name of the pixel type of the first band.
        crs: `EPSG:n`, else WKT; None when absent.
        transform: (a, b, c, d, e, f) with x = a*col + b*row + c and y = d*col + e*row + f; None when absent.
        nodata: value that the file declares as missing, or None.
        descriptions: one per band, None where the file has none.
    """

    path: Path
    width: int
    height: int
    count: int
    dtype: str
    crs: str | None
    transform: tuple[float, float, float, float, float, float] | None
    nodata: float | None
    descriptions: tuple[str | None, ...]


def read_info(path: Path) -> RasterInfo:
    """Read the header of a raster; no pixels.

    Raises:
        FileReadError: the file is missing, empty, of an unknown format, or its header is cut short.
    """
    with open_raster(path) as dataset:
        return describe(dataset)


def describe(dataset: DatasetReader) -> RasterInfo:
    """Turn an open dataset's header into a `RasterInfo`."""
    transform = tuple(dataset.transform)[:6]
    return RasterInfo(
        path=Path(dataset.name),
        width=dataset.width,
        height=dataset.height,
        count=dataset.count,
        dtype=str(dataset.dtypes[0]) if dataset.count else "none",
        crs=crs_text(dataset.crs.to_wkt()) if dataset.crs else None,
        transform=None if transform in _IDENTITIES else transform,
        nodata=None if dataset.nodata is None else float(dataset.nodata),
        descriptions=tuple(dataset.descriptions),
    )


@lru_cache(maxsize=256)
def crs_text(wkt: str) -> str:
    """Return `EPSG:n` where the WKT is a registered CRS, the WKT itself otherwise."""
    code = CRS.from_wkt(wkt).to_epsg()
    return wkt if code is None else f"EPSG:{code}"


def read_bands(
    path: Path, indexes: Sequence[int] | None = None, window: Window | None = None
) -> NDArray[np.generic]:
    """Read bands as they stand in the file.

    Args:
        path: a raster file.
        indexes: band positions counted from 1, in the order wanted; None reads all.
        window: pixel rectangle inside the raster; None reads all.

    Returns:
        (b, h, w), the file's own dtype.

    Raises:
        FileReadError: the file cannot be opened, or its pixels end early or are damaged.
        BandError: an index is not in the file.
        GridError: the window reaches out of the raster.
    """
    with open_raster(path) as dataset:
        _check_indexes(dataset, indexes)
        check_window(dataset, window)
        prove_whole(dataset)
        return read_open(dataset, indexes, window)


def prove_whole(dataset: DatasetReader) -> None:
    """Check files of the formats for which GDAL would not notice a missing end."""
    if dataset.driver == "PNG":
        check_png(Path(dataset.name))


def read_open(
    dataset: DatasetReader, indexes: Sequence[int] | None = None, window: Window | None = None
) -> NDArray[np.generic]:
    """Read bands of a dataset opened by `open_raster` and proven whole."""
    area = (
        rasterio.windows.Window(window.col, window.row, window.width, window.height)
        if window
        else None
    )
    return dataset.read(indexes=None if indexes is None else list(indexes), window=area)


def read_strips(
    path: Path, indexes: Sequence[int] | None = None, *, strip_bytes: int = STRIP_BYTES
) -> Iterator[tuple[Window, NDArray[np.generic]]]:
    """Read a raster once from top to bottom in full-width strips.

    Args:
        path: a raster file.
        indexes: as for `read_bands`.
        strip_bytes: pixels held at once; strips are whole rows of blocks, one at least.

    Returns:
        Pairs of window and (b, h, w) array; a small file comes as one strip.

    Raises:
        FileReadError, BandError: as for `read_bands`.
    """
    with open_raster(path) as dataset:
        _check_indexes(dataset, indexes)
        prove_whole(dataset)
        count = dataset.count if indexes is None else len(indexes)
        row_bytes = max(1, count * dataset.width * np.dtype(dataset.dtypes[0]).itemsize)
        block_rows = dataset.block_shapes[0][0]
        step = max(1, strip_bytes // row_bytes // block_rows) * block_rows
        for row in range(0, dataset.height, step):
            window = Window(row, 0, min(step, dataset.height - row), dataset.width)
            yield window, read_open(dataset, indexes, window)


def _check_indexes(dataset: DatasetReader, indexes: Sequence[int] | None) -> None:
    """Refuse band positions that the file does not have."""
    wrong = [index for index in indexes or () if not 1 <= index <= dataset.count]
    if wrong:
        raise BandError(
            f"expected bands between 1 and {dataset.count}; got {', '.join(map(str, wrong))}",
            where=dataset.name,
            do="correct the band's index, or remove the file",
        )


def check_window(dataset: DatasetReader, window: Window | None) -> None:
    """Refuse windows that reach out of the raster."""
    if window is None:
        return
    rows, cols = window.slices
    if min(window.row, window.col) < 0 or rows.stop > dataset.height or cols.stop > dataset.width:
        raise GridError(
            f"expected a window inside {dataset.height} x {dataset.width} pixels; got rows "
            f"{rows.start}..{rows.stop}, columns {cols.start}..{cols.stop}",
            where=dataset.name,
        )


@dataclass(frozen=True, slots=True)
class BandReader:
    """Reads the same bands of any image; travels to processes.

    Attributes:
        indexes: bands, counted from 1.
    """

    indexes: tuple[int, ...]

    def __call__(self, path: Path) -> NDArray[np.generic]:
        """Read one image as (band, h, w) in the file's type; errors as of `read_bands`."""
        return read_bands(path, self.indexes)
