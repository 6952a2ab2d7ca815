"""Ground: distances between footprints in metres, anywhere on the Earth, poles and antimeridian included.

Footprints are looked at from above the middle of one of them (orthographic projection of WGS 84 points): lengths come
out a little short, never long, so that what is found to be 100 m away is 100 m away or more. Two footprints within
100 km of each other are off by less than 5 m in 100 km.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from scipy.spatial import KDTree

Metres = NDArray[np.float64]
Rows = NDArray[np.intp]

FAR_M = 1_000_000
"""From here on distances are from middle to middle, less how far both footprints reach."""

_CHUNK = 20_000
"""Pairs that are measured at once: about 200 MB."""

_EARTH_M = 6_371_008.8


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Footprints ready to be measured.

    Attributes:
        polygons: (n,) in degrees.
        lon_lat: (n, 2) a point inside each, degrees.
        middle: (n, 3) the same in WGS 84's Cartesian axes, m.
        reach: (n,) how far each footprint's corners are from it, m.
        own: (n,) the footprints as seen from above their middles, m east and north of it.
        vertices: (v, 3) all corners, m.
        first: (n + 1,) where the corners of each footprint begin.
    """

    polygons: NDArray[np.object_]
    lon_lat: NDArray[np.float64]
    middle: NDArray[np.float64]
    reach: Metres
    own: NDArray[np.object_]
    vertices: NDArray[np.float64]
    first: Rows

    def gap_m(self, one: Rows, two: Rows) -> Metres:
        """Measure pairs of footprints: (p,) distances in metres, 0 where they touch or overlap."""
        parts = [
            self._gap(one[start : start + _CHUNK], two[start : start + _CHUNK])
            for start in range(0, len(one), _CHUNK)
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _gap(self, one: Rows, two: Rows) -> Metres:
        """Measure one chunk of pairs."""
        apart = np.linalg.norm(self.middle[one] - self.middle[two], axis=1)
        arc = 2 * _EARTH_M * np.arcsin(np.minimum(apart / (2 * _EARTH_M), 1))
        gap = np.maximum(arc - self.reach[one] - self.reach[two], 0)
        near = np.flatnonzero(apart < FAR_M)
        seen = self._seen(two[near], one[near])
        gap[near] = shapely.distance(self.own[one[near]], seen)
        return gap

    def _seen(self, which: Rows, above: Rows) -> NDArray[np.object_]:
        """Draw footprints as seen from above the middles of others."""
        counts = self.first[which + 1] - self.first[which]
        starts = np.repeat(self.first[which] - np.r_[0, np.cumsum(counts)[:-1]], counts)
        vertices = self.vertices[starts + np.arange(counts.sum())]
        view = np.repeat(above, counts)
        return _drawn(self.polygons[which], vertices - self.middle[view], self.lon_lat[view])


def lay_out(geometry: gpd.GeoSeries) -> Ground:
    """Make footprints ready to be measured.

    Args:
        geometry: polygons in EPSG:4326, none empty.
    """
    polygons = np.asarray(geometry, dtype=object)
    inside = shapely.point_on_surface(polygons)
    lon_lat = np.column_stack([shapely.get_x(inside), shapely.get_y(inside)])
    degrees, owner = shapely.get_coordinates(polygons, return_index=True)
    middle, vertices = _cartesian(lon_lat), _cartesian(degrees)
    first = np.searchsorted(owner, np.arange(len(polygons) + 1))
    offset = vertices - middle[owner]
    reach = np.zeros(len(polygons))
    np.maximum.at(reach, owner, np.linalg.norm(offset, axis=1))
    own = _drawn(polygons, offset, lon_lat[owner])
    return Ground(polygons, lon_lat, middle, reach, own, vertices, first)


def near_pairs(ground: Ground, one: Rows, two: Rows, within_m: float) -> tuple[Rows, Rows]:
    """Find pairs of footprints that are nearer than a distance.

    Args:
        ground: the footprints.
        one, two: positions of those on either side.
        within_m: the distance, m.

    Returns:
        positions of each pair's two footprints, `one` first.
    """
    found: list[tuple[Rows, Rows]] = [(np.zeros(0, np.intp), np.zeros(0, np.intp))]
    for left, right, apart in _candidates(ground, one, two, np.full(len(one), within_m)):
        sure = apart < within_m
        gap = np.zeros(len(left))
        gap[~sure] = ground.gap_m(left[~sure], right[~sure])
        found.append((left[gap < within_m], right[gap < within_m]))
    lefts, rights = zip(*found, strict=True)
    return np.concatenate(lefts), np.concatenate(rights)


def nearest_m(ground: Ground, one: Rows, two: Rows) -> Metres:
    """Measure how far each of some footprints is from the nearest of others.

    Returns:
        (len(one),) metres; infinite where there are no others.
    """
    nearest = np.full(len(ground.polygons), np.inf)
    if not len(one) or not len(two):
        return nearest[one]
    # No footprint is farther than its middle, so only those within that and both reaches can be nearest.
    limit, _ = KDTree(ground.middle[two]).query(ground.middle[one])
    for left, right, _ in _candidates(ground, one, two, limit):
        np.minimum.at(nearest, left, ground.gap_m(left, right))
    return nearest[one]


def shared_m2(geometry: gpd.GeoSeries, one: Rows, two: Rows) -> tuple[Metres, Metres]:
    """Measure the ground that pairs of footprints share.

    Returns:
        (p,) shared area, m²; (p,) the same as a share of the smaller one, 0..1.
    """
    flat = np.asarray(geometry.to_crs("EPSG:6933"), dtype=object)  # cylindrical equal-area
    area = shapely.area(flat)
    shared = shapely.area(shapely.intersection(flat[one], flat[two]))
    return shared, shared / np.maximum(np.minimum(area[one], area[two]), 1e-9)


def overlapping_pairs(geometry: gpd.GeoSeries) -> tuple[Rows, Rows]:
    """Find pairs of footprints (positions a < b) that touch or overlap."""
    polygons = np.asarray(geometry, dtype=object)
    one, two = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    return one[one < two], two[one < two]


def _candidates(
    ground: Ground, one: Rows, two: Rows, limit_m: Metres
) -> Iterator[tuple[Rows, Rows, Metres]]:
    """List pairs whose footprints may be within a limit of each other, with how far apart their middles are."""
    if not len(one) or not len(two):
        return
    tree = KDTree(ground.middle[two])
    radius = (limit_m + ground.reach[one] + ground.reach[two].max()) * (1 + 1e-9) + 1e-3
    step = max(1, _CHUNK // 20)
    for start in range(0, len(one), step):
        part = one[start : start + step]
        found: Any = tree.query_ball_point(ground.middle[part], radius[start : start + step])
        left = np.repeat(part, [len(rows) for rows in found])
        right = two[np.array([row for rows in found for row in rows], np.intp)]
        apart = np.linalg.norm(ground.middle[left] - ground.middle[right], axis=1)
        limits = np.repeat(limit_m[start : start + step], [len(rows) for rows in found])
        kept = apart - ground.reach[left] - ground.reach[right] <= limits + 1e-3
        yield left[kept], right[kept], apart[kept]


def _cartesian(lon_lat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn degrees into WGS 84's Cartesian axes, m, at height 0."""
    move = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    return np.column_stack(move.transform(lon_lat[:, 0], lon_lat[:, 1], np.zeros(len(lon_lat))))


def _drawn(
    polygons: NDArray[np.object_], offset: NDArray[np.float64], lon_lat: NDArray[np.float64]
) -> NDArray[np.object_]:
    """Replace the corners of polygons by metres east and north of a point; one offset and point per corner."""
    lon, lat = np.radians(lon_lat).T
    east = np.column_stack([-np.sin(lon), np.cos(lon), np.zeros(len(lon))])
    north = np.column_stack([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)])
    flat = np.column_stack([(offset * east).sum(axis=1), (offset * north).sum(axis=1)])
    return np.asarray(shapely.set_coordinates(polygons.copy(), flat), dtype=object)
