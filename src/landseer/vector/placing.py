"""Where vector coordinates lie on a raster's grid: in its CRS, in its pixels, and how many metres those measure."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import ProjError

from landseer.errors import GridError, LabelError
from landseer.raster.read import RasterInfo

Geometries = NDArray[Any]
"""(n,) objects of shapely."""

_GEOD = Geod(ellps="WGS84")
_EDGE_POINTS = 21
_PIXELS = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_LONLAT = "EPSG:4326"


def crs_of(grid: RasterInfo) -> CRS:
    """Return the CRS of a grid that lies on the Earth.

    Raises:
        GridError: it has no CRS or no transform.
    """
    if grid.crs is None or grid.transform is None:
        raise GridError(
            "expected a georeferenced image, so that vector labels find their place; got one without CRS or transform",
            where=grid.path,
            do="give the image its georeference, or burn the labels into rasters of its size",
        )
    return CRS.from_user_input(grid.crs)


def is_on_earth(crs: CRS) -> bool:
    """Tell whether a CRS has a place on the Earth; engineering ones, such as "Undefined Cartesian", have none."""
    try:
        Transformer.from_crs(crs, _LONLAT, always_xy=True)
    except ProjError:
        return False
    return True


def without_place(crs: CRS, path: Path) -> LabelError:
    """Return the error of a vector file whose CRS has no place on the Earth."""
    return LabelError(
        f"expected a vector file whose CRS has a place on the Earth; got {crs.name!r} ({crs.type_name})",
        where=path,
        do="export it in a CRS such as EPSG:4326; labels of a recipe may have the true one in `objects.crs`",
    )


def parse_crs(text: str) -> CRS:
    """Return the CRS that a text means.

    Raises:
        LabelError: it means none.
    """
    try:
        return CRS.from_user_input(text)
    except ProjError as error:
        raise LabelError(
            f"expected a CRS, such as EPSG:4326; got {text[:80]!r}",
            do="correct `crs` of the labels",
        ) from error


def box_in(grid: RasterInfo, crs: CRS) -> tuple[float, float, float, float] | None:
    """Return the box that holds a grid in another CRS: left, bottom, right, top; None where it has no such box."""
    shares = np.linspace(0, 1, _EDGE_POINTS)
    along, across = np.meshgrid(shares * grid.width, shares * grid.height)
    x, y = _apply(_affine(grid), along.ravel(), across.ravel())
    try:
        x, y = Transformer.from_crs(crs_of(grid), crs, always_xy=True).transform(x, y)
    except ProjError:
        return None
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    margin_x, margin_y = (0.01 * (part.max() - part.min()) for part in (x, y))
    return (
        float(x.min() - margin_x),
        float(y.min() - margin_y),
        float(x.max() + margin_x),
        float(y.max() + margin_y),
    )


def to_pixels(geometries: Geometries, crs: CRS, grid: RasterInfo, path: Path) -> Geometries:
    """Bring geometries from a CRS into pixels of a grid: x = column, y = row, 0 at the upper left corner.

    Args:
        geometries: objects of a file.
        crs: theirs.
        grid: header of the raster.
        path: the file, for errors.

    Returns:
        Geometries without height.

    Raises:
        LabelError: their CRS has no place on the Earth.
        GridError: that of the grid has none.

    Edges: a coordinate that has no place in the grid's CRS is infinite or NaN.
    """
    own = crs_of(grid)
    try:
        transformer = Transformer.from_crs(crs, own, always_xy=True)
    except ProjError as error:
        if not is_on_earth(crs):
            raise without_place(crs, path) from error
        raise _nowhere(grid) from error
    inverse = ~_affine(grid)

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = transformer.transform(points[:, 0], points[:, 1])
        return np.stack(_apply(inverse, x, y), axis=1)

    moved: Geometries = shapely.transform(shapely.force_2d(geometries), move)
    return moved


def pixel_size_m(grid: RasterInfo) -> tuple[float, float]:
    """Return how wide and how high the pixel in the middle of a grid is on the ground, m.

    Raises:
        GridError: the grid does not lie on the Earth.
    """
    col, row = grid.width / 2, grid.height / 2
    cols = np.array([col - 0.5, col + 0.5, col, col])
    x, y = _apply(_affine(grid), cols, np.array([row, row, row - 0.5, row + 0.5]))
    try:
        lon, lat = Transformer.from_crs(crs_of(grid), _LONLAT, always_xy=True).transform(x, y)
    except ProjError as error:
        raise _nowhere(grid) from error
    sizes = tuple(float(_GEOD.inv(lon[i], lat[i], lon[i + 1], lat[i + 1])[2]) for i in (0, 2))
    if not all(math.isfinite(size) and size > 0 for size in sizes):
        raise _nowhere(grid)
    return sizes[0], sizes[1]


def grow(geometries: Geometries, width: float, size: tuple[float, float]) -> Geometries:
    """Grow geometries in pixels by a width (shrink them, where it is negative).

    Args:
        geometries: in pixels.
        width: in the unit of `size`.
        size: width and height of a pixel; (1, 1) where `width` is in pixels.
    """
    scale = np.asarray(size)
    stretched = shapely.transform(geometries, lambda points: points * scale)
    grown: Geometries = shapely.transform(
        shapely.buffer(stretched, width), lambda points: points / scale
    )
    return grown


def _nowhere(grid: RasterInfo) -> GridError:
    """Return the error of a grid that has no place on the Earth."""
    return GridError(
        f"expected an image that lies on the Earth; got one outside, in {(grid.crs or '')[:60]}",
        where=grid.path,
        do="correct the CRS and the transform of the file",
    )


def _affine(grid: RasterInfo) -> Affine:
    """Return a grid's transform from (column, row); pixels themselves where it has none."""
    return Affine(*(grid.transform or _PIXELS))


def _apply(
    affine: Affine, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Transform many points at once."""
    a, b, c, d, e, f = affine[:6]
    return a * x + b * y + c, d * x + e * y + f
