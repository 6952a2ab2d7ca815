"""Round huts under thatch."""

from __future__ import annotations

import math

import numpy as np

from landseer.synth.builder import Builder
from landseer.synth.frame import Frame

Rng = np.random.Generator

_SIDES = 10
_STRAW = ((0.2, 0.165, 0.115), (0.15, 0.13, 0.1), (0.25, 0.21, 0.15), (0.12, 0.105, 0.085))
_MUD = (0.26, 0.2, 0.145)


def hut(builder: Builder, frame: Frame, radius: float, rng: Rng) -> None:
    """Build a round hut.

    Args:
        builder: where to.
        frame: its middle.
        radius: of its walls, metres.
        rng: source of randomness.
    """
    eave, rise = float(rng.uniform(1.5, 2.0)), radius * float(rng.uniform(0.75, 1.05))
    straw = np.array(_STRAW[int(rng.integers(len(_STRAW)))]) * rng.uniform(0.85, 1.15)
    turn = np.linspace(0, math.tau, _SIDES, endpoint=False)
    circle = np.stack([np.cos(turn), np.sin(turn)], 1)
    wall, edge = frame.ground(circle * radius), frame.ground(circle * (radius + 0.5))
    with builder.aged(float(rng.random())):
        builder.face(_band(wall, 0.0, eave), "plain", _MUD)
        low = np.concatenate([edge, np.full((_SIDES, 1), eave - 0.25)], 1)
        tip = np.tile([frame.south, frame.east, eave + rise], (_SIDES, 1))
        builder.face(np.stack([low, np.roll(low, -1, 0), tip, tip], 1), "thatch", straw)


def _band(line: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the walls (n, 4, 3) over a closed line."""
    foot = np.concatenate([line, np.full((len(line), 1), low)], 1)
    top = np.concatenate([line, np.full((len(line), 1), high)], 1)
    return np.stack([foot, np.roll(foot, -1, 0), np.roll(top, -1, 0), top], 1)
