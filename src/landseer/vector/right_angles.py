"""Right-angled outlines of pixel shapes, such as buildings: the direction, then the walls that explain them best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

ROUGH_PX = 0.7
"""Walls may meet where the outline, simplified by this much, has a point."""

WALL_COST = 5.0
"""What one more wall must explain at least, in pixels of outline times squared pixels of distance."""

NOISE_COST = 50.0
"""The same as a multiple of the mean squared distance of the outline from its walls: a wavering outline gets fewer."""

SAME_ANGLE = np.deg2rad(2.0)
"""Two guesses of the direction nearer than this are one."""

_REFINEMENTS = 2


@dataclass(frozen=True, slots=True)
class _Outline:
    """A ring as points of equal meaning.

    Attributes:
        points: (n, 2) midpoints of the sides of pixels along the ring.
        weight: (n,) lengths of those sides.
        breaks: (m,) positions at which a wall may begin, ascending.
    """

    points: NDArray[np.float64]
    weight: NDArray[np.float64]
    breaks: NDArray[np.int64]


def right_angled(polygon: Polygon, pixel: tuple[float, float] = (1.0, 1.0)) -> Polygon | None:
    """Fit a polygon whose angles are all right ones to the outline of a pixel shape.

    Args:
        polygon: corners at corners of pixels, edges along rows and columns; holes too.
        pixel: width and height of a pixel, in units of which both are about 1.

    Returns:
        The right-angled polygon in the same coordinates times `pixel`; None where there is none that is valid.

    Source: own. Of all ways to divide the outline into walls along two perpendicular directions the one of the least
        sum of squared distances, plus a price per wall, by dynamic programming; the direction by total least
        squares over all walls.
    """
    shell = _outline(polygon.exterior, pixel)
    best: tuple[float, float, NDArray[np.float64]] | None = None
    for guess in _guesses(polygon, pixel):
        fitted = _fit(shell, guess)
        if fitted is not None and (best is None or fitted[0] < best[0]):
            best = fitted
    if best is None:
        return None
    _, angle, corners = best
    holes = [_walls(_outline(ring, pixel), angle) for ring in polygon.interiors]
    result = Polygon(corners, [hole[1] for hole in holes if hole is not None])
    return result if result.is_valid and result.area > 0 else None


def _outline(ring: shapely.LinearRing, pixel: tuple[float, float]) -> _Outline:
    """Cut a ring into sides of pixels."""
    corners = shapely.get_coordinates(ring)
    steps = np.diff(corners, axis=0)
    counts = np.rint(np.abs(steps).sum(axis=1)).astype(np.int64)
    edge = np.repeat(np.arange(len(counts)), counts)
    at = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    unit = steps / counts[:, None]
    points = (corners[:-1][edge] + (at + 0.5)[:, None] * unit[edge]) * pixel
    weight = np.abs(unit * pixel).sum(axis=1)[edge]
    # Start at the farthest point from the middle, so that simplification keeps a true corner there.
    first = int(np.argmax(((points - points.mean(axis=0)) ** 2).sum(axis=1)))
    points, weight = np.roll(points, -first, axis=0), np.roll(weight, -first)
    kept = shapely.get_coordinates(
        shapely.simplify(shapely.linestrings(np.vstack([points, points[:1]])), ROUGH_PX)
    )[:-1]
    order = np.lexsort(points.T)
    found = order[np.searchsorted(_key(points[order]), _key(kept))]
    return _Outline(points, weight, np.unique(found))


def _key(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn points into numbers that sort by y, then x."""
    return np.rint(points[:, 1] * 64) * 2.0**26 + np.rint(points[:, 0] * 64)


def _guesses(polygon: Polygon, pixel: tuple[float, float]) -> list[float]:
    """Guess the direction: by the edges of the simplified outline, and by the smallest rectangle around it."""
    stretched = shapely.transform(polygon.exterior, lambda points: points * pixel)
    edges = np.diff(shapely.get_coordinates(shapely.simplify(stretched, 1.0)), axis=0)
    angle, length = np.arctan2(edges[:, 1], edges[:, 0]), np.hypot(*edges.T)
    by_edges = np.angle((length**2 * np.exp(4j * angle)).sum()) / 4
    box = np.diff(shapely.get_coordinates(shapely.minimum_rotated_rectangle(stretched)), axis=0)
    by_box = np.arctan2(box[0, 1], box[0, 0])
    apart = (by_box - by_edges + np.pi / 4) % (np.pi / 2) - np.pi / 4
    return [by_edges] if abs(apart) < SAME_ANGLE else [by_edges, by_box]


def _fit(outline: _Outline, angle: float) -> tuple[float, float, NDArray[np.float64]] | None:
    """Fit walls, turn the direction to them, and fit again; return cost, direction and corners."""
    price = WALL_COST
    for _ in range(_REFINEMENTS):
        walls = _divide(outline, angle, price)
        if walls is None:
            return None
        angle = _direction(outline, angle, walls)
        price = max(WALL_COST, NOISE_COST * walls.distance / outline.weight.sum())
    fitted = _walls(outline, angle, price)
    return None if fitted is None else (fitted[0], angle, fitted[1])


