"""Sharpness: how much of an image's contrast lies between next neighbours; falls as the image is blurred."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

LEAST_PIXELS = 64
"""Pixels with four valid neighbours below which there is no figure."""


@dataclass(slots=True)
class Sharpness:
    """Sums over the strips of an image, from which its sharpness follows.

    Attributes:
        n_bands: bands of the strips.
        sums: (b, 4): pixels, and the sums of their values, squared values and squared Laplacians.
        centre: (b,), what is taken from the values first, so that large offsets lose no digits.
    """

    n_bands: int
    sums: NDArray[np.float64] = field(init=False)
    centre: NDArray[np.float64] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.sums = np.zeros((self.n_bands, 4))

    def add(self, strip: NDArray[np.generic], valid: Mask) -> None:
        """Add a strip.

        Args:
            strip: (b, h, w), any real type.
            valid: (b, h, w); a pixel counts where it and its four neighbours are valid.

        Edges: pixels at the border of a strip have no four neighbours and do not count.
        """
        if self.centre is None:
            self.centre = np.array([_middle(*one) for one in zip(strip, valid, strict=True)])
        for band, (values, there) in enumerate(zip(strip, valid, strict=True)):
            level = np.where(there, values, self.centre[band]).astype(np.float32)
            level -= np.float32(self.centre[band])
            self.sums[band] += _sums(level, there)

    def value(self) -> float:
        """Return variance of the Laplacian / (20 x variance), the median over the bands.

        White noise has 1, a picture of good optics 0.05 to 0.3, the same picture blurred by a pixel 0.01. The Laplacian
        is that of four neighbours; of white noise it has 20 times the variance of the values.

        Returns:
            At least 0; NaN where no band has 64 pixels with neighbours that differ.

        Edges: blur lowers it, noise raises it: compare images of one sensor.

        Source: variance of the Laplacian: Pech-Pacheco et al. 2000, doi 10.1109/ICPR.2000.903548; own: divided by the
            contrast, so that dark images are not called blurred.
        """
        count, total, squares, laplacian = self.sums.T
        many = np.maximum(count, 1)
        variance = squares / many - (total / many) ** 2
        is_known = (count >= LEAST_PIXELS) & (variance > 1e-12 * np.maximum(squares / many, 1e-30))
        if not is_known.any():
            return float("nan")
        return float(np.median((laplacian / many)[is_known] / (20 * variance[is_known])))


def _middle(values: NDArray[np.generic], there: Mask) -> float:
    """Return about the mean of the valid pixels, from a part of them; 0 where there is none."""
    found = values[there]
    return float(found[:: max(1, found.size // 4096)].mean(dtype=np.float64)) if found.size else 0.0


def _sums(level: NDArray[np.float32], there: Mask) -> NDArray[np.float64]:
    """Sum over the inner pixels with four valid neighbours."""
    inner = (slice(1, -1), slice(1, -1))
    if min(level.shape) < 3:
        return np.zeros(4)
    laplacian = level[:-2, 1:-1] + level[2:, 1:-1] + level[1:-1, :-2] + level[1:-1, 2:]
    laplacian -= 4 * level[inner]
    if there.all():
        values, count = level[inner], laplacian.size
    else:
        whole = there[inner] & there[:-2, 1:-1] & there[2:, 1:-1] & there[1:-1, :-2]
        whole &= there[1:-1, 2:]
        values, laplacian, count = level[inner][whole], laplacian[whole], int(whole.sum())
    flat, curved = values.ravel(), laplacian.ravel()
    total = float(flat.sum(dtype=np.float64))
    return np.array([count, total, float(np.dot(flat, flat)), float(np.dot(curved, curved))])
