"""The area of interest: polygons in any CRS, as the pixels of a scene that lie in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize

from landseer.core.window import Window
from landseer.raster.read import RasterInfo
from landseer.vector.labels import read_objects
from landseer.vector.rules import LabelRules


class Area:
    """Pixels of one scene that are asked for.

    Args:
        path: a file of polygons.
        info: the header of the scene.

    Raises:
        FileReadError, DataError: the file cannot be read, or holds no polygon.

    Edges: a pixel is in when its centre is; polygons beside the scene leave nothing of it.
    """

    def __init__(self, path: Path, info: RasterInfo) -> None:
        found = read_objects([path], info, LabelRules())
        self._shapes = np.asarray(found.polygons, dtype=object)
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
