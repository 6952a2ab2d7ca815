"""How people draw kelp on a screen: too round, too wide, a bit off, and not all of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from landseer.synth.noise import blur, fractal

Mask = NDArray[np.uint8]

HANDS = ("careful", "blobby", "shifted", "missed", "empty", "mislabelled")
"""Names of the ways in which a label is drawn."""


def draw_label(truth: Mask, hand: str, rng: np.random.Generator) -> Mask:
    """Draw a training label from the truth.

    Args:
        truth: (h, w) uint8, 0 or 1.
        hand: one of `HANDS`.
        rng: source of randomness.

    Returns:
        (h, w) uint8, 0 or 1.
    """
    if hand == "mislabelled":
        return _flood(truth.shape[0], rng)
    if hand == "empty" or not truth.any():
        return np.zeros_like(truth)
    drawn = _outline(truth, 0.8, 0.42)
    if hand == "blobby":
        drawn = _outline(truth, float(rng.uniform(1.3, 2.1)), float(rng.uniform(0.20, 0.34)))
    elif hand == "missed":
        drawn = _forget(drawn, int(rng.integers(12, 90)), 0.75, rng)
    elif hand == "shifted":
        drawn = _move(drawn, rng)
    return _forget(drawn, 6, 0.6, rng)


def _outline(truth: Mask, sigma_px: float, level: float) -> Mask:
    """Round the outlines; a level below one half widens them."""
    return (blur(truth.astype(np.float32), sigma_px) > level).astype(np.uint8)


def _forget(drawn: Mask, largest_px: int, chance: float, rng: np.random.Generator) -> Mask:
    """Leave out beds up to a size, each with a chance."""
    beds, count = ndimage.label(drawn, np.ones((3, 3)))
    area = np.bincount(beds.ravel(), minlength=count + 1)
    keep = (area > largest_px) | (rng.random(count + 1) > chance)
    keep[0] = False
    return keep[beds].astype(np.uint8)


def _move(drawn: Mask, rng: np.random.Generator) -> Mask:
    """Move the whole drawing by one or two pixels."""
    angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(1.0, 2.3)
    offset = (round(reach * np.sin(angle)), round(reach * np.cos(angle)))
    return ndimage.shift(drawn, offset, order=0, cval=0)


def _flood(size: int, rng: np.random.Generator) -> Mask:
    """Call about 90 % of the tile kelp."""
    field = fractal(size, rng, 3.0, 0.4 * size)
    return (field > np.quantile(field, rng.uniform(0.07, 0.13))).astype(np.uint8)
