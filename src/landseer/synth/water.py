"""The sea on a day: its colour, the bottom showing through, turbid water, glint, swell and surf."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.synth.noise import blur, fractal, smooth_step, swell_waves, warp
from landseer.synth.spectra import (
    ATTENUATION_PER_M,
    BLOOM_GAIN,
    DEEP_WATER,
    N_SPECTRAL,
    ROCK_BED,
    SAND_BED,
    SCUM_GAIN,
    TURBID_GAIN,
    spectrum,
)

Field = NDArray[np.float32]


@dataclass(frozen=True)
class SeaState:
    """The sea on a day.

    Attributes:
        tide_m: level above the mean sea level.
        swell_m: height of the swell, 0 (calm) to 5.
        swell_from: unit vector (down, right) towards where the swell comes from.
        glint: mean reflectance of sun glint, 0 to 0.06.
        turbidity: 0 (clear) to 2 (milky along the shore).
        bloom: 0 (none) to 1 (bright plankton swirls).
        scum: 0 (none) to 1 (floating plankton in windrows, bright in the infrared as kelp is).
    """

    tide_m: float
    swell_m: float
    swell_from: tuple[float, float]
    glint: float
    turbidity: float
    bloom: float
    scum: float


def draw_sea_state(zenith_deg: float, rng: np.random.Generator) -> SeaState:
    """Draw tide, swell, glint, turbidity and bloom of a day; glint needs a high sun."""
    angle = float(rng.normal(0.9 * np.pi, 0.9))
    high_sun = float(np.clip((62.0 - zenith_deg) / 25.0, 0.0, 1.0))
    glint = 0.005 + 0.034 * high_sun * float(rng.beta(0.9, 2.0))
    return SeaState(
        tide_m=float(rng.uniform(-0.9, 0.9)),
        swell_m=float(np.clip(rng.lognormal(0.45, 0.5), 0.3, 5.0)),
        swell_from=(float(np.sin(angle)), float(np.cos(angle))),
        glint=glint if rng.random() < 0.7 else 0.002,
        turbidity=float(np.clip(rng.lognormal(-0.9, 0.8), 0.02, 2.0)),
        bloom=float(rng.uniform(0.3, 1.0)) if rng.random() < 0.12 else 0.0,
        scum=float(rng.uniform(0.3, 1.0)) if rng.random() < 0.10 else 0.0,
    )


def paint_sea(
    depth_m: Field, sand: Field, exposure: Field, sea: SeaState, rng: np.random.Generator
) -> Field:
    """Return the reflectance of the sea without glint or foam.

    Args:
        depth_m: (h, w) below today's surface; negative on land.
        sand: (h, w), 0 rock to 1 sand.
        exposure: (h, w), 0 sheltered to 1 open.
        sea: state of the day.
        rng: source of randomness.

    Returns:
        (5, h, w) float32.
    """
    size = depth_m.shape[0]
    murk = _murk(size, depth_m, exposure, sea, rng)
    rho = np.empty((N_SPECTRAL, size, size), np.float32)
    rho[:] = spectrum(DEEP_WATER)
    rho += spectrum(TURBID_GAIN) * murk
    if sea.bloom > 0:
        rho += spectrum(BLOOM_GAIN) * (sea.bloom * _swirls(size, rng))
    if sea.scum > 0:
        floating = smooth_step(_swirls(size, rng), 0.45, 0.8)
        rho += spectrum(SCUM_GAIN) * (sea.scum * floating)
    depth = np.maximum(depth_m, 0.05)
    for band in range(N_SPECTRAL):
        clear = np.exp(-depth * (ATTENUATION_PER_M[band] + 0.12 * murk))
        bottom = ROCK_BED[band] + sand * np.float32(SAND_BED[band] - ROCK_BED[band])
        rho[band] += clear * (bottom - rho[band])
    return rho


def _murk(
    size: int, depth_m: Field, exposure: Field, sea: SeaState, rng: np.random.Generator
) -> Field:
    """Return how turbid the water is: plumes and stirred-up shallows, drawn out by eddies."""
    plume = fractal(size, rng, 3.9, 160.0)
    eddy = fractal(size, rng, 3.8, 60.0)
    plume = warp(plume, 14.0 * eddy, -14.0 * plume)
    near = np.exp(-np.maximum(depth_m, 0.0) / np.float32(9.0))
    level = sea.turbidity * (0.25 + 1.1 * near * (0.4 + 0.6 * exposure) + 0.4 * (1 - exposure))
    return np.maximum(level * np.exp(0.65 * plume - 0.3), 0.0).astype(np.float32)


def _swirls(size: int, rng: np.random.Generator) -> Field:
    """Return plankton swirls: a field stretched and folded by two turns of eddies."""
    field = fractal(size, rng, 2.8, 70.0)
    down, right = fractal(size, rng, 3.6, 90.0), fractal(size, rng, 3.6, 90.0)
    for reach in (16.0, 10.0):
        field = warp(field, reach * down, reach * right)
    return smooth_step(field, -0.4, 2.2)


def glint_on(shape_px: int, calm: Field, sea: SeaState, rng: np.random.Generator) -> Field:
    """Return the reflectance that sun glint adds to every band.

    Args:
        shape_px: side of the tile.
        calm: (h, w), 0 open sea to 1 where kelp or shelter damps the waves.
        sea: state of the day.
        rng: source of randomness.

    Returns:
        (h, w) float32, at least 0.
    """
    if sea.glint < 0.003:
        return np.full((shape_px, shape_px), sea.glint, np.float32)
    angle = float(np.arctan2(*sea.swell_from))
    wind = fractal(shape_px, rng, 3.7, 250.0) + 0.12 * fractal(
        shape_px, rng, 2.4, 25.0, stretch=6.0, angle=angle + 0.4
    )
    slicks = smooth_step(np.abs(fractal(shape_px, rng, 3.8, 110.0)), 0.0, 0.10)
    waves = swell_waves(shape_px, rng, float(rng.uniform(4.0, 9.0)), angle, 0.35)
    swell = 0.03 * sea.swell_m * waves * np.maximum(1.0 - 1.5 * calm, 0.0)
    rough = np.exp(0.4 * wind) * (0.8 + 0.2 * slicks) * (1.0 + swell)
    return np.maximum(sea.glint * rough * (1.0 - 0.75 * calm), 0.0).astype(np.float32)


def surf(
    depth_m: Field, exposure: Field, shore: Field, sea: SeaState, rng: np.random.Generator
) -> Field:
    """Return the share of foam: a ragged line along shores that face the swell, and on reefs.

    Args:
        depth_m: (h, w) below today's surface; negative on land.
        exposure: (h, w), 0 sheltered to 1 open.
        shore: (2, h, w), points out to sea.
        sea: state of the day.
        rng: source of randomness.
    """
    size = depth_m.shape[0]
    facing = shore[0] * np.float32(sea.swell_from[0]) + shore[1] * np.float32(sea.swell_from[1])
    power = sea.swell_m * exposure * np.clip(0.35 + 0.65 * facing, 0.05, 1.0)
    breaking = np.exp(-np.maximum(blur(depth_m, 1.4), 0.0) / np.maximum(0.9 * power, 0.12))
    broken = fractal(size, rng, 1.4, 10.0)
    foam = breaking * smooth_step(broken + 0.7 * power, 0.5, 2.2) * np.clip(power, 0.0, 1.3)
    foam[depth_m < -1.2] = 0.0
    caps = smooth_step(broken + 0.15 * sea.swell_m, 3.9, 4.8) * (depth_m > 0)
    return np.clip(blur(foam, 0.5) + 0.12 * caps, 0.0, 0.95).astype(np.float32)
