"""The outlines that people want: as they are on the map, simpler, or right-angled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from landseer.vector.ground import Ground
from landseer.vector.right_angles import right_angled

ROUGH_PX = 1.0
"""How much an outline that cannot be right-angled is simplified where nothing else was asked for."""

HOW = ("right-angled", "rectangle", "simplified")
"""What can become of an outline, the most wanted first."""


def straighten(
    polygons: NDArray[np.object_], ground: Ground, *, min_iou: float, tolerance_m: float = 0.0
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Make polygons right-angled on the ground.

    Args:
        polygons: in pixel coordinates, edges along rows and columns.
        ground: says how large pixels are.
        min_iou: least intersection over union with the polygon on the map.
        tolerance_m: how much to simplify what cannot be right-angled; 0 takes one pixel.

    Returns:
        Polygons in pixel coordinates, and for each what it became, as a position in `HOW`: the best right-angled
        outline, else the smallest rectangle around it, else the simplified outline itself.
    """
    if not len(polygons):
        return polygons, np.zeros(0, np.int64)
    side = ground.side
    pixel = (ground.pixel[0] / side, ground.pixel[1] / side)
    plain = shapely.transform(polygons, lambda points: points * pixel)
    rough = tolerance_m / side if tolerance_m else ROUGH_PX
    fitted = np.array([right_angled(polygon, pixel) for polygon in polygons], object)
    choices = [fitted, shapely.minimum_rotated_rectangle(plain), shapely.simplify(plain, rough)]
    chosen, how = np.full(len(polygons), None, object), np.full(len(polygons), -1)
    for number, choice in enumerate(choices):
        fits = (how < 0) & (_agreement(choice, plain) >= (min_iou if number < 2 else -1))
        chosen[fits], how[fits] = choice[fits], number
    return shapely.transform(chosen, lambda points: points / pixel), how


def _agreement(ours: NDArray[np.object_], theirs: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the intersection over union of each pair; 0 where there is nothing."""
    both = np.zeros(len(ours))
    there = ~shapely.is_missing(ours)
    both[there] = shapely.area(shapely.intersection(ours[there], theirs[there]))
    total = np.where(there, shapely.area(ours), 0) + shapely.area(theirs) - both
    return both / total


def grouped(
    polygons: Sequence[Polygon] | NDArray[np.object_], owner: NDArray[np.int64]
) -> NDArray[np.object_]:
    """Put the polygons of each owner, 0, 1, 2 … without gaps, into one geometry: a multipolygon of several."""
    parts = np.asarray(polygons, object)
    order = np.argsort(owner, kind="stable")
    counts = np.bincount(owner) if len(owner) else np.zeros(0, np.int64)
    result = np.full(len(counts), None, object)
    first = np.cumsum(counts) - counts
    result[counts == 1] = parts[order[first[counts == 1]]]
    several = np.flatnonzero(counts > 1)
    is_several = (counts > 1)[owner[order]]
    if len(several):
        place = np.searchsorted(several, owner[order[is_several]])
        result[several] = shapely.multipolygons(parts[order[is_several]], indices=place)
    return result
