"""Where an image lies on the Earth: its footprint in degrees and its ground sample distance in metres."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import shapely
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import ProjError
from shapely import Polygon
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from landseer.errors import GridError

_EDGE_POINTS = 8
"""Points per edge of a footprint, so that it follows edges that are curved in degrees."""

_NOMINAL_TOLERANCE = 0.01
_GEOD = Geod(ellps="WGS84")


def footprint(crs: str, transform: Sequence[float], height: int, width: int) -> BaseGeometry:
    """Return the outline of an image in EPSG:4326 (longitude, latitude).

    Args:
        crs: `EPSG:n` or WKT.
        transform: (a, b, c, d, e, f) from (col, row) to (x, y).
        height, width: px.

    Returns:
        A polygon; a multipolygon with a part on each side when the image crosses the antimeridian.

    Raises:
        GridError: the image cannot be placed on the Earth with this CRS and transform.
    """
    lon, lat = _outline(crs, transform, height, width)
    if lon.max() - lon.min() <= 180:
        return Polygon(np.stack([lon, lat], axis=1))
    unwrapped = Polygon(np.stack([np.where(lon < 0, lon + 360, lon), lat], axis=1))
    west = shapely.intersection(unwrapped, shapely.box(-180, -90, 180, 90))
    east = shapely.intersection(unwrapped, shapely.box(180, -90, 540, 90))
    return shapely.union(west, translate(east, -360))


def ground_sample_distance_m(
    crs: str, transform: Sequence[float], height: int, width: int
) -> float:
    """Return the side of a pixel on the ground, m: the square root of its area.

    Edges: the pixel size as written, when the CRS is in metres and within 1 % of the truth (so that all images of a UTM
        zone agree); otherwise measured on the ellipsoid, as in Web Mercator, whose metres shrink with the latitude.

    Raises:
        GridError: as for `footprint`.
    """
    lon, lat = _outline(crs, transform, height, width)
    area_m2, _ = _GEOD.polygon_area_perimeter(lon, lat)
    true_m = math.sqrt(abs(area_m2) / (height * width))
    a, b, _, d, e, _ = transform[:6]
    unit_m = _metres_per_unit(crs)
    if unit_m is not None:
        nominal_m = math.sqrt(abs(a * e - b * d)) * unit_m
        if abs(nominal_m - true_m) <= _NOMINAL_TOLERANCE * true_m:
            return nominal_m
    return true_m


def same_crs(first: str, second: str) -> bool:
    """Tell whether two CRS texts mean the same system, whatever the order of their axes."""
    if first == second:
        return True
    try:
        return _crs(first).equals(_crs(second), ignore_axis_order=True)
    except ProjError:
        return False


def _outline(
    crs: str, transform: Sequence[float], height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return longitudes and latitudes along the image's edges, without the closing point."""
    step = np.arange(_EDGE_POINTS) / _EDGE_POINTS
    cols = np.concatenate([step, np.ones(_EDGE_POINTS), 1 - step, np.zeros(_EDGE_POINTS)]) * width
    rows = np.concatenate([np.zeros(_EDGE_POINTS), step, np.ones(_EDGE_POINTS), 1 - step]) * height
    a, b, c, d, e, f = transform[:6]
    try:
        lon, lat = _to_degrees(crs).transform(a * cols + b * rows + c, d * cols + e * rows + f)
    except ProjError as error:
        raise _nowhere(crs, str(error)) from error
    if not (np.isfinite(lon).all() and np.isfinite(lat).all() and abs(a * e - b * d) > 0):
        raise _nowhere(crs, "its corners have no place in the CRS")
    return lon, lat


def _nowhere(crs: str, why: str) -> GridError:
    """Say that an image has no place."""
    return GridError(
        f"expected an image that lies on the Earth; got CRS {crs[:60]} ({why})",
        do="correct the CRS and the transform of the file",
    )


@lru_cache(maxsize=64)
def _crs(text: str) -> CRS:
    """Parse a CRS once."""
    return CRS.from_user_input(text)


@lru_cache(maxsize=64)
def _to_degrees(crs: str) -> Transformer:
    """Make the transformer from a CRS to longitude and latitude once."""
    return Transformer.from_crs(_crs(crs), "EPSG:4326", always_xy=True)


@lru_cache(maxsize=64)
def _metres_per_unit(crs: str) -> float | None:
    """Return the length of a projected CRS's unit, m; None for degrees."""
    parsed = _crs(crs)
    return parsed.axis_info[0].unit_conversion_factor if parsed.is_projected else None
