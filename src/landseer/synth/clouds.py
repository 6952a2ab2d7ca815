"""Clouds: their kinds, how thick they are, how the sun lights them, and where their shadows fall."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from landseer.synth.noise import blur, fractal, smooth_step, warp
from landseer.synth.sun import PIXEL_M, Sun

Field = NDArray[np.float32]

_MAX_SHADOW_PX = 70

_KINDS = ("cumulus", "deck", "cirrus", "bank")
_KIND_ODDS = (
    (0.04, (0.8, 0.0, 0.0, 0.2)),
    (0.4, (0.4, 0.15, 0.25, 0.2)),
    (np.inf, (0.1, 0.45, 0.1, 0.35)),
)
"""Chances of the kinds below each cloud share."""


@dataclass(frozen=True)
class Sky:
    """Clouds over a tile.

    Attributes:
        opacity: (h, w) float32, share of the surface's light that is lost to cloud, 0..1.
        light: (h, w) float32, brightness of the cloud's face, about 1.
        shadow: (h, w) float32, share of the direct sunlight that clouds take away, 0..1.
        ice: share of ice: 0 for water clouds, 1 for cirrus.
    """

    opacity: Field
    light: Field
    shadow: Field
    ice: float


def make_sky(size: int, share: float, sun: Sun, rng: np.random.Generator) -> Sky:
    """Draw the clouds of a tile.

    Args:
        size: side of the tile, pixels.
        share: share of the tile under cloud, 0..1; less than one part in a thousand is clear.
        sun: throws the shadows.
        rng: source of randomness.
    """
    if share < 0.001:
        clear = np.zeros((size, size), np.float32)
        return Sky(clear, clear + 1.0, clear, 0.0)
    margin = min(_MAX_SHADOW_PX, size)
    kind = _kind(share, rng)
    density, top_m, gain = _density(kind, size + 2 * margin, rng)
    inner = density[margin:-margin, margin:-margin]
    base = float(np.quantile(inner[::3, ::3], 1.0 - min(share, 0.99)))
    depth = gain * np.maximum(density - np.float32(base), 0.0)
    opacity = 1.0 - np.exp(-depth)
    reach = min(top_m * math.tan(math.radians(sun.zenith_deg)) / PIXEL_M, margin - 1.0)
    down, right = (-reach * part for part in sun.towards)
    cast = blur(_window(opacity, margin, -down, -right, size), 1.0)
    return Sky(
        np.ascontiguousarray(opacity[margin:-margin, margin:-margin]),
        _face(depth, sun)[margin:-margin, margin:-margin],
        cast,
        1.0 if kind == "cirrus" else 0.0,
    )


def _kind(share: float, rng: np.random.Generator) -> str:
    """Choose a kind: scattered clouds are cumulus, veils and decks cover more."""
    odds = next(odds for most, odds in _KIND_ODDS if share < most)
    return str(rng.choice(_KINDS, p=odds))


def _density(kind: str, size: int, rng: np.random.Generator) -> tuple[Field, float, float]:
    """Return a cloud field (any unit), the height of the clouds in metres, and the optical gain."""
    angle = float(rng.uniform(0, np.pi))
    if kind == "cirrus":
        field = fractal(size, rng, 3.5, 120.0, stretch=5.0, angle=angle, inner_px=2.0)
        bend = 10.0 * fractal(size, rng, 3.6, 150.0)
        return warp(field, bend, -bend), 8000.0, float(rng.uniform(0.12, 0.35))
    if kind == "deck":
        cells = float(rng.uniform(10.0, 28.0))
        ripple = np.abs(fractal(size, rng, 3.2, cells, inner_px=0.25 * cells))
        field = 1.1 * ripple + 0.9 * fractal(size, rng, 3.0, 160.0)
        return field + 0.15 * fractal(size, rng, 2.6, 12.0, inner_px=0.8), 900.0, 1.3
    if kind == "bank":
        front = fractal(size, rng, 3.6, 3.0 * size, stretch=2.0, angle=angle)
        return 1.3 * front + 0.45 * fractal(size, rng, 2.7, 60.0), 1500.0, 2.2
    streets = fractal(size, rng, 3.0, 90.0, stretch=2.5, angle=angle)
    puffs = fractal(size, rng, 3.4, float(rng.uniform(14.0, 40.0)), inner_px=1.5)
    detail = fractal(size, rng, 2.4, 9.0, inner_px=1.2)
    return puffs + 1.15 * streets + 0.13 * detail, float(rng.uniform(600.0, 1600.0)), 2.4


def _window(field: Field, margin: int, down: float, right: float, size: int) -> Field:
    """Cut the tile's window out of the padded field, displaced by whole pixels."""
    row, col = margin + round(down), margin + round(right)
    return field[row : row + size, col : col + size]


def _face(depth: Field, sun: Sun) -> Field:
    """Light the side of the cloud that faces the sun."""
    smooth = blur(np.minimum(depth, 4.0), 1.4)
    rise_d, rise_r = np.gradient(smooth)
    down, right = sun.towards
    facing = -(rise_d * np.float32(down) + rise_r * np.float32(right))
    relief = np.float32(0.9 * math.sin(math.radians(sun.zenith_deg))) * facing
    return np.asarray(np.clip(0.95 + relief, 0.5, 1.25), np.float32)


def flag_clouds(sky: Sky, miss: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Flag clouds as a quality band would: grown by some pixels, blind to thin ones, at times wrong.

    Args:
        sky: the true clouds.
        miss: opacity below which cloud goes unseen, about 0.15 to 0.5.
        rng: source of randomness.
    """
    seen = sky.opacity + 0.04 * rng.standard_normal(sky.opacity.shape, dtype=np.float32) > miss
    seen = ndimage.binary_opening(seen)
    grow = int(rng.integers(1, 4))
    if rng.random() < 0.3:
        seen |= ndimage.binary_opening(sky.shadow > 0.75)
    return ndimage.binary_dilation(seen, iterations=grow) if seen.any() else seen


def visible(sky: Sky) -> NDArray[np.bool_]:
    """Return where a person still sees the surface through the cloud."""
    return sky.opacity < 0.45


def haze(size: int, rng: np.random.Generator) -> Field:
    """Return what is left of the haze after atmospheric correction: smooth, about -0.2 to 1."""
    level = float(rng.normal(0.12, 0.18))
    patch = float(np.clip(rng.lognormal(-2.2, 0.8), 0.0, 0.6))
    return (level + patch * smooth_step(fractal(size, rng, 3.4, 150.0), -1.0, 2.5)).astype(
        np.float32
    )
