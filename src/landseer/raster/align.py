"""Bring a label onto another grid, pixel by nearest pixel, into a file that appears whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window as Area

from landseer.core.files import atomic_path
from landseer.errors import GridError, WriteError
from landseer.raster.opening import open_raster, quiet, reason
from landseer.raster.read import RasterInfo

STRIP_PX = 512
_TOLERANCE_PX = 1e-6
OUTSIDE = 255
"""What stands where the label does not reach, when it declares no nodata value."""


def write_aligned(path: Path, label: Path, grid: RasterInfo) -> None:
    """Write a label on the pixels of another raster.

    Args:
        path: where, ending `.tif`.
        label: a raster of class numbers or colours, of any CRS.
        grid: header of the other raster.

    Raises:
        FileReadError: the label cannot be read.
        GridError: one of them has no CRS or no transform.
        WriteError: the file cannot be written.

    Edges: each pixel takes the value of the nearest one; nothing is mixed. Where the label does not reach stands its
        nodata value, else 255; either is declared as nodata. A palette stays.
    """
    with open_raster(label) as source:
        if source.crs is None or grid.crs is None or grid.transform is None:
            raise GridError(
                "expected a label and an image that are georeferenced, so that one finds its place on the other",
                where=label,
                do="give both their georeference, or the label the size of the image",
            )
        nodata = OUTSIDE if source.nodata is None else source.nodata
        target: dict[str, Any] = {
            "crs": CRS.from_user_input(grid.crs), "transform": Affine(*grid.transform), "height": grid.height,
            "width": grid.width, "nodata": nodata,
        }  # fmt: skip
        options = {"resampling": Resampling.nearest, "tolerance": _TOLERANCE_PX}
        with WarpedVRT(source, **target, **options) as warped, atomic_path(path) as temporary:
            try:
                _copy(temporary, source, warped)
            except RasterioError as error:
                raise WriteError(
                    f"could not write the label: {reason(error)}", where=path
                ) from error


def _copy(path: Path, source: DatasetReader, warped: WarpedVRT) -> None:
    """Copy a warped label strip by strip."""
    profile: dict[str, Any] = {
        "driver": "GTiff", "count": warped.count, "dtype": warped.dtypes[0], "height": warped.height,
        "width": warped.width, "crs": warped.crs, "transform": warped.transform, "nodata": warped.nodata,
        "compress": "deflate", "tiled": True, "blockxsize": STRIP_PX, "blockysize": STRIP_PX, "BIGTIFF": "IF_SAFER",
    }  # fmt: skip
    with quiet(), rasterio.open(path, "w", **profile) as dataset:
        if source.colorinterp[0] is ColorInterp.palette:
            dataset.write_colormap(1, source.colormap(1))
        for row in range(0, warped.height, STRIP_PX):
            strip = Area(0, row, warped.width, min(STRIP_PX, warped.height - row))
            dataset.write(warped.read(window=strip), window=strip)
