"""Land cut into four-cornered parcels and strips, as heirs and roads have cut it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rng = np.random.Generator


@dataclass(frozen=True)
class Cut:
    """A line along which land was cut.

    Attributes:
        line: (2, 2) both ends, (south, east) in metres.
        depth: 0 of the first cut, one more of every cut of its parts.
    """

    line: Floats
    depth: int


def square(side_m: float, turn: float) -> Floats:
    """Return the corners (4, 2) of a turned square around the origin, counter-clockwise on the page."""
    half = side_m / 2
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    cos, sin = np.cos(turn), np.sin(turn)
    south, east = corners.T
    return np.stack([cos * south - sin * east, sin * south + cos * east], 1)


def area_m2(quad: Floats) -> float:
    """Return the area inside corners (n, 2); positive counter-clockwise on the page."""
    after = np.roll(quad, -1, 0)
    return float((quad[:, 0] * after[:, 1] - quad[:, 1] * after[:, 0]).sum() / 2)


def long_first(quad: Floats) -> Floats:
    """Return the same parcel with its first side along its longer extent."""
    sides = np.hypot(*(np.roll(quad, -1, 0) - quad).T)
    return np.roll(quad, -1, 0) if sides[1] + sides[3] > sides[0] + sides[2] else quad


def cut_land(quad: Floats, least_m2: float, rng: Rng) -> tuple[list[Floats], list[Cut]]:
    """Cut a parcel across its length again and again.

    Args:
        quad: (4, 2).
        least_m2: parts of up to about this area are left whole.
        rng: source of randomness.

    Returns:
        The parts, which fill the parcel, and the cuts.
    """
    parts, cuts, waiting = [], [], [(quad, 0)]
    while waiting:
        whole, depth = waiting.pop()
        if area_m2(whole) < least_m2 * rng.uniform(0.8, 2.2):
            parts.append(whole)
            continue
        a, b, c, d = long_first(whole)
        share, skew = rng.uniform(0.36, 0.64), rng.normal(0.0, 0.025)
        first, last = a + (share + skew) * (b - a), d + (share - skew) * (c - d)
        waiting += [
            (np.array([a, first, last, d]), depth + 1),
            (np.array([first, b, c, last]), depth + 1),
        ]
        cuts.append(Cut(np.array([first, last]), depth))
    return parts, cuts


def strips(quad: Floats, width_m: tuple[float, float], rng: Rng) -> list[Floats]:
    """Cut a parcel into strips along its length; the first side of each runs along it."""
    a, b, c, d = long_first(quad)
    across = (np.hypot(*(d - a)) + np.hypot(*(c - b))) / 2
    count = max(1, round(float(across) / float(rng.uniform(*width_m))))
    share = rng.uniform(0.6, 1.5, count)
    edges = np.concatenate([[0.0], np.cumsum(share / share.sum())])
    return [
        np.array([a + u * (d - a), b + u * (c - b), b + v * (c - b), a + v * (d - a)])
        for u, v in itertools.pairwise(edges)
    ]


def shrunk(quad: Floats, by_m: float) -> Floats:
    """Return the parcel with every corner drawn in along both of its sides."""
    moved = quad.copy()
    for other in (np.roll(quad, -1, 0), np.roll(quad, 1, 0)):
        away = other - quad
        length = np.maximum(np.hypot(*away.T), 1e-6)[:, None]
        moved += away / length * np.minimum(by_m, length * 0.3)
    return moved


def laid(quad: Floats) -> Floats:
    """Return corners (..., 2) on the ground as points (..., 3)."""
    return np.concatenate([quad, np.zeros((*quad.shape[:-1], 1))], -1)
