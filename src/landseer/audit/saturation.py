"""Saturation: pixels at the top of what their type can hold, or piled up at the image's own maximum."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST_PIXELS = 10
"""Pixels that a pile at the maximum has at least."""

_TOP_SHARE = 0.05
_LEVELS_BELOW = 3
_TIMES_BELOW = 3

Mask = NDArray[np.bool_]


def saturated(values: NDArray[Any], valid: Mask) -> Mask:
    """Tell which pixels of a band are saturated, where nobody says at which value that is.

    A pixel is, if it is valid and
    - has the largest value of its integer type (255, 65535), or
    - has the band's maximum m and at least 10 pixels do, and more than three times as many as have any of the
      three values next below m. In a natural histogram the top thins out; where the sensor or a conversion stopped,
      it piles up (12-bit data at 4095, reflectance cut at 1).

    Args:
        values: (h, w) raw values of one band.
        valid: (h, w).

    Returns:
        (h, w) bool.

    Edges: a band with fewer than four different values in its upper part is not judged by the second rule. A missing
        value that nobody declared and that is the largest of all looks like saturation.

    Source: own.
    """
    found = np.zeros(values.shape, bool)
    if values.dtype.kind in "iu":
        found = (values == np.iinfo(values.dtype).max) & valid
    there = values[valid]
    if there.size < LEAST_PIXELS:
        return found
    low, high = float(there.min()), float(there.max())
    top = there[there >= high - _TOP_SHARE * (high - low)]
    levels, counts = np.unique(top, return_counts=True)
    if len(levels) <= _LEVELS_BELOW:
        return found
    is_pile = counts[-1] >= LEAST_PIXELS
    if is_pile and counts[-1] > _TIMES_BELOW * counts[-1 - _LEVELS_BELOW : -1].max():
        found |= (values == levels[-1]) & valid
    return found
