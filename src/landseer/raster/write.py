"""Write an array as a GeoTIFF that appears whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile
from rasterio.shutil import copy

from landseer.core.files import atomic_path
from landseer.errors import WriteError
from landseer.raster.opening import quiet, reason

TILE_PX = 512
"""Side of the tiles of files larger than one tile."""

_PREDICTOR_CODECS = ("deflate", "zstd", "lzw")


def write_raster(  # noqa: PLR0913 - what a file is made of
    path: Path,
    array: NDArray[np.generic],
    *,
    crs: str | None = None,
    transform: Sequence[float] | None = None,
    nodata: float | None = None,
    descriptions: Sequence[str | None] | None = None,
    compress: str | None = "deflate",
    colour_table: Mapping[int, str] | None = None,
    tags: Mapping[str, str] | None = None,
    cloud_optimised: bool = False,
) -> None:
    """Write a GeoTIFF.

    Args:
        path: where, with the suffix `.tif` or `.tiff`; folders are made.
        array: (b, h, w) or (h, w), any integer or float dtype of GDAL; booleans become uint8.
        crs: `EPSG:n` or WKT.
        transform: (a, b, c, d, e, f) as in `RasterInfo`.
        nodata: value to declare as missing.
        descriptions: one per band.
        compress: GDAL's name of the codec; None leaves pixels as they are.
        colour_table: `#rrggbb` per value, for one uint8 or uint16 band.
        tags: metadata of the file.
        cloud_optimised: lay the file out for reading in pieces from afar, with overviews (COG).

    Raises:
        WriteError: disk full, no permission, wrong suffix, or an array that GeoTIFF cannot hold.

    Edges: the file is made in memory and then copied, because GDAL loses errors that happen while it closes a file:
        on a full disk it leaves a truncated file and says nothing.
    """
    path = Path(path)
    bands = _as_bands(path, array, descriptions)
    profile = _profile(bands, compress) | {"crs": crs, "nodata": nodata}
    if transform is not None:
        profile["transform"] = Affine(*transform[:6])
    content = _encode(path, bands, profile, descriptions, colour_table, tags or {})
    if cloud_optimised:
        content = _as_cog(path, content, profile)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def _as_bands(
    path: Path, array: NDArray[np.generic], descriptions: Sequence[str | None] | None
) -> NDArray[np.generic]:
    """Bring the array into (b, h, w) and refuse what cannot be written."""
    bands = array[None] if array.ndim == 2 else array
    if path.suffix.lower() not in (".tif", ".tiff"):
        raise WriteError(f"expected a name ending .tif; got {path.name}", where=path)
    if bands.ndim != 3 or 0 in bands.shape:
        raise WriteError(f"expected an array (band, row, col); got shape {array.shape}", where=path)
    if descriptions is not None and len(descriptions) != len(bands):
        raise WriteError(
            f"expected {len(bands)} band descriptions; got {len(descriptions)}", where=path
        )
    return bands.astype(np.uint8) if bands.dtype == np.bool_ else bands


def _profile(bands: NDArray[np.generic], compress: str | None) -> dict[str, Any]:
    """Choose the layout of the file."""
    count, height, width = bands.shape
    profile: dict[str, Any] = {
        "driver": "GTiff", "count": count, "height": height, "width": width, "dtype": str(bands.dtype),
        "BIGTIFF": "IF_SAFER",
    }  # fmt: skip
    if max(height, width) > TILE_PX:
        profile |= {"tiled": True, "blockxsize": TILE_PX, "blockysize": TILE_PX}
    if compress is not None and compress.lower() != "none":
        profile["compress"] = compress
        if compress.lower() in _PREDICTOR_CODECS:
            profile["predictor"] = 3 if bands.dtype.kind == "f" else 2
    return profile


def _encode(
    path: Path,
    bands: NDArray[np.generic],
    profile: dict[str, Any],
    descriptions: Sequence[str | None] | None,
    colour_table: Mapping[int, str] | None,
    tags: Mapping[str, str],
) -> bytes:
    """Make the file's bytes in memory."""
    try:
        with quiet(), MemoryFile() as memory:
            with memory.open(**profile) as dataset:
                if colour_table:
                    dataset.write_colormap(
                        1, {value: _rgba(text) for value, text in colour_table.items()}
                    )
                if tags:
                    dataset.update_tags(**tags)
                dataset.write(bands)
                if descriptions is not None:
                    dataset.descriptions = tuple(text or "" for text in descriptions)
            content: bytes = memory.read()
            return content
    except (RasterioError, CPLE_BaseError, TypeError, ValueError) as error:
        raise WriteError(
            f"expected an array and options that GeoTIFF can hold; got dtype {bands.dtype}, shape "
            f"{bands.shape} ({reason(error)})",
            where=path,
        ) from error


def _as_cog(path: Path, content: bytes, profile: Mapping[str, Any]) -> bytes:
    """Lay a GeoTIFF's bytes out anew with GDAL's COG driver, overviews by mean of floats and nearest of integers."""
    options: dict[str, Any] = {"BLOCKSIZE": TILE_PX, "BIGTIFF": "IF_SAFER"}
    is_float = np.dtype(profile["dtype"]).kind == "f"
    options["RESAMPLING"] = "AVERAGE" if is_float else "NEAREST"
    if "compress" in profile:
        options |= {"COMPRESS": profile["compress"].upper(), "PREDICTOR": "YES"}
    try:
        with quiet(), MemoryFile(content) as plain, MemoryFile(ext=".tif") as cog:
            with plain.open() as source:
                copy(source, cog.name, driver="COG", **options)
            laid_out: bytes = cog.read()
            return laid_out
    except (RasterioError, CPLE_BaseError, ValueError) as error:
        raise WriteError(
            f"expected a file that can be laid out as COG; got: {reason(error)}", where=path
        ) from error


def _rgba(colour: str) -> tuple[int, int, int, int]:
    """Turn `#rrggbb` into four numbers, opaque."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue, 255
