"""The relief of a place, from hilltops to the sea floor, carved by rivers and drowned by the sea."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from landseer.synth.erosion import carve
from landseer.synth.noise import blur, fractal, smooth_step
from landseer.synth.settings import WORLD_STEP_PX

Field = NDArray[np.float32]
PlaceKind = Literal["coast", "barren", "islands", "sea", "inland"]

_BASE_M = -28.0
"""Level of the sea when the valleys were cut: flooding them since makes the ragged inlets."""


@dataclass(frozen=True)
class Relief:
    """Height above the mean sea level (negative: sea floor), and what goes with it.

    Attributes:
        height_m: (n, n) float32.
        rock: (n, n) float32, 0 soft ground and smooth shore to 1 bare rock and ragged shore.
        flow: (n, n) float32, logarithm of the catchment: valleys are high.
        strike: direction of the folded strata, radians.
    """

    height_m: Field
    rock: Field
    flow: Field
    strike: float


def make_relief(size: int, kind: PlaceKind, rng: np.random.Generator) -> Relief:
    """Make the relief of a place.

    Args:
        size: side in pixels, a multiple of 4.
        kind: how much land there is.
        rng: source of randomness.
    """
    strike = float(rng.uniform(0.0, np.pi))
    coarse = size // WORLD_STEP_PX + 2
    start = _coarse_height(coarse, kind, strike, rng)
    half = ndimage.zoom(start, 0.5, order=1)
    half, _ = carve(half, 5, 0.35, _BASE_M)
    height = 0.65 * _fit(half, coarse) + 0.35 * start
    height += 1.5 * fractal(coarse, rng, 2.4, 12.0)
    height, flow = carve(height, 5, 0.25, _BASE_M)
    rock = smooth_step(fractal(size, rng, 3.2, 160.0), -0.9, 0.9)
    fine = _refine(height, size)
    fine += (0.6 + 4.4 * rock) * fractal(size, rng, 2.6, 45.0) * _taper(fine)
    strata = fractal(size, rng, 2.6, 30.0, stretch=5.0, angle=strike)
    fine += (0.3 + 2.2 * rock) * strata * _taper(fine)
    return Relief(_open_shore(fine, kind), rock, _refine(flow, size), strike)


def _coarse_height(size: int, kind: PlaceKind, strike: float, rng: np.random.Generator) -> Field:
    """Draw the uncarved relief at a quarter of the resolution, with the land share of its kind."""
    outer = size * float(rng.uniform(0.14, 0.24) if kind == "islands" else rng.uniform(0.4, 1.0))
    field = fractal(size, rng, 3.3, outer)
    field += 0.5 * fractal(size, rng, 3.0, outer * 0.4, stretch=4.0, angle=strike)
    metres = float(np.clip(rng.lognormal(np.log(95.0), 0.45), 35.0, 240.0))
    land = {"islands": rng.uniform(0.03, 0.16), "sea": 0.0, "inland": 1.0}.get(
        kind, rng.uniform(0.2, 0.72)
    )
    shore = float(np.quantile(field, 1.0 - land))
    height = (field - shore) * metres
    if kind == "sea":
        return (height - 35.0).astype(np.float32)
    if kind == "inland":
        return (height + 25.0).astype(np.float32)
    return np.where(height < 0, 0.5 * height, height).astype(np.float32)


def _taper(height: Field) -> Field:
    """Keep shores and reefs rough, hills smooth (but for high ridges), and the deep floor flat."""
    hills = 0.40 + 0.6 * np.exp(-np.maximum(height, 0.0) / 12.0) + np.maximum(height, 0.0) / 400.0
    return np.where(height > 0, hills, np.clip(1.0 + height / 90.0, 0.35, 1.0)).astype(np.float32)


def _fit(field: Field, size: int) -> Field:
    """Resample a square field to `size`, linearly."""
    at = np.linspace(0.0, field.shape[0] - 1.0, size, dtype=np.float32)
    grid = np.meshgrid(at, at, indexing="ij")
    return ndimage.map_coordinates(field, grid, order=1, mode="nearest", output=np.float32)


def _refine(field: Field, size: int) -> Field:
    """Resample a coarse field to full resolution without its cells showing."""
    big = ndimage.zoom(field, WORLD_STEP_PX, order=2, output=np.float32)
    return np.ascontiguousarray(blur(big, 1.2)[4 : 4 + size, 4 : 4 + size])


def _open_shore(height: Field, kind: PlaceKind) -> Field:
    """Keep land-only places dry and open sea wet, and steepen the first metres of every shore."""
    if kind == "sea":
        return np.minimum(height, -24.0)
    if kind == "inland":
        return np.maximum(height, 6.0 + 0.1 * height)
    bank = np.float32(1.5) * np.tanh(height / np.float32(1.5))
    return (height + bank).astype(np.float32)
