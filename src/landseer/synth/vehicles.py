"""Cars and lorries: they stand in rows or drive, and are gone on another day."""

from __future__ import annotations

import numpy as np

from landseer.synth.builder import Builder
from landseer.synth.frame import Box, Frame
from landseer.synth.solids import PASSING

Rng = np.random.Generator

_PAINTS = np.array(
    [
        [0.62, 0.62, 0.61], [0.58, 0.58, 0.58], [0.34, 0.35, 0.36], [0.20, 0.21, 0.22],
        [0.035, 0.035, 0.04], [0.05, 0.05, 0.06], [0.10, 0.12, 0.16], [0.20, 0.05, 0.045],
        [0.07, 0.09, 0.15], [0.30, 0.27, 0.21], [0.60, 0.60, 0.60], [0.27, 0.28, 0.29],
        [0.44, 0.44, 0.44], [0.09, 0.09, 0.095],
    ]
)  # fmt: skip
_WINDOW = (0.045, 0.05, 0.055)


def car(builder: Builder, frame: Frame, x: float, y: float, rng: Rng, turn: float = 0.0) -> None:
    """Put a car with its middle at (x, y), its length along the frame's x turned by `turn`."""
    at = frame.inner(x, y, turn)
    long, wide = rng.uniform(3.9, 5.1) / 2, rng.uniform(1.7, 1.95) / 2
    high = rng.uniform(1.35, 1.85)
    paint = _PAINTS[rng.integers(len(_PAINTS))]
    with builder.aged(PASSING):
        builder.block(at, Box(-long, -wide, long, wide), (0.25, 0.9), "plain", paint)
        cabin = Box(-0.72 * long, -0.86 * wide, 0.38 * long, 0.86 * wide)
        builder.walls(at, cabin, (0.9, high), "plain", _WINDOW)
        builder.ground(at, cabin, "plain", _WINDOW, up=high - 0.02)
        roof = Box(-0.5 * long, -0.82 * wide, 0.12 * long, 0.82 * wide)
        builder.ground(at, roof, "plain", paint, up=high)


def lorry(builder: Builder, frame: Frame, x: float, y: float, rng: Rng, turn: float = 0.0) -> None:
    """Put a lorry or a container at (x, y)."""
    at = frame.inner(x, y, turn)
    long = rng.uniform(7.0, 13.5) / 2
    tone = rng.choice([[0.66, 0.66, 0.65], [0.5, 0.5, 0.5], [0.12, 0.17, 0.3], [0.34, 0.1, 0.07]])
    with builder.aged(PASSING):
        builder.block(at, Box(-long, -1.25, long, 1.25), (0.6, 3.8), "plain", tone)
        if rng.random() < 0.6:
            cab = Box(long + 0.4, -1.2, long + 2.6, 1.2)
            builder.block(at, cab, (0.5, 2.9), "plain", _PAINTS[rng.integers(len(_PAINTS))])


_BAY_M, _BAY_DEEP_M, _LANE_M = 2.7, 5.2, 6.4


def car_park(
    builder: Builder, frame: Frame, box: Box, rng: Rng, full: float, up: float = 0.0
) -> None:
    """Lay out a car park: double rows of marked bays along x with lanes between.

    Args:
        builder, frame, box: where to.
        rng: source of randomness.
        full: share of the bays that hold a car.
        up: height of the surface; cars are left out above the ground.
    """
    asphalt = np.full(3, rng.uniform(0.085, 0.15))
    builder.ground(frame, box, "worn", asphalt, up=up)
    y = box.y0 + 0.6
    while y + _BAY_DEEP_M < box.y1:
        row = Box(box.x0 + 1.5, y, box.x1 - 1.5, y + _BAY_DEEP_M)
        _bays(builder, frame, row, asphalt, rng, full, up)
        y += _BAY_DEEP_M + _LANE_M
        if y + _BAY_DEEP_M < box.y1:
            row = Box(box.x0 + 1.5, y, box.x1 - 1.5, y + _BAY_DEEP_M)
            _bays(builder, frame, row, asphalt, rng, full, up)
        y += _BAY_DEEP_M + 0.2


def _bays(
    builder: Builder,
    frame: Frame,
    row: Box,
    asphalt: np.ndarray,
    rng: Rng,
    full: float,
    up: float,
) -> None:
    """Mark one row of bays and park cars in it."""
    count = int(row.width // _BAY_M)
    if count < 2:
        return
    row = Box(row.x0, row.y0, row.x0 + count * _BAY_M, row.y1)
    builder.ground(frame, row, "striped", asphalt, (0.0, _BAY_M, 0.05), up=up + (0.01 if up else 0))
    if up:
        return
    busy = full * rng.uniform(0.5, 1.4)
    for bay in range(count):
        if rng.random() < busy:
            x = row.x0 + (bay + 0.5) * _BAY_M + rng.normal(0, 0.1)
            turn = np.pi / 2 * rng.choice([-1, 1])
            car(builder, frame, x, (row.y0 + row.y1) / 2 + rng.normal(0, 0.2), rng, turn)