@dataclass(frozen=True, slots=True)
class _Walls:
    """How an outline is divided.

    Attributes:
        cost: squared distances and the price of the walls.
        begins: (k,) first point of each wall; the last wall goes on over the end of the points.
        is_across: (k,) whether it runs along the second direction; always in turn.
        shift: by how many points the outline was turned.
    """

    distance: float
    begins: NDArray[np.int64]
    is_across: NDArray[np.bool_]
    shift: int


def _turned(outline: _Outline, angle: float) -> NDArray[np.float64]:
    """Return the points in the frame of a direction."""
    cos, sin = np.cos(angle), np.sin(angle)
    return outline.points @ np.array([[cos, -sin], [sin, cos]])


def _divide(outline: _Outline, angle: float, price: float) -> _Walls | None:
    """Find the cheapest division into walls that run along and across in turn."""
    points = _turned(outline, angle)
    n = len(points)
    # The outermost point towards a diagonal is a corner, whatever the shape.
    start = int(outline.breaks[np.argmax(points[outline.breaks].sum(axis=1))])
    breaks = np.append(np.sort((outline.breaks - start) % n), n)
    points, weight = np.roll(points, -start, axis=0), np.roll(outline.weight, -start)
    costs = np.stack([_spread(points[:, 1 - kind], weight, breaks) for kind in (0, 1)])
    m = len(breaks)
    best = np.full((m, 2, 2), np.inf)
    source = np.zeros((m, 2, 2), np.int64)
    # best[j, last, first]: walls up to break j, by the kind of the last and of the first one.
    best[0, 1, 0] = best[0, 0, 1] = 0.0
    for j in range(1, m):
        total = best[:j, ::-1] + costs[:, :j, j].T[:, :, None] + price
        source[j] = total.argmin(axis=0)
        best[j] = total.min(axis=0)
    first = int(best[-1, 1, 0] > best[-1, 0, 1])
    cost = best[-1, 1 - first, first]
    if not np.isfinite(cost):
        return None
    begins, kinds = [], []
    j, kind = m - 1, 1 - first
    while j > 0:
        j = int(source[j, kind, first])
        begins.append(int(breaks[j]))
        kinds.append(kind)
        kind = 1 - kind
    if len(begins) < 4:
        return None
    distance = float(cost) - price * len(begins)
    return _Walls(distance, np.array(begins[::-1]), np.array(kinds[::-1]) == 1, start)


def _spread(
    values: NDArray[np.float64], weight: NDArray[np.float64], breaks: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the weighted sum of squared distances from the mean, between all pairs of breaks."""
    sums = [np.concatenate([[0], np.cumsum(weight * values**p)])[breaks] for p in (0, 1, 2)]
    count, first, second = (s[None, :] - s[:, None] for s in sums)
    return np.maximum(second - first**2 / np.where(count > 0, count, 1), 0)


def _direction(outline: _Outline, angle: float, walls: _Walls) -> float:
    """Turn the direction to what all walls together say, by total least squares."""
    points = _turned(outline, angle)
    points = np.roll(points, -walls.shift, axis=0)
    weight = np.roll(outline.weight, -walls.shift)
    wall = np.searchsorted(walls.begins, np.arange(len(points)), "right") - 1
    total = np.bincount(wall, weight)
    means = np.stack([np.bincount(wall, weight * axis) / total for axis in points.T], axis=1)
    x, y = (points - means[wall]).T
    is_across = walls.is_across[wall]
    along, off = np.where(is_across, y, x), np.where(is_across, -x, y)
    return angle + 0.5 * np.arctan2(
        2 * (weight * along * off).sum(), (weight * (along**2 - off**2)).sum()
    )


def _walls(
    outline: _Outline, angle: float, price: float = WALL_COST
) -> tuple[float, NDArray[np.float64]] | None:
    """Return the cost, at the least price, and the corners where neighbouring walls meet."""
    walls = _divide(outline, angle, price)
    if walls is None:
        return None
    points = np.roll(_turned(outline, angle), -walls.shift, axis=0)
    weight = np.roll(outline.weight, -walls.shift)
    wall = np.searchsorted(walls.begins, np.arange(len(points)), "right") - 1
    place = points[np.arange(len(points)), np.where(walls.is_across[wall], 0, 1)]
    place = np.bincount(wall, weight * place) / np.bincount(wall, weight)
    following = np.roll(place, -1)
    corners = np.where(
        walls.is_across[:, None],
        np.stack([place, following], axis=1),
        np.stack([following, place], axis=1),
    )
    cos, sin = np.cos(angle), np.sin(angle)
    cost = walls.distance + WALL_COST * len(walls.begins)
    return cost, corners @ np.array([[cos, sin], [-sin, cos]])
