"""Compact details: a detail in a tenth of the bytes, for sets whose details would not fit into memory."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from landseer.audit.detail import Detail

ENERGY_PX = 4
"""Energy is blurred over more than this, so one value per block of this side is enough."""

_HEAD = struct.Struct("<IIfd?")
_STEPS = 127


def pack(detail: Detail) -> bytes:
    """Keep the values in 255 steps, the energy per block, and which pixels are valid.

    Returns:
        about 1.1 bytes a pixel, an eighth more when some pixels are invalid. Steps are 1/127 of the largest value:
        their error is some hundredth of the values' spread.
    """
    height, width = detail.values.shape
    scale = float(np.abs(detail.values).max(initial=0)) / _STEPS
    values = np.rint(detail.values / np.float32(scale or 1)).astype(np.int8)
    whole = bool(detail.valid.all())
    head = _HEAD.pack(height, width, scale, detail.grain_px, whole)
    marks = b"" if whole else np.packbits(detail.valid).tobytes()
    return head + values.tobytes() + _shrink(detail.energy).tobytes() + marks


def unpack(piece: bytes) -> Detail:
    """Rebuild a detail from `pack`."""
    height, width, scale, grain_px, whole = _HEAD.unpack_from(piece)
    at = _HEAD.size
    steps = np.frombuffer(piece, np.int8, height * width, at).reshape(height, width)
    at += height * width
    rows, cols = -(-height // ENERGY_PX), -(-width // ENERGY_PX)
    coarse = np.frombuffer(piece, "<f2", rows * cols, at).reshape(rows, cols).astype(np.float32)
    energy = coarse.repeat(ENERGY_PX, axis=0).repeat(ENERGY_PX, axis=1)[:height, :width]
    if whole:
        valid = np.ones((height, width), bool)
    else:
        bits = np.frombuffer(piece, np.uint8, offset=at + 2 * rows * cols)
        valid = np.unpackbits(bits, count=height * width).reshape(height, width).astype(bool)
    return Detail(steps.astype(np.float32) * np.float32(scale), energy, valid, grain_px)


def _shrink(energy: NDArray[np.float32]) -> NDArray[np.float16]:
    """Average blocks, the edge repeated where the side is no multiple."""
    height, width = energy.shape
    padded = np.pad(energy, ((0, -height % ENERGY_PX), (0, -width % ENERGY_PX)), mode="edge")
    rows, cols = (side // ENERGY_PX for side in padded.shape)
    return padded.reshape(rows, ENERGY_PX, cols, ENERGY_PX).mean(axis=(1, 3)).astype("<f2")
