"""Fresh water: lakes and ponds with reeds on their shores, rivers with banks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.synth.builder import Builder
from landseer.synth.parcels import area_m2
from landseer.synth.paths import fan, grown, outline, ribbon

Floats = NDArray[np.float64]
Rng = np.random.Generator

WATER = "water"
"""Mark of what holds water."""

_POND_M2 = 2500.0
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


@dataclass(frozen=True)
class Lake:
    """A lake or a pond.

    Attributes:
        line: (n, 2) its shore, counter-clockwise on the page.
        colour: reflectance.
    """

    line: Floats
    colour: Floats

    @property
    def is_small(self) -> bool:
        """Whether it is a pond."""
        return area_m2(self.line) < _POND_M2


@dataclass(frozen=True)
class River:
    """A river.

    Attributes:
        path: (n, 2) its middle.
        half_m: (n,) half its width.
        colour: reflectance.
    """

    path: Floats
    half_m: Floats
    colour: Floats


def draw_lake(middle: Floats, area: float, colour: Floats, rng: Rng) -> Lake:
    """Draw a lake of an area, square metres, around a place (south, east)."""
    stretch, rough = float(rng.uniform(1.0, 2.2)), float(rng.uniform(0.12, 0.32))
    line = outline(middle, np.sqrt(area / np.pi), rough, rng, stretch=stretch)
    return Lake(middle + (line - middle) * np.sqrt(area / area_m2(line)), colour)


def draw_river(path: Floats, width_m: float, colour: Floats, rng: Rng) -> River:
    """Draw a river along a line (n, 2), narrower and wider."""
    wave = 1.0 + 0.16 * np.sin(np.linspace(0, len(path) / 3.0, len(path)) + rng.uniform(0, 6))
    return River(path, width_m / 2 * wave, colour)


def paint_waters(builder: Builder, lakes: list[Lake], rivers: list[River], rng: Rng) -> None:
    """Paint all banks, then all water, then reeds, so that rivers and lakes run into each other.

    Args:
        builder: where to.
        lakes, rivers: the waters.
        rng: source of randomness.
    """
    for wide, material, tone in ((9.0, "heath", _BANK), (2.0, "reed", _REED)):
        for river in rivers:
            edge = river.half_m + wide
            builder.face(ribbon(river.path, -edge, edge), material, tone)
        for lake in lakes:
            by = wide * (0.3 if lake.is_small else 0.65)
            builder.face(fan(grown(lake.line, by)), material, tone)
    with builder.marked(WATER):
        for river in rivers:
            builder.face(ribbon(river.path, -river.half_m, river.half_m), "water", river.colour)
        for lake in lakes:
            builder.face(fan(lake.line), "water", lake.colour)
    for river in rivers:
        _ragged_edges(builder, river, rng)
    for lake in lakes:
        if not lake.is_small:
            _reeds(builder, lake.line, rng)


def _ragged_edges(builder: Builder, river: River, rng: Rng) -> None:
    """Let reeds grow into a river here and there."""
    for side in (-1.0, 1.0):
        edge = side * river.half_m
        inner = edge - side * np.maximum(rng.normal(0.0, 0.24, len(edge)), 0.0) * river.half_m
        low, high = (edge, inner) if side < 0 else (inner, edge)
        builder.face(ribbon(river.path, low, high + 0.01), "reed", _REED)


def _reeds(builder: Builder, line: Floats, rng: Rng) -> None:
    """Grow beds of reed along parts of a shore; they stand in the water and are not open water."""
    count = len(line)
    for _ in range(int(rng.integers(2, 6))):
        start, long = int(rng.integers(count)), int(rng.integers(count // 10, count // 4 + 2))
        shore = line[np.arange(start, start + max(4, long)) % count]
        fade = np.sin(np.linspace(0, np.pi, len(shore)))
        builder.face(ribbon(shore, -1.5, 0.2 + rng.uniform(2.0, 9.0) * fade), "reed", _REED)
