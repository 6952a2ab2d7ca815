"""Random fields with a power-law spectrum, made by one inverse Fourier transform each."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

Field = NDArray[np.float32]


_TABLE_SIZE = 8192
"""Different values a Fourier coefficient is drawn from: a look-up is far cheaper than a normal deviate."""


@lru_cache(maxsize=1)
def _gaussian_table() -> NDArray[np.complex64]:
    """Return fixed complex normal deviates."""
    rng = np.random.Generator(np.random.PCG64(20))
    parts = rng.standard_normal((2, _TABLE_SIZE)).astype(np.float32)
    return (parts[0] + 1j * parts[1]).astype(np.complex64)


@lru_cache(maxsize=8)
def _wave_numbers(side: int) -> tuple[Field, Field]:
    """Return cycles per pixel along rows (side, 1) and columns (1, side // 2 + 1)."""
    rows = np.fft.fftfreq(side).astype(np.float32)[:, None]
    cols = np.fft.rfftfreq(side).astype(np.float32)[None, :]
    return rows, cols


def _realise(amplitude: Field, side: int, size: int, rng: np.random.Generator) -> Field:
    """Draw the spectrum, transform back, crop, and scale to mean 0 and deviation 1."""
    drawn = rng.integers(0, _TABLE_SIZE, amplitude.shape, dtype=np.uint16)
    spectrum = _gaussian_table()[drawn] * amplitude
    field = fft.irfft2(spectrum, s=(side, side), overwrite_x=True)[:size, :size]
    field -= field.mean()
    return np.ascontiguousarray(field / max(float(field.std()), 1e-9), dtype=np.float32)


@lru_cache(maxsize=64)
def _fractal_amplitude(side: int, slope: float, outer_px: float, inner_px: float) -> Field:
    """Return the amplitude of an isotropic power law (cached: most fields share a few)."""
    return _power_law(side, slope, outer_px, inner_px, 1.0, 0.0)


def _power_law(
    side: int, slope: float, outer_px: float, inner_px: float, stretch: float, angle: float
) -> Field:
    """Return |k|^(-slope/2), flat below 1/outer_px, cut above 1/inner_px, squeezed along `angle`."""
    rows, cols = _wave_numbers(side)
    along = (cols * np.cos(angle) + rows * np.sin(angle)) * np.float32(stretch)
    across = rows * np.cos(angle) - cols * np.sin(angle)
    power = along * along + across * across
    amplitude = (power + np.float32(1.0 / outer_px) ** 2) ** np.float32(-slope / 4.0)
    if inner_px > 0:
        amplitude = amplitude * np.exp(-power * np.float32(inner_px) ** 2)
    amplitude[0, 0] = 0.0
    return amplitude.astype(np.float32)


def fractal(
    size: int,
    rng: np.random.Generator,
    slope: float,
    outer_px: float,
    *,
    inner_px: float = 0.0,
    stretch: float = 1.0,
    angle: float = 0.0,
) -> Field:
    """Draw a Gaussian field whose power falls as frequency ** -slope.

    Args:
        size: side of the square field, pixels.
        rng: source of randomness.
        slope: 2 is rough, 3 is cloud-like, 4 is smooth.
        outer_px: above this wavelength power no longer grows.
        inner_px: below this wavelength power vanishes; 0 keeps all.
        stretch: how many times longer features are along `angle` than across.
        angle: direction of the long axis, radians from the column axis towards rows.

    Returns:
        (size, size) float32, mean 0, standard deviation 1.

    Source: own; spectral synthesis (Saupe 1988, in The Science of Fractal Images, ch. 2).
    """
    side = fft.next_fast_len(size + 8, real=True)
    if stretch == 1.0:
        amplitude = _fractal_amplitude(side, slope, outer_px, inner_px)
    else:
        amplitude = _power_law(side, slope, outer_px, inner_px, stretch, angle)
    return _realise(amplitude, side, size, rng)


def swell_waves(
    size: int, rng: np.random.Generator, wave_px: float, angle: float, spread: float
) -> Field:
    """Draw long-crested waves of one wavelength and direction.

    Args:
        size: side, pixels.
        rng: source of randomness.
        wave_px: wavelength, pixels (> 2).
        angle: direction in which the waves travel, radians from the column axis.
        spread: relative width of the spectrum, 0.1 (regular) to 0.5 (confused).

    Returns:
        (size, size) float32, mean 0, standard deviation 1.
    """
    side = fft.next_fast_len(size + 8, real=True)
    rows, cols = _wave_numbers(side)
    centre_r, centre_c = np.sin(angle) / wave_px, np.cos(angle) / wave_px
    width = np.float32(spread / wave_px)
    power = np.zeros((side, side // 2 + 1), np.float32)
    for sign in (1, -1):
        away = (rows - np.float32(sign * centre_r)) ** 2 + (cols - np.float32(sign * centre_c)) ** 2
        power += np.exp(-away / (2 * width * width))
    return _realise(power, side, size, rng)


def warp(field: Field, down: Field, right: Field) -> Field:
    """Sample `field` at positions displaced by (down, right) pixels, bilinear, mirrored borders."""
    size_r, size_c = field.shape
    rows = np.arange(size_r, dtype=np.float32)[:, None] + down
    cols = np.arange(size_c, dtype=np.float32)[None, :] + right
    return ndimage.map_coordinates(field, [rows, cols], order=1, mode="mirror", output=np.float32)


def smooth_step(field: Field, low: float, high: float) -> Field:
    """Rise smoothly from 0 at `low` to 1 at `high` (cubic)."""
    t = np.clip((field - np.float32(low)) / np.float32(high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def blur(field: Field, sigma_px: float) -> Field:
    """Blur with a Gaussian; a wide one is approached by three box filters.

    Args:
        field: (h, w) float32; borders repeat.
        sigma_px: standard deviation, pixels.
    """
    if sigma_px < 3.0:
        return ndimage.gaussian_filter(field, sigma_px, mode="nearest", truncate=3.0)
    width = max(3, round(math.sqrt(4.0 * sigma_px * sigma_px + 1.0)) | 1)
    for _ in range(3):
        field = ndimage.uniform_filter(field, width, mode="nearest")
    return field
