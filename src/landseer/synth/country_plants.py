"""What is planted on a piece of country: woods on their floors, avenues, hedges along tracks, single trees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landseer.synth.builder import BUILDING, Builder
from landseer.synth.country_roads import ROAD, rows_beside
from landseer.synth.fresh_water import WATER
from landseer.synth.greenery import tree
from landseer.synth.ground_map import GroundMap
from landseer.synth.woods import Stand, plant, stems

Floats = NDArray[np.float64]
Rng = np.random.Generator

WOOD = "wood"
"""Mark of the floor and the crowns of woods."""


def plant_country(
    builder: Builder,
    stands: list[tuple[Floats, Stand]],
    tracks: list[Floats],
    roads: list[tuple[Floats, float]],
    reach_m: float,
    rng: Rng,
) -> None:
    """Plant woods where their floor shows, avenues, hedges along tracks, and trees in the open."""
    ground = GroundMap(builder, reach_m)
    with builder.marked(WOOD):
        for line, stand in stands:
            low, high = np.maximum(line.min(0), -reach_m), np.minimum(line.max(0), reach_m)
            if (high <= low).any():
                continue
            places = stems(low, high, stand, rng)
            kept = _inside(places, line) & ground.is_kind(places, (WOOD,))
            kept &= ground.is_clear(places, (ROAD, BUILDING), 3.0)
            plant(builder, places[kept], stand, rng)
    rows = [rows_beside(path, side * (width / 2 + 3.2), 11.0, rng, rng.choice([0.0, 0.3, 0.8]))
            for path, width in roads for side in (-1.0, 1.0)]  # fmt: skip
    rows += [
        rows_beside(path, 3.0, 5.0, rng, rng.uniform(0.1, 0.8))
        for path in tracks
        if rng.random() < 0.3
    ]
    rows.append(rng.uniform(-reach_m, reach_m, (int(reach_m**2 / 1500), 2)))
    places = np.concatenate(rows)
    places = places[
        ground.is_clear(places, (ROAD, BUILDING, WATER), 2.0) & ~ground.is_kind(places, (WOOD,))
    ]
    for south, east in places[np.abs(places).max(1) < reach_m]:
        tall = float(rng.uniform(2.0, 6.0) if rng.random() < 0.5 else rng.uniform(5.0, 14.0))
        tree(builder, float(south), float(east), tall, rng, 0.12)


def _inside(places: Floats, line: Floats) -> NDArray[np.bool_]:
    """Say which places (n, 2) lie inside a closed line, by the even-odd rule."""
    result = np.zeros(len(places), bool)
    for (s0, e0), (s1, e1) in zip(line, np.roll(line, -1, 0), strict=True):
        crosses = (s0 > places[:, 0]) != (s1 > places[:, 0])
        with np.errstate(divide="ignore", invalid="ignore"):
            at = e0 + (places[:, 0] - s0) / (s1 - s0) * (e1 - e0)
        result ^= crosses & (places[:, 1] < at)
    return result
