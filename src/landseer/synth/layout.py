"""The street plan of a district: rows of blocks between streets, gently bent."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.synth.frame import Box, Frame
from landseer.synth.styles import Style

Floats = NDArray[np.float64]
Rng = np.random.Generator

_STEP_M = 12.0


@dataclass(frozen=True)
class Street:
    """A straight street of the plan: from `start` to `stop` along one axis at `at` on the other.

    Attributes:
        along_u: whether it runs along u.
        at: place of its middle on the other axis, metres.
        start, stop: its ends.
        width: carriageway, metres.
        walk: width of the pavement on either side.
    """

    along_u: bool
    at: float
    start: float
    stop: float
    width: float
    walk: float


@dataclass(frozen=True)
class Layout:
    """Streets and blocks of a district in plan coordinates (u, v), and how the plan lies on the ground.

    Attributes:
        turn: direction of u on the ground, radians from south towards east.
        bend_m: amplitude of the waves that bend the plan.
        waves: (4, 4) wave numbers and phases of the bending.
        streets: all streets.
        blocks: what lies between them.
    """

    turn: float
    bend_m: float
    waves: Floats
    streets: tuple[Street, ...]
    blocks: tuple[Box, ...]

    def ground(self, plan: Floats) -> Floats:
        """Return the ground places of plan places (..., 2)."""
        u, v = plan[..., 0], plan[..., 1]
        kick = [np.sin(w[0] * u + w[1] * v + w[2]) * self.bend_m * w[3] for w in self.waves]
        along, across = u + kick[0] + kick[1], v + kick[2] + kick[3]
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        return np.stack([cos * along - sin * across, sin * along + cos * across], -1)

    def frame(self, u: float, v: float, turn: float = 0.0) -> Frame:
        """Return the local frame at a plan place, its x along u turned by `turn`."""
        at, ahead = self.ground(np.array([[u, v], [u + 0.5, v]]))
        away = ahead - at
        return Frame(float(at[0]), float(at[1]), math.atan2(away[1], away[0]) + turn)

    def ribbon(self, street: Street, low: float, high: float) -> Floats:
        """Return the corners (n, 4, 3) of a strip along a street between two offsets from its middle."""
        count = max(1, math.ceil((street.stop - street.start) / _STEP_M)) + 1
        along = np.linspace(street.start, street.stop, count)
        sides = []
        for offset in (low, high):
            across = np.full(count, street.at + offset)
            plan = np.stack([along, across] if street.along_u else [across, along], -1)
            sides.append(np.concatenate([self.ground(plan), np.zeros((count, 1))], 1))
        first, second = sides if street.along_u else sides[::-1]
        return np.stack([first[:-1], first[1:], second[1:], second[:-1]], 1)

    def patch(self, box: Box) -> Floats:
        """Return the corners (n, 4, 3) of a plan rectangle laid on the ground."""
        middle = Street(True, (box.y0 + box.y1) / 2, box.x0, box.x1, 0.0, 0.0)
        half = (box.y1 - box.y0) / 2
        count = max(1, math.ceil(half / _STEP_M))
        edges = np.linspace(-half, half, count + 1)
        return np.concatenate([self.ribbon(middle, a, b) for a, b in itertools.pairwise(edges)])


def make_layout(style: Style, reach_m: float, rng: Rng) -> Layout:
    """Draw the plan of a district around the origin.

    Args:
        style: of the city.
        reach_m: the plan covers at least the square of +- this.
        rng: source of randomness.
    """
    waves = np.stack(
        [
            rng.uniform(-1, 1, 4) * math.tau / style.bend_wave_m,
            rng.uniform(-1, 1, 4) * math.tau / style.bend_wave_m,
            rng.uniform(0, math.tau, 4),
            rng.uniform(0.4, 1.0, 4),
        ],
        1,
    )
    half = reach_m * 1.5 + 60
    lines = _lines(half, style.block_v_m, style, rng)
    shared = _lines(half, style.block_u_m, style, rng)
    streets = [Street(True, at, -half, half, width, style.walk_m) for at, width in lines]
    blocks: list[Box] = []
    for (v0, w0), (v1, w1) in itertools.pairwise(lines):
        cross = (
            _lines(half, style.block_u_m, style, rng) if rng.random() < style.stagger else shared
        )
        cross = [c for c in cross if c[1] > style.street_m[1] - 3 or rng.random() > style.merged]
        streets += [Street(False, at, v0, v1, width, style.walk_m) for at, width in cross]
        for (u0, x0), (u1, x1) in itertools.pairwise(cross):
            edge = style.walk_m
            blocks.append(
                Box(u0 + x0 / 2 + edge, v0 + w0 / 2 + edge, u1 - x1 / 2 - edge, v1 - w1 / 2 - edge)
            )
    turn = float(rng.normal(0, 0.06) if style.square else rng.uniform(0, math.pi / 2))
    return Layout(turn, style.bend_m, waves, tuple(streets), tuple(blocks))


def _lines(
    half: float, spacing: tuple[float, float], style: Style, rng: Rng
) -> list[tuple[float, float]]:
    """Draw streets across an axis: place and width; every few is an avenue."""
    lines = []
    at = -half + rng.uniform(0, spacing[0])
    next_avenue = int(rng.integers(1, 5))
    while at < half:
        next_avenue -= 1
        wide = next_avenue == 0
        lines.append((at, style.street_m[1] if wide else style.street_m[0] * rng.uniform(0.9, 1.1)))
        next_avenue = int(rng.integers(3, 6)) if wide else next_avenue
        at += float(rng.uniform(*spacing))
    return lines
