"""Roughness as a function of the place in the world: fixed fields that repeat, and numbers from whole cells."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Floats = NDArray[np.float64]

SIDE = 256
"""Cells after which a field repeats."""

_SLOPE = {"fine": 1.0, "mid": 2.0, "soft": 3.4}
"""Kind of a field -> how fast its power falls with frequency."""


@lru_cache(maxsize=3)
def _field(kind: str) -> Field:
    """Draw a periodic field of mean 0 and deviation 1."""
    rng = np.random.Generator(np.random.PCG64(sorted(_SLOPE).index(kind)))
    rows, cols = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :]
    power = np.maximum(rows**2 + cols**2, 1.0 / SIDE**2)
    spectrum = np.fft.rfft2(rng.standard_normal((SIDE, SIDE))) * power ** (-_SLOPE[kind] / 4)
    spectrum[0, 0] = 0.0
    field = np.fft.irfft2(spectrum, s=(SIDE, SIDE))
    return (field / field.std()).astype(np.float32)


def rough(kind: str, south: Floats, east: Floats, cell_m: float) -> Field:
    """Return the value of a field at places, linear between its cells.

    Args:
        kind: "fine", "mid" or "soft": how much of the roughness is in the smallest cells.
        south, east: metres, any shape.
        cell_m: size of one cell of the field.

    Returns:
        float32, mean 0, deviation 1 (a little less between cells).
    """
    field = _field(kind).ravel()
    row, col = south * (1.0 / cell_m), east * (1.0 / cell_m)
    row_0, col_0 = np.floor(row), np.floor(col)
    down, right = (row - row_0).astype(np.float32), (col - col_0).astype(np.float32)
    r0, c0 = row_0.astype(np.int32) & (SIDE - 1), col_0.astype(np.int32) & (SIDE - 1)
    r1, c1 = ((r0 + 1) & (SIDE - 1)) * SIDE, (c0 + 1) & (SIDE - 1)
    r0 *= SIDE
    top = field[r0 + c0] * (1 - right) + field[r0 + c1] * right
    low = field[r1 + c0] * (1 - right) + field[r1 + c1] * right
    result: Field = np.asarray(top * (1 - down) + low * down, np.float32)
    return result


def dice(*cells: NDArray[np.integer]) -> Field:
    """Return a number in [0, 1) that depends on whole numbers only and looks random.

    Source: own; multiply and shift as in the finaliser of MurmurHash3 (Appleby 2011).
    """
    mixed = np.full(cells[0].shape, 0x9E3779B9, np.uint32)
    for cell in cells:
        mixed = (cell.astype(np.uint32) ^ mixed) * np.uint32(0x85EBCA6B)
        mixed ^= mixed >> np.uint32(13)
        mixed = mixed * np.uint32(0xC2B2AE35)
        mixed ^= mixed >> np.uint32(16)
    result: Field = (mixed >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)
    return result
