"""A drone's mosaic: pictures side by side, each leaning its own way and a little off, under a ragged outline."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rasterio.features import rasterize
from scipy import ndimage

from landseer.synth.camera import View
from landseer.synth.render import render
from landseer.synth.solids import World
from landseer.synth.texture import rough

Field = NDArray[np.float32]
Floats = NDArray[np.float64]
Rng = np.random.Generator

_PICTURE_M = 42.0
_WAVE_M = 2.0


@dataclass(frozen=True)
class Mosaic:
    """How a mosaic is put together.

    Attributes:
        view: the mosaic as one picture from straight above.
        part: (h, w) uint16, which picture every pixel comes from.
        views: camera of each picture, on the mosaic's grid.
        gains: its brightness.
        covered: (h, w), whether any picture shows a pixel.
    """

    view: View
    part: NDArray[np.uint16]
    views: tuple[View, ...]
    gains: Floats
    covered: NDArray[np.bool_]


@dataclass(frozen=True)
class Flight:
    """How exactly a mosaic fits.

    Attributes:
        lean: mean lean of the whole, (south, east) metres on the ground per metre of height.
        spread: standard deviation of the lean of single pictures around it.
        wobble_m: standard deviation of their places.
        ragged: whether the outline is ragged; a full rectangle otherwise.
    """

    lean: tuple[float, float]
    spread: float
    wobble_m: float
    ragged: bool = True


def make_mosaic(view: View, flight: Flight, rng: Rng) -> Mosaic:
    """Lay out the pictures of a mosaic.

    Args:
        view: grid and light of the mosaic, from straight above.
        flight: how it fits.
        rng: source of randomness.
    """
    height, width = view.size
    rows, cols = (max(1, round(n * view.gsd_m / _PICTURE_M)) for n in view.size)
    part = _parts(view, rows, cols, rng)
    views = []
    for _ in range(rows * cols):
        lean = np.array(flight.lean) + rng.normal(0.0, flight.spread, 2)
        shift = rng.normal(0.0, flight.wobble_m, 2)
        views.append(_leaning(view, lean, shift))
    gains = rng.normal(1.0, 0.025, rows * cols)
    covered = _outline((height, width), rng) if flight.ragged else np.ones((height, width), bool)
    return Mosaic(view, part, tuple(views), gains, covered)


def _leaning(view: View, lean: Floats, shift_m: Floats) -> View:
    """Return a view whose lines of sight lean, moved over the ground."""
    (a, b), (c, d) = view.linear
    flow = (a * lean[0] + b * lean[1], c * lean[0] + d * lean[1])
    move = (a * shift_m[0] + b * shift_m[1], c * shift_m[0] + d * shift_m[1])
    offset = (view.offset_px[0] + float(move[0]), view.offset_px[1] + float(move[1]))
    return replace(view, flow_per_m=(float(flow[0]), float(flow[1])), offset_px=offset)


def _parts(view: View, rows: int, cols: int, rng: Rng) -> NDArray[np.uint16]:
    """Cut the grid into rows x cols pictures along wavy seams."""
    height, width = view.size
    down, right = np.arange(height)[:, None] * view.gsd_m, np.arange(width)[None, :] * view.gsd_m
    at = rng.uniform(0, 2000, 4)
    wave_r = _WAVE_M * rough("soft", at[0] + 0 * down, at[1] + right, 0.8)
    wave_c = _WAVE_M * rough("soft", at[2] + down, at[3] + 0 * right, 0.8)
    row = np.clip((down + wave_r) / (height * view.gsd_m) * rows, 0, rows - 1e-6).astype(np.uint16)
    col = np.clip((right + wave_c) / (width * view.gsd_m) * cols, 0, cols - 1e-6).astype(np.uint16)
    result: NDArray[np.uint16] = (row * np.uint16(cols) + col).astype(np.uint16)
    return result


def _outline(size: tuple[int, int], rng: Rng) -> NDArray[np.bool_]:
    """Return what the pictures of a flight cover: lines of overlapping rectangles of uneven length."""
    half, middle = max(size) / 2, (np.array(size) - 1) / 2
    turn = float(rng.uniform(0, math.pi))
    shapes = []
    for across in np.arange(-0.86, 0.9, 0.3):
        low, high = -1.0 + rng.uniform(0.0, 0.3), 1.0 - rng.uniform(0.0, 0.3)
        for along in np.arange(low, high, 0.16):
            place = (along + rng.normal(0, 0.02), across + rng.normal(0, 0.02))
            corners = _rectangle((0.25, 0.2), turn + rng.normal(0, 0.05), place, turn)
            ring = [(float(col), float(row)) for row, col in middle + half * corners]
            shapes.append({"type": "Polygon", "coordinates": [[*ring, ring[0]]]})
    covered = rasterize(shapes, out_shape=size, fill=0, default_value=1, dtype="uint8") > 0
    return np.asarray(ndimage.binary_fill_holes(covered))


def _rectangle(
    half: tuple[float, float], turn: float, place: tuple[float, float], line: float
) -> Floats:
    """Return the corners (4, 2) of a turned rectangle at a place along and across flight lines."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    result: Floats = _turned(corners, turn) + _turned(np.array([place]), line)
    return result


def _turned(points: Floats, turn: float) -> Floats:
    """Turn points (n, 2)."""
    cos, sin = math.cos(turn), math.sin(turn)
    return np.stack(
        [cos * points[:, 0] - sin * points[:, 1], sin * points[:, 0] + cos * points[:, 1]], 1
    )


def render_mosaic(world: World, mosaic: Mosaic) -> Field:
    """Render every picture where it is used; return radiance (3, h, w), 0 where nothing is covered."""
    result = np.zeros((3, *mosaic.view.size), np.float32)
    used = np.where(mosaic.covered, mosaic.part + 1, 0)
    for number, box in enumerate(ndimage.find_objects(used, len(mosaic.views))):
        if box is None:
            continue
        rows, cols = box
        view = mosaic.views[number].cut(
            rows.start, cols.start, rows.stop - rows.start, cols.stop - cols.start
        )
        mine = used[box] == number + 1
        radiance = render(world, view).radiance * np.float32(mosaic.gains[number])
        result[:, rows, cols][:, mine] = radiance[:, mine]
    return result
