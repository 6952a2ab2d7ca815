"""Simpler outlines that neighbours still share."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from landseer.vector.ground import Ground
from landseer.vector.rings import Rings, no_rings


def simplify(rings: Rings, tolerance_m: float, ground: Ground) -> NDArray[np.object_]:
    """Simplify all shapes of a map together: no gaps and no overlaps arise, and no shape is lost.

    Args:
        rings: outlines of shapes that do not overlap.
        tolerance_m: corners go that cut off less than about the square of this; pixels where the map has no CRS.
        ground: gives the size of pixels.

    Returns:
        A polygon per shape, in pixel coordinates.

    Edges: metres as at the map's centre. Points where three shapes meet, or two and open ground, stay.
    Source: Visvalingam and Whyatt, Line generalisation by repeated elimination of points, 1993,
        doi:10.1179/000870493786962263, as GEOS's CoverageSimplifier has it.
    """
    if not len(rings.shape):
        return np.zeros(0, object)
    polygons = ground.to_metres(with_nodes(rings).polygons())
    return ground.from_metres(shapely.coverage_simplify(polygons, tolerance_m))


def with_nodes(rings: Rings) -> Rings:
    """Add to each edge the corners of other shapes that lie on it, so that shared borders have the same points."""
    points = rings.points.astype(np.int64)
    following = np.arange(1, len(points) + 1)
    following[rings.first[1:] - 1] = rings.first[:-1]
    ends = points[following]
    is_across = points[:, 1] == ends[:, 1]
    stride = int(points.max()) + 1
    corners = np.stack(np.divmod(np.unique(points[:, 0] * stride + points[:, 1]), stride), axis=1)
    edge_parts, added_parts = [], []
    for fixed, mask in ((1, is_across), (0, ~is_across)):
        edges = np.flatnonzero(mask)
        edge, added = _between(points[edges], ends[edges], corners, fixed)
        edge_parts.append(edges[edge])
        added_parts.append(added)
    edge, added = np.concatenate(edge_parts), np.concatenate(added_parts)
    away = np.abs(added - points[edge]).sum(axis=1)
    owner = np.concatenate([np.arange(len(points)), edge])
    order = np.lexsort((np.concatenate([np.zeros(len(points), np.int64), away]), owner))
    counts = np.bincount(rings.of_point[owner], minlength=len(rings.shape))
    return Rings(
        np.concatenate([points, added])[order].astype(np.float64),
        np.concatenate([[0], np.cumsum(counts)]),
        rings.shape,
        rings.is_shell,
    )


def _between(
    begins: NDArray[np.int64], ends: NDArray[np.int64], corners: NDArray[np.int64], fixed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the corners strictly within edges along which coordinate `fixed` is constant.

    Returns:
        (k,) the edge and (k, 2) the corner of each.
    """
    stride = int(corners.max(initial=0)) + 1
    line = np.sort(corners[:, fixed] * stride + corners[:, 1 - fixed])
    low = np.minimum(begins, ends)[:, 1 - fixed] + begins[:, fixed] * stride
    high = np.maximum(begins, ends)[:, 1 - fixed] + begins[:, fixed] * stride
    first, end = np.searchsorted(line, low, "right"), np.searchsorted(line, high, "left")
    counts = end - first
    edge = np.repeat(np.arange(len(begins)), counts)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    found = line[np.arange(len(edge)) - before + np.repeat(first, counts)]
    added = np.empty((len(found), 2), np.int64)
    added[:, fixed], added[:, 1 - fixed] = np.divmod(found, stride)
    return edge, added


def joined(batches: list[Rings]) -> Rings:
    """Put rings after one another; shapes are numbered on."""
    batches = [no_rings(), *batches]
    n_points = np.cumsum([0, *(len(rings.points) for rings in batches)])
    n_shapes = np.cumsum([0, *(int(rings.shape.max(initial=-1)) + 1 for rings in batches)])
    firsts = [rings.first[:-1] + n for rings, n in zip(batches, n_points[:-1], strict=True)]
    shapes = [rings.shape + n for rings, n in zip(batches, n_shapes[:-1], strict=True)]
    return Rings(
        np.concatenate([rings.points for rings in batches]),
        np.concatenate([*firsts, n_points[-1:]]),
        np.concatenate(shapes),
        np.concatenate([rings.is_shell for rings in batches]),
    )
