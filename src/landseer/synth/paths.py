"""Bent lines over the ground and ribbons along them; round outlines."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from landseer.synth.frame import Frame
from landseer.synth.parcels import area_m2, laid

Floats = NDArray[np.float64]
Rng = np.random.Generator

_STEP_M = 8.0


def bent(start: Floats, stop: Floats, bend_m: float, wave_m: float, rng: Rng) -> Floats:
    """Return a bent line (n, 2) between two places.

    Args:
        start, stop: (south, east), metres.
        bend_m: how far it swings to either side.
        wave_m: how often.
        rng: source of randomness.
    """
    away = stop - start
    length = float(np.hypot(*away))
    share = np.linspace(0.0, 1.0, max(2, math.ceil(length / _STEP_M)) + 1)
    swing = np.zeros_like(share)
    for wave in wave_m * rng.uniform(0.6, 1.7, 3):
        swing += np.sin(share * length / wave * math.tau + rng.uniform(0, math.tau)) / 2.0
    across = np.array([-away[1], away[0]]) / max(length, 1e-9)
    return start + share[:, None] * away + bend_m * swing[:, None] * across


def beside(path: Floats, offset_m: float | Floats) -> Floats:
    """Return the line at a distance to the left of a line, seen with south down and east right."""
    ahead = np.gradient(path, axis=0)
    ahead /= np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    left = np.stack([-ahead[:, 1], ahead[:, 0]], 1)
    return path + left * np.broadcast_to(offset_m, len(path))[:, None]


def ribbon(path: Floats, low_m: float | Floats, high_m: float | Floats) -> Floats:
    """Return the corners (n, 4, 3) of a strip along a line between two distances to its left."""
    first, second = laid(beside(path, low_m)), laid(beside(path, high_m))
    return np.stack([first[:-1], first[1:], second[1:], second[:-1]], 1)


def places_along(path: Floats, step_m: float) -> list[Frame]:
    """Return frames at equal steps of a line, x ahead and y to the left."""
    gone = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    frames = []
    for at in np.arange(step_m / 2, gone[-1], step_m):
        here = [float(np.interp(at, gone, path[:, k])) for k in (0, 1)]
        ahead = [float(np.interp(at + 0.5, gone, path[:, k])) for k in (0, 1)]
        turn = math.atan2(ahead[1] - here[1], ahead[0] - here[0])
        frames.append(Frame(here[0], here[1], turn))
    return frames


def outline(
    middle: Floats, radius_m: float, rough: float, rng: Rng, *, stretch: float = 1.0
) -> Floats:
    """Return a wavy closed line (n, 2) around a place, counter-clockwise on the page.

    Args:
        middle: (south, east).
        radius_m: mean radius.
        rough: relative size of its waves, 0 to about 0.4.
        rng: source of randomness.
        stretch: length over width.
    """
    count = max(16, int(math.tau * radius_m * max(stretch, 1.0) / 5.0))
    turn = np.linspace(0.0, math.tau, count, endpoint=False)
    wave = np.zeros(count)
    for order in range(2, 8):
        wave += np.sin(order * turn + rng.uniform(0, math.tau)) * rng.uniform(0.3, 1.0) / order
    radius = radius_m * np.clip(1.0 + rough * 1.6 * wave, 0.3, 1.8)
    tilt = rng.uniform(0, math.tau)
    long, short = radius * np.cos(turn) * math.sqrt(stretch), radius * np.sin(turn)
    short = short / math.sqrt(stretch)
    cos, sin = math.cos(tilt), math.sin(tilt)
    line = np.stack([cos * long - sin * short, sin * long + cos * short], 1) + middle
    return line if area_m2(line) > 0 else line[::-1]


def fan(line: Floats) -> Floats:
    """Return triangles (n, 4, 3) that fill a closed line seen whole from the mean of its places."""
    rim, after = laid(line), laid(np.roll(line, -1, 0))
    middle = np.broadcast_to(laid(line.mean(0)), rim.shape)
    return np.stack([middle, rim, after, after], 1)


def grown(line: Floats, by_m: float | Floats) -> Floats:
    """Return a closed line moved outwards from its middle."""
    away = line - line.mean(0)
    length = np.maximum(np.hypot(*away.T), 1e-9)[:, None]
    return line + away / length * np.broadcast_to(by_m, len(line))[:, None]
