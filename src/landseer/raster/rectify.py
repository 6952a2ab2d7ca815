"""Rectify what an oblique view shows: move every pixel from where it is seen to its place on the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from landseer.errors import GridError

SEEN, GAP, HIDDEN, UNKNOWN = 0, 1, 2, 3
"""States of a place on the ground: a pixel lands there; none does, for its neighbours moved apart by rounding or by a
slope; none does, for something taller hides it; none does, and the pixel seen there has no height."""

_WINDOW_PX = 5
_ROUNDS = 4
_RUN_PX = 3


@dataclass(frozen=True, slots=True)
class Placement:
    """Which pixel lands where.

    Attributes:
        source: (h, w) position in the flattened image of the pixel that lands here; -1 where none does.
        state: (h, w) uint8, `SEEN`, `GAP`, `HIDDEN` or `UNKNOWN`.
        n_outside: pixels whose place lies outside the image.
        n_covered: pixels that lost their place to a taller one.
    """

    source: NDArray[np.int64]
    state: NDArray[np.uint8]
    n_outside: int
    n_covered: int


@dataclass(frozen=True, slots=True)
class Rectified:
    """A rectified raster.

    Attributes:
        values: as the input was, every pixel in its place on the ground.
        state: (h, w) uint8; where it is not `SEEN`, values are filled (`GAP`) or missing.
    """

    values: NDArray[np.generic]
    state: NDArray[np.uint8]


def place_pixels(
    agl_m: NDArray[np.floating],
    scale_px_per_m: float,
    angle_rad: float,
    *,
    edges: Literal["drop", "clip"] = "drop",
) -> Placement:
    """Find out which pixel lands where.

    Args:
        agl_m: (h, w) height above ground of what each pixel shows, m; NaN where not known: such pixels are not moved.
        scale_px_per_m: displacement per metre.
        angle_rad: its direction, 0 down in the image, counter-clockwise.
        edges: whether pixels whose place is outside the image are dropped, or put on its edge.

    Returns:
        A placement of the image's size. With m = agl * scale: row + m cos(angle) and col + m sin(angle), halves rounded
        up.

    Raises:
        ValueError: scale or angle is not finite.

    Edges: where several pixels land the tallest stays; of equally tall ones the last in reading order. Places where
        none lands are hidden where four medians of 5 x 5 pixels leave them, and from there on as far as such places
        lie at least three in a row along the displacement, which gives back the corners that medians take; the others
        are gaps.

    Source: rectification of pubgeo/monocular-geocentric-pose (Christie et al. 2021,
        doi:10.1109/CVPRW53098.2021.00136), for images of any shape, and without its rounding of negative displacements
        towards 0.
    """
    if not (math.isfinite(scale_px_per_m) and math.isfinite(angle_rad)):
        raise ValueError(f"expected finite scale and angle; got {scale_px_per_m} and {angle_rad}")
    agl = np.asarray(agl_m, np.float32)
    height, width = agl.shape
    known = np.isfinite(agl)
    start: NDArray[np.int64] = np.flatnonzero(known)
    tall = agl.ravel()[start]
    rows: NDArray[np.int64] = np.asarray(
        start // width + _moved(tall, scale_px_per_m * math.cos(angle_rad))
    )
    cols: NDArray[np.int64] = np.asarray(
        start % width + _moved(tall, scale_px_per_m * math.sin(angle_rad))
    )
    inside = (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
    n_outside = int(inside.size - np.count_nonzero(inside))
    if edges == "clip":
        rows, cols = np.clip(rows, 0, height - 1), np.clip(cols, 0, width - 1)
    else:
        rows, cols, start, tall = rows[inside], cols[inside], start[inside], tall[inside]
    place = rows * width + cols
    tallest = np.full(agl.size, -np.inf, np.float32)
    np.maximum.at(tallest, place, tall)
    wins: NDArray[np.bool_] = tall == tallest[place]
    source = np.full(agl.shape, -1, np.int64)
    source.ravel()[place[wins]] = start[wins]
    n_covered = place.size - int(np.count_nonzero(source >= 0))
    along = math.cos(angle_rad), math.sin(angle_rad)
    return Placement(source, _states(source < 0, known, along), n_outside, n_covered)


def rectify(
    values: NDArray[np.generic],
    agl_m: NDArray[np.floating],
    scale_px_per_m: float,
    angle_rad: float,
    *,
    holes: Literal["fill", "mark"] = "fill",
    edges: Literal["drop", "clip"] = "drop",
    missing: float = 0,
    has_classes: bool = False,
) -> Rectified:
    """Move every pixel of a raster to its place on the ground.

    Args:
        values: (h, w) or (b, h, w): heights, a class mask, an image; any dtype.
        agl_m, scale_px_per_m, angle_rad, edges: as for `place_pixels`.
        holes: whether gaps get the median of the pixels seen in the 5 x 5 around them, or stay missing. What is hidden
            or unknown stays missing in any case.
        missing: value where nothing is known.
        has_classes: whether values are class numbers, and gaps get the most frequent one instead of the median.

    Returns:
        Values of the same shape and dtype, and the state of each place.

    Raises:
        GridError: values and heights differ in size.
        ValueError: scale or angle is not finite.

    Edges: a gap without a pixel seen near it counts as hidden; between two medians the lower one is taken, so that
        only values appear that were there.
    """
    values = np.asarray(values)
    if values.shape[-2:] != np.shape(agl_m):
        raise GridError(
            f"expected values and heights of one size; got {values.shape} and {np.shape(agl_m)}"
        )
    placed = place_pixels(agl_m, scale_px_per_m, angle_rad, edges=edges)
    flat = values.reshape(-1, placed.source.size)
    moved = flat[:, placed.source.ravel()]
    moved[:, placed.source.ravel() < 0] = missing
    state = placed.state
    if holes == "fill":
        state = _fill(moved.reshape(-1, *state.shape), state, has_classes=has_classes)
    return Rectified(moved.reshape(values.shape), state)


def _moved(tall: NDArray[np.float32], px_per_m: float) -> NDArray[np.int64]:
    """Return displacements in whole pixels along one axis."""
    return np.floor(tall.astype(np.float64) * px_per_m + 0.5).astype(np.int64)


def _states(
    hole: NDArray[np.bool_], known: NDArray[np.bool_], along: tuple[float, float]
) -> NDArray[np.uint8]:
    """Tell gaps from what is hidden."""
    # Medians of a mask are majorities: they close thin gaps, keep wide holes, and round the corners of those.
    core = hole
    for _ in range(_ROUNDS):
        core = ndimage.uniform_filter(core.astype(np.float32), _WINDOW_PX, mode="nearest") > 0.5
    hidden = ndimage.binary_propagation(core & hole, mask=_long_runs(hole, along) | (core & hole))
    kinds = [~hole, hole & ~known, hidden]
    return np.select(kinds, [SEEN, UNKNOWN, HIDDEN], GAP).astype(np.uint8)


def _long_runs(hole: NDArray[np.bool_], along: tuple[float, float]) -> NDArray[np.bool_]:
    """Return the holes that lie in a run of at least three in the direction of displacement."""
    line = np.zeros((2 * _RUN_PX - 1,) * 2, bool)
    for step in range(_RUN_PX):
        line[round(step * along[0]) + _RUN_PX - 1, round(step * along[1]) + _RUN_PX - 1] = True
    return ndimage.binary_opening(hole, line)


def _fill(
    layers: NDArray[np.generic], state: NDArray[np.uint8], *, has_classes: bool
) -> NDArray[np.uint8]:
    """Fill the gaps of (b, h, w) layers in place; return the states, gaps with nothing seen near them as hidden."""
    rows, cols = np.nonzero(state == GAP)
    reach = np.arange(_WINDOW_PX) - _WINDOW_PX // 2
    down, right = (part.ravel() for part in np.meshgrid(reach, reach, indexing="ij"))
    near_rows = (rows[:, None] + down).clip(0, state.shape[0] - 1)
    near_cols = (cols[:, None] + right).clip(0, state.shape[1] - 1)
    seen = state[near_rows, near_cols] == SEEN
    is_near = seen.any(axis=1)
    choose = _most_frequent if has_classes else _lower_median
    for layer in layers:
        chosen = choose(layer[near_rows, near_cols][is_near], seen[is_near])
        layer[rows[is_near], cols[is_near]] = chosen
    state = state.copy()
    state[rows[~is_near], cols[~is_near]] = HIDDEN
    return state


def _lower_median(around: NDArray[np.generic], seen: NDArray[np.bool_]) -> NDArray[np.generic]:
    """Return the lower median of each row's (n, 25) seen values; NaN counts only where there is nothing else."""
    if around.dtype.kind == "f":
        known = seen & ~np.isnan(around)
        seen = np.where(known.any(axis=1)[:, None], known, seen)
    # Sorting positions by (not seen, value) keeps any value of any type apart from what is not seen.
    order = np.lexsort((around, ~seen), axis=1)
    middle = np.take_along_axis(order, (seen.sum(axis=1)[:, None] - 1) // 2, axis=1)
    return np.take_along_axis(around, middle, axis=1)[:, 0]


def _most_frequent(around: NDArray[np.generic], seen: NDArray[np.bool_]) -> NDArray[np.generic]:
    """Return the most frequent of each row's (n, 25) seen values, the lowest of equally frequent ones."""
    if not seen.any():
        return around[:, 0]
    values = np.unique(around[seen])
    counts = np.stack([((around == value) & seen).sum(axis=1) for value in values])
    return values[counts.argmax(axis=0)]
