"""Reflectance of pure surfaces in the five spectral bands, and the digital numbers that stand for them.

Every spectrum is (SWIR, NIR, red, green, blue), surface reflectance. They are typical values for
30 m pixels, rounded; heath and grass are kept as dull as those of the cool, wet, windy South Atlantic.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Spectrum = tuple[float, float, float, float, float]

N_SPECTRAL = 5
SWIR, NIR, RED, GREEN, BLUE = range(N_SPECTRAL)

DN_SCALE = 2.75e-5
DN_OFFSET = -0.2
"""Reflectance = DN * 2.75e-5 - 0.2, as in Landsat Collection 2 Level 2."""

NODATA = -32768

DEEP_WATER: Spectrum = (0.002, 0.006, 0.013, 0.024, 0.033)
TURBID_GAIN: Spectrum = (0.0005, 0.011, 0.034, 0.036, 0.018)
BLOOM_GAIN: Spectrum = (0.0, 0.004, 0.010, 0.034, 0.030)
CANOPY: Spectrum = (0.030, 0.185, 0.030, 0.036, 0.024)
WET_ALGAE: Spectrum = (0.045, 0.145, 0.040, 0.046, 0.029)
SCUM_GAIN: Spectrum = (0.004, 0.060, 0.012, 0.026, 0.010)
FOAM: Spectrum = (0.060, 0.190, 0.270, 0.290, 0.300)
HEATH: Spectrum = (0.108, 0.116, 0.062, 0.048, 0.031)
GRASS: Spectrum = (0.092, 0.152, 0.046, 0.047, 0.028)
STRAW: Spectrum = (0.128, 0.132, 0.088, 0.068, 0.044)
PEAT: Spectrum = (0.075, 0.076, 0.040, 0.033, 0.023)
ROCK: Spectrum = (0.115, 0.112, 0.096, 0.088, 0.076)
CLAY: Spectrum = (0.160, 0.150, 0.135, 0.108, 0.080)
TUSSAC: Spectrum = (0.085, 0.175, 0.042, 0.046, 0.026)
SAND_DRY: Spectrum = (0.260, 0.250, 0.220, 0.195, 0.155)
SAND_WET: Spectrum = (0.090, 0.130, 0.125, 0.115, 0.095)
SAND_BED: Spectrum = (0.0, 0.110, 0.130, 0.120, 0.090)
ROCK_BED: Spectrum = (0.0, 0.030, 0.022, 0.024, 0.018)
WATER_CLOUD: Spectrum = (0.50, 0.66, 0.64, 0.63, 0.65)
ICE_CLOUD: Spectrum = (0.20, 0.56, 0.55, 0.55, 0.57)
HAZE: Spectrum = (0.002, 0.006, 0.014, 0.022, 0.032)

ATTENUATION_PER_M: Spectrum = (40.0, 1.8, 0.50, 0.17, 0.17)
"""Two-way loss of light per metre of clear coastal water."""


def spectrum(values: Spectrum) -> NDArray[np.float32]:
    """Return a spectrum as (5, 1, 1) float32, ready to spread over an image."""
    return np.asarray(values, np.float32)[:, None, None]


def mix(
    base: NDArray[np.float32], share: NDArray[np.float32], other: NDArray[np.float32] | Spectrum
) -> None:
    """Cover `share` (h, w) of every pixel of `base` (5, h, w) by `other`, in place."""
    top = spectrum(other) if isinstance(other, tuple) else other
    base += share * (top - base)


def to_dn(reflectance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return reflectance as digital numbers, not yet rounded."""
    return (reflectance - np.float32(DN_OFFSET)) * np.float32(1.0 / DN_SCALE)
