"""Where kelp grows in a place, and how much of it shows on a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.synth.noise import blur, fractal, smooth_step, warp
from landseer.synth.settings import KelpSynthConfig
from landseer.synth.terrain import PlaceKind, Relief

Field = NDArray[np.float32]

REFERENCE_TILE_PX = 350 * 350
_FILAMENT_STEPS_PX = (1.6, 4.8)


@dataclass(frozen=True)
class Beds:
    """Fixed part of a place's kelp.

    Attributes:
        score: (n, n) float32: how well kelp does here; very low outside its habitat.
        texture: (n, n) float32, 0..1: thickness of the canopy, in filaments along the current.
        ladder: scores sorted from high to low, one per habitat pixel.
        target_px: kelp pixels of the whole place in an average season.
    """

    score: Field
    texture: Field
    ladder: Field
    target_px: float

    def threshold(self, abundance: float) -> float:
        """Return the score above which kelp reaches the surface in a season of this abundance."""
        if self.target_px <= 0 or not len(self.ladder):
            return float("inf")
        rank = min(self.target_px * abundance, 0.6 * len(self.ladder))
        return float(self.ladder[min(int(rank), len(self.ladder) - 1)])


def plant_beds(
    relief: Relief,
    exposure: Field,
    kind: PlaceKind,
    config: KelpSynthConfig,
    rng: np.random.Generator,
) -> Beds:
    """Find where kelp grows: rock 3 to 20 m down, along open shores and on reefs, in patches.

    Args:
        relief: of the place.
        exposure: (n, n) float32, 0 sheltered to 1 open.
        kind: barren, sea and inland places get none.
        config: how much kelp there should be.
        rng: source of randomness.
    """
    size = relief.height_m.shape[0]
    target = _target_px(size, kind, config, rng)
    if target <= 0:
        nothing = np.zeros((size, size), np.float32)
        return Beds(nothing - 99.0, nothing, np.empty(0, np.float32), 0.0)
    depth = -relief.height_m
    flow_d, flow_r = _current(relief.height_m, rng)
    streaks = _filaments(fractal(size, rng, 1.0, 30.0), flow_d, flow_r)
    reef = _filaments(fractal(size, rng, 2.4, 22.0), flow_d, flow_r)
    best = float(rng.uniform(6.0, 11.0))
    fit = -(np.log(np.maximum(depth, 0.3) / np.float32(best)) ** 2) / np.float32(0.55)
    score = fit + 0.60 * reef + 0.38 * streaks + 0.7 * fractal(size, rng, 3.4, 70.0)
    score += 0.8 * relief.rock + 0.9 * exposure
    habitat = (depth > 1.5) & (depth < 26.0)
    score = np.where(habitat, score, np.float32(-99.0))
    ladder = np.sort(score[habitat])[::-1]
    texture = smooth_step(streaks + 0.3 * reef, -1.3, 1.5)
    return Beds(score, texture, ladder, min(target, 0.5 * len(ladder)))


def _target_px(
    size: int, kind: PlaceKind, config: KelpSynthConfig, rng: np.random.Generator
) -> float:
    """Draw how many kelp pixels a place has in an average season (log-normal)."""
    drawn = config.kelp_pixels_median * float(np.exp(config.kelp_pixels_sigma * rng.normal()))
    return drawn * size * size / REFERENCE_TILE_PX if kind in ("coast", "islands") else 0.0


def _current(height: Field, rng: np.random.Generator) -> tuple[Field, Field]:
    """Return unit vectors along the shore, bent towards the tidal stream (down, right)."""
    rise_d, rise_r = np.gradient(blur(height, 6.0))
    angle = float(rng.uniform(0, 2 * np.pi))
    along = np.sign(-rise_r * np.sin(angle) + rise_d * np.cos(angle))
    scale = along / (np.hypot(rise_d, rise_r) + np.float32(1e-3))
    down = -rise_r * scale + np.float32(0.5 * np.sin(angle))
    right = rise_d * scale + np.float32(0.5 * np.cos(angle))
    length = np.hypot(down, right) + np.float32(1e-6)
    return (down / length).astype(np.float32), (right / length).astype(np.float32)


def _filaments(field: Field, down: Field, right: Field) -> Field:
    """Smear a field along the current: a line integral by repeated averaging of shifted copies.

    Source: own; after line integral convolution (Cabral & Leedom 1993, 10.1145/166117.166151).
    """
    for step in _FILAMENT_STEPS_PX:
        ahead = warp(field, step * down, step * right)
        behind = warp(field, -step * down, -step * right)
        field = (field + ahead + behind) / np.float32(3.0)
    return field / max(float(field.std()), 1e-6)


def canopy_cover(
    score: Field, texture: Field, threshold: float, weather: Field, vigour: float
) -> Field:
    """Return the share of each pixel that floating canopy covers on a day.

    Args:
        score: (h, w) window of the beds' score.
        texture: (h, w) window of the beds' texture.
        threshold: score at which the canopy begins.
        weather: (h, w) storm losses of the season, deviation about 0.3.
        vigour: 0..1, how dense the canopy is in this season.

    Returns:
        (h, w) float32, 0..1.
    """
    if not np.isfinite(threshold):
        return np.zeros_like(score)
    inside = score + weather - np.float32(threshold)
    dense = np.float32(0.30) + 0.55 * smooth_step(inside, 0.0, 1.2) + 0.35 * (texture - 0.5)
    return smooth_step(inside, -0.12, 0.22) * np.clip(dense, 0.05, 1.0) * np.float32(vigour)
