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
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.io import DatasetReader

from landseer.core.address import file_of
from landseer.core.window import Window
from landseer.errors import BandError, GridError
from landseer.raster.opening import address_of, open_raster
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


def read_tags(path: Path) -> dict[str, str]:
    """Read the metadata of a raster file by name.

    Raises:
        FileReadError: as of `read_info`.
    """
    with open_raster(path) as dataset:
        return dict(dataset.tags())


def describe(dataset: DatasetReader) -> RasterInfo:
    """Turn an open dataset's header into a `RasterInfo`."""
    transform = tuple(dataset.transform)[:6]
    return RasterInfo(
        path=address_of(dataset),
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
    """Read bands as they stand in the file, but for pixels that its own mask says are missing.

    Args:
        path: a raster file, or an address of a window in one.
        indexes: band positions counted from 1, in the order wanted; None reads all.
        window: pixel rectangle inside the raster; None reads all.

    Returns:
        (b, h, w), the file's own dtype; float32 (float64 of 32-bit integers) with NaN where `read_masked` finds
        missing pixels.

    Raises:
        FileReadError: the file cannot be opened, or its pixels end early or are damaged.
        BandError: an index is not in the file.
        GridError: the window reaches out of the raster.
    """
    return with_gaps(*read_masked(path, indexes, window))


def read_masked(
    path: Path, indexes: Sequence[int] | None = None, window: Window | None = None
) -> tuple[NDArray[np.generic], NDArray[np.bool_] | None]:
    """Read bands and the file's own mask: an alpha band that is not among the bands read, or an internal mask.

    Returns:
        (b, h, w) in the file's own dtype, and (h, w), true where there are data; None where nothing is missing.

    Raises:
        FileReadError, BandError, GridError: as of `read_bands`, which takes the same arguments.

    Edges: a declared nodata value is no mask; pixels that are half transparent have data.
    """
    with open_raster(path) as dataset:
        _check_indexes(dataset, indexes)
        check_window(dataset, window)
        prove_whole(dataset)
        return read_open(dataset, indexes, window), mask_open(dataset, indexes, window)


def read_small(
    path: Path, indexes: Sequence[int] | None = None, *, side_px: int, mean: bool = True
) -> NDArray[np.generic]:
    """Read a raster shrunk, from its overviews where it has them, so that a scene of any size becomes a picture.

    Args:
        path: a raster file or an address.
        indexes: as of `read_bands`.
        side_px: the longer side that is wanted; a smaller raster comes as it is.
        mean: whether pixels are averaged; false takes the nearest ones, as class numbers want it.

    Returns:
        (b, h, w), as of `read_bands`.

    Raises:
        FileReadError, BandError: as of `read_bands`.

    Edges: a shrunk pixel has data where any of the pixels that it stands for has.
    """
    with open_raster(path) as dataset:
        _check_indexes(dataset, indexes)
        array = read_open_small(dataset, indexes, side_px=side_px, mean=mean)
        return with_gaps(array, mask_open(dataset, indexes, shape=array.shape[1:]))


def read_open_small(
    dataset: DatasetReader,
    indexes: Sequence[int] | None = None,
    *,
    side_px: int,
    mean: bool = False,
) -> NDArray[np.generic]:
    """Read bands of an open data set shrunk, as `read_small` does, in the file's own numbers."""
    prove_whole(dataset)
    share = min(1.0, side_px / max(dataset.height, dataset.width))
    shape = max(1, round(dataset.height * share)), max(1, round(dataset.width * share))
    return dataset.read(
        indexes=None if indexes is None else list(indexes),
        out_shape=(dataset.count if indexes is None else len(indexes), *shape),
        resampling=Resampling.average if mean and share < 1 else Resampling.nearest,
    )


def with_gaps(array: NDArray[np.generic], there: NDArray[np.bool_] | None) -> NDArray[np.generic]:
    """Put NaN where there are no data.

    Args:
        array: (b, h, w).
        there: (h, w); None leaves the array as it is.
    """
    if there is None:
        return array
    dtype = np.result_type(array.dtype, np.float32)
    return np.where(there, array.astype(dtype, copy=False), dtype.type(np.nan))


def mask_open(
    dataset: DatasetReader,
    indexes: Sequence[int] | None = None,
    window: Window | None = None,
    shape: tuple[int, int] | None = None,
) -> NDArray[np.bool_] | None:
    """Read the mask of an open data set, as `read_masked` says; shrunk to a shape where one is given."""
    alphas = [i for i, one in enumerate(dataset.colorinterp, 1) if one is ColorInterp.alpha]
    first = 1 if indexes is None else min(indexes, default=1)
    is_read = bool(alphas) and (indexes is None or bool(set(alphas) & set(indexes)))
    if is_read or MaskFlags.per_dataset not in dataset.mask_flag_enums[first - 1]:
        return None
    there = dataset.read_masks(first, window=_area(window), out_shape=shape) > 0
    return None if there.all() else there


def has_alpha(path: Path) -> bool:
    """Whether the last band of a raster is an alpha band, which is a mask and no measurement.

    Raises:
        FileReadError: as of `read_info`.
    """
    with open_raster(path) as dataset:
        return bool(dataset.colorinterp[-1] is ColorInterp.alpha)


def prove_whole(dataset: DatasetReader) -> None:
    """Check files of the formats for which GDAL would not notice a missing end."""
    path = file_of(address_of(dataset))
    if dataset.driver == "PNG" or (dataset.driver == "VRT" and path.suffix.lower() == ".png"):
        check_png(path)


def read_open(
    dataset: DatasetReader, indexes: Sequence[int] | None = None, window: Window | None = None
) -> NDArray[np.generic]:
    """Read bands of a dataset opened by `open_raster` and proven whole."""
    return dataset.read(indexes=None if indexes is None else list(indexes), window=_area(window))


def read_into(
    dataset: DatasetReader, out: NDArray[np.generic], indexes: Sequence[int], window: Window
) -> None:
    """Read bands of an open data set into an array (b, h, w) that is there, as `read_open` would."""
    dataset.read(indexes=list(indexes), window=_area(window), out=out)


def _area(window: Window | None) -> rasterio.windows.Window | None:
    """Return a window as rasterio has it."""
    if window is None:
        return None
    return rasterio.windows.Window(window.col, window.row, window.width, window.height)


def read_strips(
    path: Path, indexes: Sequence[int] | None = None, *, strip_bytes: int = STRIP_BYTES
) -> Iterator[tuple[Window, NDArray[np.generic]]]:
    """Read a raster once from top to bottom in full-width strips.

    Args:
        path: a raster file.
        indexes: as for `read_bands`.
        strip_bytes: pixels held at once; strips are whole rows of blocks, one at least.

    Returns:
        Pairs of window and (b, h, w) array, as of `read_bands`; a small file comes as one strip.

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
            array = read_open(dataset, indexes, window)
            yield window, with_gaps(array, mask_open(dataset, indexes, window))


def _check_indexes(dataset: DatasetReader, indexes: Sequence[int] | None) -> None:
    """Refuse band positions that the file does not have."""
    wrong = [index for index in indexes or () if not 1 <= index <= dataset.count]
    if wrong:
        raise BandError(
            f"expected bands between 1 and {dataset.count}; got {', '.join(map(str, wrong))}",
            where=address_of(dataset),
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
            where=address_of(dataset),
        )


@dataclass(frozen=True, slots=True)
class BandReader:
    """Reads the same bands of any image; travels to processes.

    Attributes:
        indexes: bands, counted from 1.
    """

    indexes: tuple[int, ...]

    def __call__(self, path: Path) -> tuple[NDArray[np.generic], NDArray[np.bool_] | None]:
        """Read one image and its mask; see `read_masked`."""
        return read_masked(path, self.indexes)
