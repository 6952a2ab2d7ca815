"""Roads through the country: paved ones with lines, verges and avenues, and tracks of bare ground."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landseer.synth.builder import Builder
from landseer.synth.paths import beside, places_along, ribbon
from landseer.synth.vehicles import car, lorry

Floats = NDArray[np.float64]
Rng = np.random.Generator

ROAD = "road"
"""Mark of what is paved for driving; tracks of bare ground do not carry it."""

_VERGE = (0.09, 0.105, 0.047)
_SAND = (0.235, 0.2, 0.145)


def paved_road(builder: Builder, path: Floats, width_m: float, rng: Rng) -> None:
    """Lay a paved road along a line: ditches, verges, carriageway, worn lanes, lines."""
    half, tone = width_m / 2, float(rng.uniform(0.13, 0.2))
    for by, material, colour in (
        (4.2, "heath", (0.07, 0.09, 0.038)), (2.4, "grass", _VERGE), (0.6, "soil", (0.2, 0.175, 0.135)),
    ):  # fmt: skip
        builder.face(ribbon(path, -half - by, half + by), material, colour)
    with builder.marked(ROAD):
        builder.face(ribbon(path, -half, half), "worn", np.array([1.0, 0.99, 0.97]) * tone)
        for lane in (-half / 2, half / 2):
            builder.face(ribbon(path, lane - 0.8, lane + 0.8), "worn", np.full(3, tone * 0.93))
        if width_m > 5.8:
            for edge in (-half + 0.3, half - 0.3):
                builder.face(ribbon(path, edge - 0.07, edge + 0.07), "worn", (0.42, 0.42, 0.41))
            line = ribbon(path, -0.07, 0.07)
            builder.face(line, "striped", np.full(3, tone), (0.0, 6.0, 0.4))


def dirt_track(builder: Builder, path: Floats, rng: Rng) -> None:
    """Wear a track along a line: two wheel lines, or bare sand; not a road by the labels' rule."""
    half, bare = float(rng.uniform(1.5, 2.3)), float(rng.uniform(0.55, 1.0))
    tone = np.array(_SAND) * rng.uniform(0.75, 1.1)
    builder.face(ribbon(path, -half, half), "track", tone, (0.0, 2 * half, bare))


def traffic(builder: Builder, path: Floats, width_m: float, rng: Rng) -> None:
    """Let a few cars and lorries drive on a road."""
    for frame in places_along(path, 40.0):
        if rng.random() < 0.14:
            lane = float(rng.choice([-1, 1]))
            vehicle = lorry if rng.random() < 0.15 else car
            vehicle(
                builder,
                frame,
                float(rng.uniform(-15, 15)),
                lane * width_m / 4,
                rng,
                np.pi * (lane < 0),
            )


def rows_beside(path: Floats, offset_m: float, step_m: float, rng: Rng, keep: float) -> Floats:
    """Return places (n, 2) for trees along one side of a line; `keep` is the share that still stands."""
    line = beside(path, offset_m)
    frames = [frame for frame in places_along(line, step_m) if rng.random() < keep]
    places = np.array([[frame.south, frame.east] for frame in frames]).reshape(-1, 2)
    result: Floats = places + rng.normal(0.0, 0.4, places.shape)
    return result
