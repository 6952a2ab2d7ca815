"""How light falls: the sun with the shadows of everything on everything, and the sky in narrow places.

The sun is a camera too: what it sees at a place of its picture is lit, what lies lower on the same ray is in shadow.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from landseer.synth.camera import View
from landseer.synth.daylight import Day
from landseer.synth.scan import scan
from landseer.synth.solids import World

Field = NDArray[np.float32]
Floats = NDArray[np.float64]

_SUN_CELL_M = (0.12, 0.35)
_SUN_CELL_PX = 3.0
_SKY_CELL_M = 1.5
_SKY_REACH_M = 7.0
_GRID_CELLS = 16
"""Helper grids start at multiples of so many cells, so that they do not depend on who asks."""

_SUN_COLOUR = np.array([0.80, 0.77, 0.73], np.float32)
_SKY_COLOUR = np.array([0.19, 0.23, 0.31], np.float32)


def sun_cell_m(gsd_m: float) -> float:
    """Return how fine shadows are drawn for samples so far apart, metres."""
    return float(np.clip(_SUN_CELL_PX * gsd_m, *_SUN_CELL_M))


def illumination(
    world: World,
    day: Day,
    place: Floats,
    height: Floats,
    normal: Floats,
    cell_m: float = _SUN_CELL_M[1],
) -> Field:
    """Return the light that points receive, 1 being a flat open place in the sun.

    Args:
        world: what throws shadows.
        day: the sun.
        place: (n, 2) south and east, metres.
        height: (n) metres above the ground.
        normal: (n, 3) unit vectors.
        cell_m: how fine shadows are drawn.

    Returns:
        (n, 3) float32 for red, green and blue.
    """
    south, east, up = day.towards_sun
    facing = (normal[:, 0] * south + normal[:, 1] * east + normal[:, 2] * up) / up
    facing = np.clip(facing, 0.0, 1.7)
    direct = facing * _sunlit(world, day, place, height, normal, cell_m)
    sky = _openness(world, place, height) * (0.6 + 0.4 * normal[:, 2])
    both: Field = direct.astype(np.float32)[:, None] * _SUN_COLOUR
    return both + sky.astype(np.float32)[:, None] * _SKY_COLOUR


def _grid_over(
    place: Floats, cell_m: float, spare: int, flow: tuple[float, float]
) -> tuple[View, Floats]:
    """Lay a grid of the world over places; return its view and the places in its cells."""
    at = place / cell_m
    first = np.floor((at.min(0) - spare) / _GRID_CELLS) * _GRID_CELLS
    rows, cols = np.ceil(at.max(0) + spare + 1 - first).astype(int)
    scale = 1.0 / cell_m
    view = View(
        linear=((scale, 0.0), (0.0, scale)),
        offset_px=(-float(first[0]), -float(first[1])),
        flow_per_m=(flow[0] * scale, flow[1] * scale),
        size=(int(rows), int(cols)),
    )
    return view, at - first


def _sunlit(
    world: World, day: Day, place: Floats, height: Floats, normal: Floats, cell_m: float
) -> Floats:
    """Return the lit share of the four cells of the sun's picture around each point."""
    shift = np.array(day.shadow_per_m)
    view, at = _grid_over(place - height[:, None] * shift, cell_m, 1, day.shadow_per_m)
    tops = scan(world, view).height_m.ravel()
    limit = height + _allowance(shift, normal, cell_m)
    corner = np.floor(at).astype(np.int64)
    share = at - corner
    start = corner[:, 0] * view.size[1] + corner[:, 1]
    lit = np.zeros(len(height))
    for down in (0, 1):
        for right in (0, 1):
            weight = np.abs(1 - down - share[:, 0]) * np.abs(1 - right - share[:, 1])
            lit += weight * (tops[start + down * view.size[1] + right] <= limit)
    return lit


def _allowance(shift: Floats, normal: Floats, cell_m: float) -> Floats:
    """Return how much higher a neighbour cell of the same plane may be in the sun's picture, metres."""
    rise = normal[:, 0] * shift[0] + normal[:, 1] * shift[1] + normal[:, 2]
    level = np.abs(normal[:, 0]) + np.abs(normal[:, 1])
    steep = level / np.maximum(np.abs(rise), 1e-3)
    return 0.05 + np.minimum(cell_m * steep, 1.5)


def _openness(world: World, place: Floats, height: Floats) -> Floats:
    """Return how much of the sky is open over points: less between high neighbours."""
    sigma = _SKY_REACH_M / _SKY_CELL_M
    view, at = _grid_over(place, _SKY_CELL_M, int(4 * sigma) + 2, (0.0, 0.0))
    tops = scan(world, view).height_m.astype(np.float32)
    mean = ndimage.gaussian_filter(tops, sigma, truncate=3.0)
    around = ndimage.map_coordinates(mean, at.T, order=1, output=np.float64)
    return 1.0 / (1.0 + np.maximum(around - height, 0.0) / 6.0)
