"""Trees: broad crowns of several clumps, narrow ones that stay green, rows and groves."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from landseer.synth.builder import Builder
from landseer.synth.frame import Box, Frame

Rng = np.random.Generator

_BROAD = np.array(
    [[0.046, 0.07, 0.028], [0.06, 0.085, 0.034], [0.038, 0.062, 0.026], [0.055, 0.072, 0.03]]
)
_NARROW = np.array([[0.024, 0.043, 0.022], [0.03, 0.05, 0.03]])
_CLUMPS = 7


def tree(
    builder: Builder,
    south: float,
    east: float,
    height: float,
    rng: Rng,
    evergreen: float = 0.15,
) -> None:
    """Plant a tree.

    Args:
        builder: where to.
        south, east: foot, metres.
        height: of its top, metres.
        rng: source of randomness.
        evergreen: chance that it stays green.
    """
    if rng.random() < evergreen:
        _spire(builder, south, east, height, rng)
    else:
        _crown(builder, south, east, height, rng)


def _crown(builder: Builder, south: float, east: float, height: float, rng: Rng) -> None:
    """Plant a broad crown: one body and clumps around its upper half."""
    wide = height * rng.uniform(0.34, 0.52)
    tall = height * rng.uniform(0.34, 0.42)
    colour = _BROAD[rng.integers(len(_BROAD))] * rng.uniform(0.75, 1.3)
    turn = rng.uniform(0, math.tau, _CLUMPS)
    far = wide * rng.uniform(0.35, 0.75, _CLUMPS)
    low = height - tall - tall * rng.uniform(-0.45, 0.3, _CLUMPS)
    size = wide * rng.uniform(0.32, 0.55, _CLUMPS)
    middle = np.stack([south + far * np.sin(turn), east + far * np.cos(turn), low], 1)
    centre = np.concatenate([[[south, east, height - tall]], middle])
    radius = np.concatenate([[[wide * 0.8, tall]], np.stack([size, size * 0.8], 1)])
    builder.domes(centre, radius, "leaves", np.tile(colour, (_CLUMPS + 1, 1)))


def _spire(builder: Builder, south: float, east: float, height: float, rng: Rng) -> None:
    """Plant a narrow crown: three bodies, smaller upwards."""
    wide = height * rng.uniform(0.16, 0.26)
    colour = _NARROW[rng.integers(len(_NARROW))] * rng.uniform(0.8, 1.25)
    steps = np.array([[0.32, 1.0, 0.30], [0.58, 0.72, 0.26], [0.80, 0.42, 0.20]])
    centre = np.stack([np.full(3, south), np.full(3, east), steps[:, 0] * height], 1)
    radius = np.stack([steps[:, 1] * wide, steps[:, 2] * height], 1)
    builder.domes(centre, radius, "needles", np.tile(colour, (3, 1)))


def hedge(builder: Builder, frame: Frame, box: Box, height: float) -> None:
    """Grow a clipped hedge."""
    builder.block(frame, box, (0.0, height), "needles", (0.035, 0.058, 0.026))


def grove(
    builder: Builder,
    frame: Frame,
    box: Box,
    spacing_m: float,
    tall_m: tuple[float, float],
    rng: Rng,
    *,
    evergreen: float = 0.15,
    clear: float = 0.0,
) -> None:
    """Plant a box with trees, one per cell of a jittered grid.

    Args:
        builder, frame, box: where to.
        spacing_m: mean distance.
        tall_m: least and greatest height.
        rng: source of randomness.
        evergreen: share that stays green.
        clear: share of the cells that stay empty, in patches.
    """
    rows = np.arange(box.x0 + spacing_m / 2, box.x1 - spacing_m / 3, spacing_m)
    cols = np.arange(box.y0 + spacing_m / 2, box.y1 - spacing_m / 3, spacing_m)
    for place in _jittered(rows, cols, spacing_m * 0.4, rng):
        if rng.random() < clear:
            continue
        south, east = frame.ground(place)
        tree(builder, float(south), float(east), float(_tall(tall_m, rng)), rng, evergreen)


def _tall(limits: tuple[float, float], rng: Rng) -> float:
    """Draw a height: mostly middling."""
    return limits[0] + (limits[1] - limits[0]) * float(rng.beta(2.0, 2.2))


def _jittered(
    rows: NDArray[np.float64], cols: NDArray[np.float64], by: float, rng: Rng
) -> NDArray[np.float64]:
    """Return the points of a grid, each moved a little."""
    grid = np.stack(np.meshgrid(rows, cols, indexing="ij"), -1).reshape(-1, 2)
    moved: NDArray[np.float64] = grid + rng.uniform(-by, by, grid.shape)
    return moved


def row_of_trees(
    builder: Builder,
    frame: Frame,
    line: tuple[float, float, float],
    spacing_m: float,
    tall_m: tuple[float, float],
    rng: Rng,
    keep: float = 0.8,
) -> None:
    """Plant trees along x from line[0] to line[1] at y = line[2]; `keep` is the share that stands."""
    for x in np.arange(line[0] + spacing_m / 2, line[1], spacing_m):
        if rng.random() > keep:
            continue
        south, east = frame.ground((x + rng.uniform(-1, 1), line[2] + rng.uniform(-0.4, 0.4)))
        tree(builder, float(south), float(east), _tall(tall_m, rng), rng, 0.08)
