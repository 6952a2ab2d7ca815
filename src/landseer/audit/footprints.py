"""Footprints: which georeferenced samples cover common ground, and how much of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

EQUAL_AREA = "EPSG:6933"
"""Cylindrical equal-area on the WGS 84 ellipsoid: areas are true everywhere, so one projection serves all samples."""


@dataclass(frozen=True, slots=True)
class CommonGround:
    """Two footprints (positions a < b) that overlap: by how many square metres, and what share of the smaller one."""

    a: int
    b: int
    overlap_m2: float
    overlap: float


def find_common_ground(
    footprints: Sequence[BaseGeometry], *, min_overlap: float
) -> list[CommonGround]:
    """Find all pairs of footprints that overlap.

    Args:
        footprints: polygons in EPSG:4326 (longitude, latitude), degrees.
        min_overlap: least shared area as a share of the smaller footprint, 0..1; slivers between neighbours whose
            edges were rounded or reprojected stay below it.

    Returns:
        pairs sorted by (a, b).

    Edges: neighbours that only touch share nothing; the edges between a footprint's corners are straight in degrees.
    """
    polygons = np.asarray(footprints, dtype=object)
    tree = shapely.STRtree(polygons)
    one, two = tree.query(polygons, predicate="intersects")
    one, two = one[one < two], two[one < two]
    flat = to_equal_area(polygons)
    area = shapely.area(flat)
    shared = shapely.area(shapely.intersection(flat[one], flat[two]))
    share = shared / np.maximum(np.minimum(area[one], area[two]), 1e-9)
    kept = np.flatnonzero((share >= min_overlap) & (shared > 0))
    found = [
        CommonGround(int(one[n]), int(two[n]), float(shared[n]), float(share[n])) for n in kept
    ]
    return sorted(found, key=lambda pair: (pair.a, pair.b))


def to_equal_area(polygons: NDArray[np.object_]) -> NDArray[np.object_]:
    """Project polygons from EPSG:4326 to metres in which areas are true."""
    project = Transformer.from_crs("EPSG:4326", EQUAL_AREA, always_xy=True)

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Project (n, 2) points."""
        return np.column_stack(project.transform(points[:, 0], points[:, 1]))

    return np.asarray(shapely.transform(polygons, move), dtype=object)
