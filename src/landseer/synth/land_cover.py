"""What grows or lies on the land: heath, grass, peat, rock, stone runs, ponds, dunes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landseer.synth.noise import fractal, smooth_step
from landseer.synth.spectra import (
    CLAY,
    DEEP_WATER,
    GRASS,
    HEATH,
    N_SPECTRAL,
    PEAT,
    ROCK,
    STRAW,
    TUSSAC,
    mix,
    spectrum,
)
from landseer.synth.terrain import Relief

Field = NDArray[np.float32]


def paint_land(relief: Relief, slope: Field, rng: np.random.Generator) -> Field:
    """Return the reflectance of the land, evenly lit, as if everything were land.

    Args:
        relief: of the place.
        slope: (n, n) float32, rise over run.
        rng: source of randomness.

    Returns:
        (5, n, n) float32.
    """
    size = slope.shape[0]
    dry = fractal(size, rng, 2.7, 90.0) + 0.35 * fractal(size, rng, 1.6, 12.0)
    patch = fractal(size, rng, 2.5, 50.0)
    land = np.empty((N_SPECTRAL, size, size), np.float32)
    land[:] = spectrum(HEATH)
    mix(land, 0.85 * smooth_step(dry, 0.2, 1.4), STRAW)
    mix(land, 0.6 * smooth_step(-dry + 0.4 * patch, 0.3, 1.1), GRASS)
    valley = smooth_step(relief.flow + 0.7 * patch, 1.6, 4.0)
    mix(land, 0.75 * valley, GRASS)
    mix(land, 0.8 * smooth_step(-dry - 0.5 * patch, 0.7, 1.6), PEAT)
    _rocks(land, relief, slope, patch)
    mix(land, 0.75 * smooth_step(patch - 4.0 * slope, 1.7, 2.3), CLAY)
    near_shore = smooth_step(-relief.height_m, -9.0, -2.0) * smooth_step(patch, -0.3, 0.6)
    mix(land, 0.7 * near_shore, TUSSAC)
    _ponds(land, relief, slope, rng)
    land *= 1.0 + 0.05 * fractal(size, rng, 1.2, 6.0)
    return land


def _rocks(land: Field, relief: Relief, slope: Field, patch: Field) -> None:
    """Bare rock on steep and high ground, drawn out along the strata."""
    high = smooth_step(relief.height_m + 45.0 * patch, 130.0, 330.0)
    steep = smooth_step(slope + 0.06 * patch, 0.16, 0.36)
    mix(land, np.clip((0.35 + 0.5 * relief.rock) * np.maximum(steep, high), 0.0, 0.9), ROCK)


def _ponds(land: Field, relief: Relief, slope: Field, rng: np.random.Generator) -> None:
    """Peat ponds: small, sharp-edged and dark, where the ground is flat."""
    size = slope.shape[0]
    wet = fractal(size, rng, 2.6, 14.0) + 0.6 * fractal(size, rng, 3.0, 120.0)
    flat = smooth_step(-slope, -0.09, -0.03)
    mix(land, smooth_step(wet * flat, 2.0, 2.2), 1.25 * spectrum(DEEP_WATER))
