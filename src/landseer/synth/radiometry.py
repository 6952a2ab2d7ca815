"""The sensor: optics, misregistration, noise, coarse digits, and digital numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from landseer.synth.spectra import N_SPECTRAL, Spectrum, to_dn

Field = NDArray[np.float32]

_PARALLAX_PX = (-1.0, 0.0, 0.0, 0.0, 0.6)
"""How far apart the bands see clouds, pixels along the flight's cross direction."""


@dataclass(frozen=True)
class Sensor:
    """A Landsat instrument.

    Attributes:
        name: L5, L7 or L8.
        noise: standard deviation per band, reflectance.
        step: smallest difference per band, reflectance (8-bit sensors are coarse).
        years: first and last year of the data.
    """

    name: str
    noise: Spectrum
    step: Spectrum
    years: tuple[int, int]


SENSORS = {
    "L5": Sensor(
        "L5",
        (0.0022, 0.0026, 0.0022, 0.0022, 0.0016),
        (0.002, 0.0036, 0.003, 0.0032, 0.0018),
        (1986, 2011),
    ),
    "L7": Sensor(
        "L7",
        (0.0016, 0.0020, 0.0016, 0.0016, 0.0014),
        (0.0018, 0.003, 0.0022, 0.0022, 0.002),
        (1999, 2021),
    ),
    "L8": Sensor(
        "L8",
        (0.0003, 0.0005, 0.0004, 0.0004, 0.0004),
        (0.0001, 0.0001, 0.0001, 0.0001, 0.0001),
        (2013, 2023),
    ),
}
"""Name -> instrument; noise and steps are of the size that dark scenes show in surface reflectance."""


def sensors_on(day: date) -> tuple[str, ...]:
    """Return the names of the instruments in service in the year of a day."""
    return tuple(n for n, s in SENSORS.items() if s.years[0] <= day.year <= s.years[1])


def through_optics(rho: Field, down: float, right: float, size: int) -> Field:
    """Blur by the optics, displace by a fraction of a pixel, and cut the margin off.

    Args:
        rho: (b, h, w) layers with the same margin on all sides.
        down: displacement of the image in pixels, at most 1.
        right: the same along rows.
        size: side of the tile.

    Returns:
        (b, size, size) float32.
    """
    margin = (rho.shape[1] - size) // 2
    out = np.empty((len(rho), size, size), np.float32)
    for band in range(len(rho)):
        sharp = _spread(rho[band], down, right)
        wings = ndimage.uniform_filter(sharp, 9, mode="nearest")
        out[band] = (0.95 * sharp + 0.05 * wings)[margin : margin + size, margin : margin + size]
    return out


def _spread(band: Field, down: float, right: float) -> Field:
    """Convolve with a Gaussian of 0.5 pixels whose centre lies off by (down, right)."""
    for axis, offset in ((0, down), (1, right)):
        taps = np.exp(-((np.arange(-2, 3) - offset) ** 2) / (2 * 0.5**2))
        band = ndimage.correlate1d(
            band, (taps / taps.sum()).astype(np.float32), axis, mode="nearest"
        )
    return band


def sense(rho: Field, sensor: Sensor, rng: np.random.Generator) -> Field:
    """Add the sensor's noise and coarse digits, and return digital numbers as floats.

    Args:
        rho: (5, h, w) reflectance.
        sensor: the instrument.
        rng: source of randomness.
    """
    noise = np.asarray(sensor.noise, np.float32)[:, None, None]
    step = np.asarray(sensor.step, np.float32)[:, None, None]
    bright = 1.0 + 2.0 * np.clip(rho, 0.0, 1.0)
    noisy = rho + noise * bright * rng.standard_normal(rho.shape, dtype=np.float32)
    coarse = np.rint(noisy / step) * step
    gain = np.float32(1.0 + 0.02 * rng.standard_normal())
    offset = (0.0016 * rng.standard_normal((N_SPECTRAL, 1, 1))).astype(np.float32)
    return to_dn(coarse * gain + offset)


def band_parallax(field: Field, band: int) -> Field:
    """Return a cloud layer as one band sees it: bands look at slightly different moments.

    Args:
        field: (h, w), any layer of the sky.
        band: 0 SWIR to 4 blue; the middle three see the same.

    Source: own; the focal planes of Landsat view high clouds from angles that differ per band.
    """
    shift = _PARALLAX_PX[band]
    return ndimage.shift(field, (0.0, shift), order=1, mode="nearest") if shift else field
