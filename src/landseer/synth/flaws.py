"""What goes wrong in images: gaps, stripes, lost lines, saturation, holes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from landseer.synth.noise import fractal
from landseer.synth.spectra import N_SPECTRAL, NODATA

Field = NDArray[np.float32]
Mask = NDArray[np.bool_]

FLAWS = ("slc_gaps", "stripes", "dropped_lines", "saturation", "holes", "dem_holes", "heavy_cloud")
"""Names of the flaws, as in the settings and the truth table."""

_TILT = 0.148
"""Scan lines run about 8.4 degrees off the rows of a north-up Landsat image (tangent)."""
_DETECTORS = 16
_GAP_PERIOD_PX = 33.0


def _scan_position(size: int) -> Field:
    """Return each pixel's place along the flight, pixels."""
    along = np.arange(size, dtype=np.float32)
    return (along[:, None] + np.float32(_TILT) * along[None, :]).astype(np.float32)


def slc_gaps(size: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return the wedges without data, (5, size, size): wider towards one side, a little apart per band."""
    phase = (_scan_position(size) + rng.uniform(0, _GAP_PERIOD_PX)) % _GAP_PERIOD_PX
    across = np.linspace(0.0, 1.0, size, dtype=np.float32)[None, :]
    across = across if rng.random() < 0.5 else across[:, ::-1]
    width = float(rng.uniform(-3.0, 9.0)) + float(rng.uniform(2.0, 6.0)) * across
    shifts = np.asarray([0.8, 0.4, 0.0, -0.4, -0.8], np.float32)[:, None, None]
    return np.abs(phase - _GAP_PERIOD_PX / 2 + shifts) < width / 2.0


def add_stripes(dn: Field, rng: np.random.Generator) -> Mask:
    """Give each detector its own gain, in place; return the pixels of the worst detector."""
    size = dn.shape[1]
    detector = _scan_position(size).astype(np.int32) % _DETECTORS
    strength = float(rng.uniform(25.0, 120.0))
    worst = int(rng.integers(_DETECTORS))
    for band in range(N_SPECTRAL):
        offsets = strength * rng.standard_normal(_DETECTORS).astype(np.float32)
        offsets[worst] += np.float32(3.0 * strength)
        dn[band] += offsets[detector]
    return detector == worst


def drop_lines(dn: Field, rng: np.random.Generator) -> Mask:
    """Replace a few scan lines of some bands by noise, in place; return where."""
    size = dn.shape[1]
    line = _scan_position(size).astype(np.int32)
    bad = np.isin(line, rng.integers(0, int(line.max()) + 1, int(rng.integers(2, 9))))
    for band in rng.choice(N_SPECTRAL, int(rng.integers(1, 4)), replace=False):
        dn[band][bad] = rng.uniform(7000.0, 16000.0, int(bad.sum()))
    return bad


def saturate(dn: Field, rng: np.random.Generator) -> Mask:
    """Stop every band at a low maximum, in place; return where any band stopped."""
    stop = rng.uniform(10500.0, 13500.0, N_SPECTRAL).astype(np.float32)[:, None, None]
    hit = np.any(dn > stop, axis=0)
    np.minimum(dn, stop, out=dn)
    return np.asarray(hit)


def scene_holes(size: int, rng: np.random.Generator) -> Mask:
    """Return missing pixels: the slanted edge of a scene, or torn patches."""
    if rng.random() < 0.45:
        angle = float(rng.choice((0.15, -1.42, 0.15 + np.pi, -1.42 + np.pi)))
        at = np.linspace(-1.0, 1.0, size, dtype=np.float32)
        edge = at[:, None] * np.cos(angle) + at[None, :] * np.sin(angle)
        return edge > float(rng.uniform(0.45, 0.9))
    field = fractal(size, rng, 3.4, 40.0, inner_px=1.5)
    return field > float(np.quantile(field[::2, ::2], 1.0 - rng.uniform(0.003, 0.06)))


def dem_holes(dem_m: NDArray[np.int16], rng: np.random.Generator) -> NDArray[np.int16]:
    """Return the DEM with holes, mostly over land, or (rarely) without anything."""
    if rng.random() < 0.1:
        return np.full_like(dem_m, NODATA)
    size = dem_m.shape[0]
    field = fractal(size, rng, 2.8, 25.0)
    holes = field > float(np.quantile(field[::2, ::2], 1.0 - rng.uniform(0.01, 0.08)))
    return np.where(ndimage.binary_opening(holes), np.int16(NODATA), dem_m)
