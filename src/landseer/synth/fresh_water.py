"""Fresh water: lakes and ponds with reeds on their shores, rivers with banks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landseer.synth.builder import Builder
from landseer.synth.parcels import area_m2
from landseer.synth.paths import fan, grown, outline, ribbon

Floats = NDArray[np.float64]
Rng = np.random.Generator

WATER = "water"
"""Mark of what holds water."""

_BANK = (0.075, 0.092, 0.04)
_REED = (0.085, 0.1, 0.045)
_COLOURS = (
    (0.022, 0.036, 0.034),
    (0.03, 0.05, 0.042),
    (0.045, 0.06, 0.043),
    (0.026, 0.044, 0.05),
    (0.05, 0.075, 0.05),
)


def draw_water(rng: Rng) -> Floats:
    """Draw the colour of a water: dark, greenish, muddy."""
    return np.array(_COLOURS[int(rng.integers(len(_COLOURS)))]) * rng.uniform(0.8, 1.25)


def lake(builder: Builder, middle: Floats, area: float, colour: Floats, rng: Rng) -> None:
    """Lay out a lake or a pond.

    Args:
        builder: where to.
        middle: (south, east).
        area: of the water, square metres.
        colour: reflectance.
        rng: source of randomness.
    """
    stretch = float(rng.uniform(1.0, 2.2))
    line = outline(
        middle, np.sqrt(area / np.pi), float(rng.uniform(0.12, 0.32)), rng, stretch=stretch
    )
    line = middle + (line - middle) * np.sqrt(area / area_m2(line))
    small = area < 2500
    for by, material, tone in ((2.5 if small else 6.0, "heath", _BANK), (1.0, "reed", _REED)):
        builder.face(fan(grown(line, by)), material, tone)
    with builder.marked(WATER):
        builder.face(fan(line), "water", colour)
    if not small:
        _reeds(builder, line, rng)


def _reeds(builder: Builder, line: Floats, rng: Rng) -> None:
    """Grow beds of reed along parts of a shore; they stand in the water and are not open water."""
    count = len(line)
    for _ in range(int(rng.integers(2, 6))):
        start, long = int(rng.integers(count)), int(rng.integers(count // 10, count // 4 + 2))
        shore = line[np.arange(start, start + max(4, long)) % count]
        fade = np.sin(np.linspace(0, np.pi, len(shore)))
        builder.face(ribbon(shore, -1.5, 0.2 + rng.uniform(2.0, 9.0) * fade), "reed", _REED)


def river(builder: Builder, path: Floats, width_m: float, colour: Floats, rng: Rng) -> None:
    """Let a river flow along a line, narrower and wider, between banks with reeds."""
    wave = 1.0 + 0.16 * np.sin(np.linspace(0, len(path) / 3.0, len(path)) + rng.uniform(0, 6))
    half = width_m / 2 * wave
    for by, material, tone in ((9.0, "heath", _BANK), (2.0, "reed", _REED)):
        builder.face(ribbon(path, -half - by, half + by), material, tone)
    with builder.marked(WATER):
        builder.face(ribbon(path, -half, half), "water", colour)
    for side in (-1.0, 1.0):
        ragged = np.maximum(rng.normal(0.0, 0.12 * width_m, len(path)), 0.0)
        edge = side * half
        inner = edge - side * ragged
        low, high = (edge, inner) if side < 0 else (inner, edge)
        builder.face(ribbon(path, low, high + 0.01), "reed", _REED)
