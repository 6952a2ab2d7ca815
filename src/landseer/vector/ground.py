"""Pixel coordinates and the ground: how long, how large, and where on the Earth."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import ProjError

from landseer.errors import GridError
from landseer.raster.read import RasterInfo

LONGEST_EDGE_M = 2000.0
"""Longer edges are measured in pieces: what is straight in the map's CRS is curved in another."""

_GEOD = Geod(ellps="WGS84")


class Ground:
    """The ground under a map.

    Attributes:
        crs: `EPSG:n` or WKT; None where the map has none: then one pixel is the unit of everything.
        transform: from (col, row) to the CRS.
        pixel: width and height of a pixel on the ground at the map's centre, m.
    """

    def __init__(self, info: RasterInfo) -> None:
        self.crs = info.crs if info.transform is not None else None
        self.transform = Affine(*(info.transform or (1, 0, 0, 0, 1, 0)))
        self.pixel = (1.0, 1.0)
        if self.crs is None:
            return
        try:
            self._lonlat = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True)
            self.pixel = self._pixel(info.height, info.width)
        except ProjError as error:
            raise GridError(
                f"expected a map that lies on the Earth; got CRS {self.crs[:60]} ({error})",
                where=info.path,
            ) from error

    @property
    def side(self) -> float:
        """Side of a square as large as a pixel at the map's centre, m."""
        return math.sqrt(self.pixel[0] * self.pixel[1])

    def _pixel(self, height: int, width: int) -> tuple[float, float]:
        """Measure a pixel at the centre, and keep an equal-area projection round it."""
        x, y = width / 2, height / 2
        lon, lat = self._to_lonlat(
            np.array([[x - 0.5, y], [x + 0.5, y], [x, y - 0.5], [x, y + 0.5]])
        )
        if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
            raise ProjError("its centre has no place in the CRS")
        _, _, sides = _GEOD.inv(lon[::2], lat[::2], lon[1::2], lat[1::2])
        area = CRS.from_proj4(f"+proj=laea +lat_0={lat[0]} +lon_0={lon[0]} +ellps=WGS84 +units=m")
        self._area = Transformer.from_crs(self.crs, area, always_xy=True)
        return float(sides[0]), float(sides[1])

    def _to_lonlat(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Return longitudes and latitudes of pixel coordinates."""
        x, y = self.to_crs(points).T
        lon, lat = self._lonlat.transform(x, y)
        return lon, lat

    def to_crs(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn (n, 2) pixel coordinates into those of the CRS."""
        a, b, c, d, e, f = self.transform[:6]
        x, y = points.T
        return np.stack([a * x + b * y + c, d * x + e * y + f], axis=1)

    def to_metres(self, shapes: Sequence[object] | NDArray[np.object_]) -> NDArray[np.object_]:
        """Stretch shapes of pixel coordinates, so that their units are metres (as at the map's centre)."""
        return shapely.transform(shapes, lambda points: points * self.pixel)

    def from_metres(self, shapes: Sequence[object] | NDArray[np.object_]) -> NDArray[np.object_]:
        """Undo `to_metres`."""
        return shapely.transform(shapes, lambda points: points / self.pixel)

    def areas(self, shapes: NDArray[np.object_]) -> NDArray[np.float64]:
        """Measure shapes of pixel coordinates on the ellipsoid, by an equal-area projection.

        Returns:
            m2; pixels where the map has no CRS.
        """
        if self.crs is None:
            return shapely.area(shapes)
        return shapely.area(shapely.transform(self._dense(shapes), self._equal_area))

    def _equal_area(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Project pixel coordinates."""
        return np.stack(self._area.transform(*self.to_crs(points).T), axis=1)

    def perimeters(self, shapes: NDArray[np.object_]) -> NDArray[np.float64]:
        """Measure the outlines, with those of holes, of shapes of pixel coordinates on the ellipsoid.

        Returns:
            m; pixels where the map has no CRS.
        """
        if self.crs is None:
            return shapely.length(shapes)
        parts, of_part = shapely.get_parts(self._dense(shapes), return_index=True)
        rings, of_ring = shapely.get_rings(parts, return_index=True)
        points, ring = shapely.get_coordinates(rings, return_index=True)
        lon, lat = self._to_lonlat(points)
        is_edge = ring[1:] == ring[:-1]
        _, _, length = _GEOD.inv(
            lon[:-1][is_edge], lat[:-1][is_edge], lon[1:][is_edge], lat[1:][is_edge]
        )
        owner = of_part[of_ring[ring[1:][is_edge]]]
        return np.bincount(owner, length, len(shapes)).astype(np.float64)

    def _dense(self, shapes: NDArray[np.object_]) -> NDArray[np.object_]:
        """Add points to long edges; shapes that are too small to have any are left as they are."""
        longest_px = LONGEST_EDGE_M / self.side
        west, north, east, south = shapely.bounds(shapes).reshape(-1, 4).T
        large = np.flatnonzero(np.maximum(east - west, south - north) > longest_px)
        if not len(large):
            return shapes
        dense = np.array(shapes, object)
        dense[large] = shapely.segmentize(dense[large], longest_px)
        return dense

    def place(self, shapes: NDArray[np.object_]) -> NDArray[np.object_]:
        """Bring shapes of pixel coordinates into the map's CRS, shells counter-clockwise."""
        return shapely.orient_polygons(shapely.transform(shapes, self.to_crs), exterior_cw=False)
