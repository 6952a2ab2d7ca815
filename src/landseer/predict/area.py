"""The area of interest: polygons in any CRS, as the pixels of a scene that lie in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize

from landseer.core.window import Window
from landseer.errors import DataError, GridError
from landseer.raster.read import RasterInfo
from landseer.vector.label_files import VectorFile, read_vectors
from landseer.vector.labels import place_objects
from landseer.vector.rules import LabelRules

_POLYGONS = 2
"""What shapely calls the dimension of polygons."""


def read_area(path: Path) -> VectorFile:
    """Read the polygons of an area of interest.

    Raises:
        FileReadError: the file cannot be read.
        DataError: it holds no polygon, or does not say its CRS.

    Edges: lines and points beside polygons count for nothing.
    """
    file = read_vectors(path)
    there = ~(shapely.is_missing(file.geometries) | shapely.is_empty(file.geometries))
    if not (there & (shapely.get_dimensions(file.geometries) == _POLYGONS)).any():
        raise DataError(
            f"expected an area of interest, which is polygons; got {int(there.sum())} objects and no polygon",
            where=path,
            do="give a file of polygons, or leave --aoi away to predict all",
        )
    if file.crs is None:
        raise DataError(
            "expected an area of interest that says its CRS; got none",
            where=path,
            do="export it with its CRS, or as GeoJSON in EPSG:4326",
        )
    return file


def check_area(path: Path, info: RasterInfo, file: VectorFile) -> None:
    """Make sure that an area and a scene can be laid on each other, without placing what stands in the file.

    Args:
        path, info, file: as of `Area`.

    Raises:
        DataError, GridError: as of `Area`.
    """
    nothing = np.array([shapely.Point()], object)
    Area(path, info, replace(file, geometries=nothing, attribute=None))


class Area:
    """Pixels of one scene that are asked for.

    Args:
        path: a file of polygons.
        info: the header of the scene.
        file: what stands in the file, where that is read already; see `read_area`.

    Raises:
        FileReadError, DataError: as of `read_area`; the CRS of the file has no place on the Earth.
        GridError: the scene has no CRS, or lies nowhere on the Earth.

    Edges: a pixel is in when its centre is; polygons beside the scene leave nothing of it.
    """

    def __init__(self, path: Path, info: RasterInfo, file: VectorFile | None = None) -> None:
        file = file or read_area(path)
        if info.crs is None or info.transform is None:
            raise GridError(
                "expected a georeferenced image, so that the area of interest finds its place; got one without CRS or "
                "transform",
                where=info.path,
                do="give the image its georeference, or leave --aoi away",
            )
        self._shapes = np.asarray(place_objects(path, file, info, LabelRules()).polygons, object)
        self._tree = shapely.STRtree(self._shapes)

    def meets(self, window: Window) -> bool:
        """Whether a window has a part in it."""
        box = _box(window)
        return bool(len(self._tree.query(box, predicate="intersects")))

    def mask(self, row: int, height: int, width: int) -> NDArray[np.bool_]:
        """Return the (height, width) pixels of some full rows that are in it."""
        near = self._tree.query(_box(Window(row, 0, height, width)), predicate="intersects")
        if not len(near):
            return np.zeros((height, width), bool)
        moved = shapely.transform(self._shapes[near], lambda points: points - (0, row))
        burnt = rasterize(list(moved), (height, width), dtype="uint8")
        return np.asarray(burnt, bool)


def _box(window: Window) -> shapely.Geometry:
    """Return a window as a polygon in pixels, x to the right and y down."""
    return shapely.box(
        window.col, window.row, window.col + window.width, window.row + window.height
    )
