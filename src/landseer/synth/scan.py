"""What an affine camera sees at the centre of every pixel: the highest surface on its line of sight.

Faces and crowns become spans of pixels per row, all at once; every pixel keeps its greatest key, which is the height in
micrometres followed by the number of the surface. So the result does not depend on any order of drawing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.synth.camera import View
from landseer.synth.solids import World

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NOTHING = -1
"""Number of the surface where there is none."""

_NUMBER_BITS = 24
_UNITS_PER_M = 1e6
_REACH_PX = 1e-7
"""Edges reach this far beyond themselves, so that neighbours leave no cracks."""

_CHUNK_PX = 1_500_000


@dataclass(frozen=True)
class Hits:
    """The surface seen at every pixel centre.

    Attributes:
        number: (h, w) int32; faces are counted first, then crowns; -1 where no ground exists.
        height_m: (h, w) float64, metres above the ground; 0 where no ground exists.
    """

    number: NDArray[np.int32]
    height_m: Floats


@dataclass(frozen=True)
class _Spans:
    """Runs of pixels in rows: surface, row, first and last column, and height = base + rise * column."""

    number: Integers
    row: Integers
    first: Integers
    last: Integers

    def take(self, rows: NDArray[np.bool_] | slice) -> _Spans:
        return _Spans(self.number[rows], self.row[rows], self.first[rows], self.last[rows])


def scan(world: World, view: View) -> Hits:
    """Find the surface seen at every pixel centre.

    Args:
        world: the solids.
        view: the camera.

    Edges: of surfaces that meet in a point, the one with the greater number is seen; a face seen
        edge-on is not seen.
    """
    height, width = view.size
    keys = np.full(height * width, NOTHING, np.int64)
    for pixel, metres, number in _face_hits(world, view):
        _deposit(keys, pixel, metres, number)
    for pixel, metres, number in _dome_hits(world, view):
        _deposit(keys, pixel, metres, number + len(world.faces.corners))
    seen = keys >= 0
    surface = np.where(seen, keys & ((1 << _NUMBER_BITS) - 1), NOTHING).astype(np.int32)
    metres = np.where(seen, keys >> _NUMBER_BITS, 0) / _UNITS_PER_M
    return Hits(surface.reshape(view.size), metres.reshape(view.size))


def _deposit(keys: Integers, pixel: Integers, metres: Floats, number: Integers) -> None:
    """Keep the greatest key of every pixel."""
    units = np.rint(metres * _UNITS_PER_M).astype(np.int64)
    above = units >= 0
    if not above.all():
        units, pixel, number = units[above], pixel[above], number[above]
    np.maximum.at(keys, pixel, (units << _NUMBER_BITS) | number)


def _face_hits(world: World, view: View) -> Iterator[tuple[Integers, Floats, Integers]]:
    """Yield pixels, heights and numbers of the faces that look at the camera."""
    corners, normal = world.faces.corners, world.faces.normal
    lean, inverse = view.lean, view.inverse
    facing = normal[:, 0] * lean[0] + normal[:, 1] * lean[1] + normal[:, 2]
    image = view.project(corners[..., :2], corners[..., 2])
    chosen = np.flatnonzero((facing > 1e-9) & _inside(image.min(1), image.max(1), view))
    corners, normal, image, facing = (a[chosen] for a in (corners, normal, image, facing))
    reach = (normal * corners[:, 0]).sum(1)
    slope = -np.stack(
        [(normal[:, 0] * inverse[0, k] + normal[:, 1] * inverse[1, k]) / facing for k in (0, 1)], 1
    )
    base = reach / facing
    low, high = corners[..., 2].min(1), corners[..., 2].max(1)
    offset_row, offset_col = view.offset_px
    for spans in _chunks(_face_spans(image, view)):
        pixel, row, col, at = _expand(spans, view.size[1])
        metres = base[at] + slope[at, 0] * (row - offset_row) + slope[at, 1] * (col - offset_col)
        yield pixel, np.clip(metres, low[at], high[at]), chosen[at]


def _inside(first: Floats, last: Floats, view: View) -> NDArray[np.bool_]:
    """Say which boxes touch the image."""
    height, width = view.size
    inside: NDArray[np.bool_] = (last[:, 0] >= -1) & (first[:, 0] <= height)
    return inside & (last[:, 1] >= -1) & (first[:, 1] <= width)


def _rows(first: Floats, last: Floats, height: int) -> tuple[Integers, Integers]:
    """Return one entry per surface and row that it covers: the surface's position, and the row."""
    start = np.clip(np.ceil(first - _REACH_PX), 0, height).astype(np.int64)
    stop = np.clip(np.floor(last + _REACH_PX), -1, height - 1).astype(np.int64) + 1
    count = np.maximum(stop - start, 0)
    at = np.repeat(np.arange(len(count)), count)
    return at, start[at] + _ramp(count)


def _ramp(count: Integers) -> Integers:
    """Return 0 ... n - 1 for each n."""
    ends = np.cumsum(count)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - count, count)


