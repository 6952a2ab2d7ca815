"""Woods by the stand: pines, mixed and broad-leaved trees of one age, planted in rows or grown wild."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.synth.builder import Builder

Floats = NDArray[np.float64]
Rng = np.random.Generator


@dataclass(frozen=True)
class Stand:
    """How the trees of a stand look.

    Attributes:
        spacing_m: mean distance between stems.
        tall_m: least and greatest height.
        wide: radius of a crown over the tree's height.
        conifers: share of conifers.
        colours: reflectance of crowns, (n, 3).
        rows: direction of planted rows, radians; None where trees grow wild.
    """

    spacing_m: float
    tall_m: tuple[float, float]
    wide: float
    conifers: float
    colours: Floats
    rows: float | None = None


_PINE = np.array([[0.04, 0.06, 0.034], [0.048, 0.066, 0.036], [0.036, 0.056, 0.033]])
_SPRUCE = np.array([[0.024, 0.043, 0.024], [0.028, 0.046, 0.029]])
_OAK = np.array([[0.045, 0.075, 0.026], [0.055, 0.084, 0.03], [0.05, 0.076, 0.03]])
_BIRCH = np.array([[0.068, 0.1, 0.036], [0.06, 0.09, 0.036], [0.076, 0.098, 0.042]])
_MIXED = np.concatenate([_PINE, _OAK, _BIRCH])


def draw_stand(rng: Rng) -> Stand:
    """Draw a stand: kind, age, planted or wild."""
    kind = rng.choice(
        ["pine", "young", "spruce", "broad", "birch", "mixed"], p=[0.34, 0.1, 0.08, 0.2, 0.1, 0.18]
    )
    rows = float(rng.uniform(0, math.pi)) if rng.random() < 0.6 else None
    old = float(rng.uniform(13.0, 24.0))
    if kind == "young":
        return Stand(2.6, (3.0, 6.0), 0.32, 1.0, _PINE * 1.15, rows)
    if kind == "pine":
        return Stand(0.21 * old, (0.8 * old, 1.05 * old), 0.135, 1.0, _PINE, rows)
    if kind == "spruce":
        return Stand(0.2 * old, (0.75 * old, 1.1 * old), 0.14, 1.0, _SPRUCE, rows)
    if kind == "birch":
        return Stand(0.26 * old, (0.6 * old, 0.9 * old), 0.19, 0.0, _BIRCH)
    if kind == "broad":
        return Stand(0.33 * old, (0.6 * old, 1.0 * old), 0.27, 0.0, _OAK)
    return Stand(0.26 * old, (0.55 * old, 1.0 * old), 0.2, 0.45, _MIXED)


def stems(low: Floats, high: Floats, stand: Stand, rng: Rng) -> Floats:
    """Return places (n, 2) for the trees of a stand in a rectangle: a turned grid, jittered."""
    middle, half = (low + high) / 2, float(np.hypot(*(high - low))) / 2
    turn = float(rng.uniform(0, math.pi)) if stand.rows is None else stand.rows
    jitter = 0.45 if stand.rows is None else 0.2
    steps = np.arange(-half, half, stand.spacing_m)
    grid = np.stack(np.meshgrid(steps, steps, indexing="ij"), -1).reshape(-1, 2)
    grid += rng.uniform(-jitter, jitter, grid.shape) * stand.spacing_m
    cos, sin = math.cos(turn), math.sin(turn)
    places = grid @ np.array([[cos, sin], [-sin, cos]]) + middle
    inside = ((places >= low) & (places <= high)).all(1)
    chosen: Floats = places[inside & (rng.random(len(places)) > 0.04)]
    return chosen


def plant(builder: Builder, places: Floats, stand: Stand, rng: Rng) -> None:
    """Plant trees at places (n, 2)."""
    count = len(places)
    if not count:
        return
    tall = stand.tall_m[0] + (stand.tall_m[1] - stand.tall_m[0]) * rng.beta(2.2, 2.0, count)
    wide = tall * stand.wide * rng.uniform(0.78, 1.25, count)
    colour = stand.colours[rng.integers(len(stand.colours), size=count)]
    colour = colour * rng.uniform(0.75, 1.25, (count, 1))
    conifer = rng.random(count) < stand.conifers
    for chosen, material, clumps in ((conifer, "needles", 3), (~conifer, "leaves", 5)):
        if chosen.any():
            _crowns(
                builder,
                (places[chosen], tall[chosen], wide[chosen], colour[chosen]),
                material,
                clumps,
                rng,
            )


def _crowns(
    builder: Builder, trees: tuple[Floats, ...], material: str, clumps: int, rng: Rng
) -> None:
    """Build a body per tree and clumps on its shoulders."""
    places, tall, wide, colour = trees
    count = len(tall)
    deep = np.minimum(tall * 0.4, wide * (2.2 if material == "needles" else 1.25))
    body = np.concatenate([places, (tall - deep)[:, None]], 1)
    builder.domes(body, np.stack([wide * 0.86, deep], 1), material, colour)
    turn = rng.uniform(0, math.tau, (clumps, count))
    far = wide * rng.uniform(0.35, 0.72, (clumps, count))
    size = wide * rng.uniform(0.36, 0.58, (clumps, count))
    up = tall - deep * rng.uniform(0.6, 1.25, (clumps, count))
    south, east = places[:, 0] + far * np.sin(turn), places[:, 1] + far * np.cos(turn)
    centre = np.stack([south, east, up], -1).reshape(-1, 3)
    radius = np.stack([size, size * 0.9], -1).reshape(-1, 2)
    builder.domes(centre, radius, material, np.tile(colour, (clumps, 1)))