def _face_spans(image: Floats, view: View) -> _Spans:
    """Cut convex polygons into rows."""
    at, row = _rows(image[..., 0].min(1), image[..., 0].max(1), view.size[0])
    first, last = np.full(len(at), np.inf), np.full(len(at), -np.inf)
    for corner in range(4):
        (row_a, col_a), (row_b, col_b) = image[at, corner].T, image[at, (corner + 1) % 4].T
        rise = row_b - row_a
        crosses = (row >= np.minimum(row_a, row_b) - _REACH_PX) & (
            row <= np.maximum(row_a, row_b) + _REACH_PX
        )
        level = np.abs(rise) < 1e-12
        share = np.clip((row - row_a) / np.where(level, 1.0, rise), 0.0, 1.0)
        col = col_a + share * (col_b - col_a)
        crosses &= ~level
        np.minimum(first, col, out=first, where=crosses)
        np.maximum(last, col, out=last, where=crosses)
    return _whole(at, row, first, last, view.size[1])


def _whole(at: Integers, row: Integers, first: Floats, last: Floats, width: int) -> _Spans:
    """Round spans to the pixel centres in them and drop the empty ones."""
    some = last >= first - 2 * _REACH_PX
    at, row, first, last = at[some], row[some], first[some], last[some]
    start = np.clip(np.ceil(first - _REACH_PX), 0, width).astype(np.int64)
    stop = np.clip(np.floor(last + _REACH_PX), -1, width - 1).astype(np.int64)
    return _Spans(at, row, start, stop).take(stop >= start)


def _chunks(spans: _Spans) -> Iterator[_Spans]:
    """Cut spans into parts of a bounded number of pixels."""
    covered = np.cumsum(spans.last - spans.first + 1)
    start = 0
    while start < len(covered):
        before = covered[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(covered, before + _CHUNK_PX, "right")))
        yield spans.take(slice(start, stop))
        start = stop


def _expand(spans: _Spans, width: int) -> tuple[Integers, Integers, Integers, Integers]:
    """Return flat pixel number, row, column and surface of every pixel of the spans."""
    count = spans.last - spans.first + 1
    row = np.repeat(spans.row, count)
    col = np.repeat(spans.first, count) + _ramp(count)
    return row * width + col, row, col, np.repeat(spans.number, count)


def _dome_hits(world: World, view: View) -> Iterator[tuple[Integers, Floats, Integers]]:
    """Yield pixels, heights and numbers of the ellipsoids.

    On the line of sight through an offset p from the middle of an ellipsoid, height e above its middle:
    |M p + lean e|^2 / r^2 + e^2 / R^2 = 1. The greater e is seen; it exists where p' B p <= 1.
    """
    middle = view.project(world.domes.centre[:, :2], world.domes.centre[:, 2])
    level, upright = world.domes.radius.T
    bent = _bent(view, level, upright)
    half = np.sqrt(np.stack([bent[2], bent[0]], 1) / (bent[0] * bent[2] - bent[1] ** 2)[:, None])
    chosen = np.flatnonzero(_inside(middle - half, middle + half, view))
    middle, half, level, upright = (a[chosen] for a in (middle, half, level, upright))
    lean, inverse = view.lean, view.inverse
    steep = (lean**2).sum() / level**2 + 1.0 / upright**2
    for spans in _chunks(_dome_spans(middle, half, bent[:, chosen], view)):
        pixel, row, col, at = _expand(spans, view.size[1])
        down, right = row - middle[at, 0], col - middle[at, 1]
        south = inverse[0, 0] * down + inverse[0, 1] * right
        east = inverse[1, 0] * down + inverse[1, 1] * right
        along = (south * lean[0] + east * lean[1]) / level[at] ** 2
        rest = (south**2 + east**2) / level[at] ** 2 - 1.0
        root = np.sqrt(np.maximum(along**2 - steep[at] * rest, 0.0))
        yield pixel, world.domes.centre[chosen[at], 2] + (root - along) / steep[at], chosen[at]


def _bent(view: View, level: Floats, upright: Floats) -> Floats:
    """Return the three numbers of the form B (row row, row col, col col) of each ellipsoid's outline."""
    lean, inverse = view.lean, view.inverse
    steep = (lean**2).sum() / level**2 + 1.0 / upright**2
    pulled = inverse.T @ lean
    gram = inverse.T @ inverse
    numbers = [
        gram[i, j] / level**2 - pulled[i] * pulled[j] / (level**4 * steep)
        for i, j in ((0, 0), (0, 1), (1, 1))
    ]
    return np.stack(numbers)


def _dome_spans(middle: Floats, half: Floats, bent: Floats, view: View) -> _Spans:
    """Cut the outlines of ellipsoids into rows."""
    at, row = _rows(middle[:, 0] - half[:, 0], middle[:, 0] + half[:, 0], view.size[0])
    down = row - middle[at, 0]
    b00, b01, b11 = bent[:, at]
    room = (b01 * down) ** 2 - b11 * (b00 * down**2 - 1.0)
    wide = np.sqrt(np.maximum(room, 0.0)) / b11
    shift = middle[at, 1] - b01 * down / b11
    return _whole(at, row, shift - wide, shift + wide, view.size[1])
