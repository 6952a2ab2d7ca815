"""Detail: what of an image layer can tell one place from another, freed of level, slope and contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from landseer.core.parallel import parallel_map

FINE_PX = 1.0
COARSE_PX = 5.0
"""The band-pass keeps shapes between these two Gaussian widths, in working pixels."""

CONTRAST_PX = 8.0
"""Contrast is equalised over this Gaussian width, in working pixels."""

MOST = 2.0
"""Equalised detail is bent to stay below this: a few bright dots (white caps, small clouds) are no more than dots."""

_LEAST_WEIGHT = 0.3
"""A blur over fewer valid pixels than this share of its weight is no measurement: the pixel counts as missing."""


@dataclass(frozen=True, slots=True)
class Detail:
    """A layer made comparable.

    Attributes:
        values: (h, w) float32 band-passed and contrast-equalised; 0 where there is no evidence.
        energy: (h, w) float32 local mean square of `values`.
        valid: (h, w) bool, False where nothing was measured.
        grain_px: area over which neighbouring values repeat each other, in working pixels; the overlap's area
            divided by it is the number of independent agreements.
    """

    values: NDArray[np.float32]
    energy: NDArray[np.float32]
    valid: NDArray[np.bool_]
    grain_px: float


def shrink(layer: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Average blocks of factor x factor pixels, leaving NaN out.

    Args:
        layer: (h, w) float32; NaN marks missing pixels.
        factor: pixels per block side, at least 1.

    Returns:
        (h // factor, w // factor) float32; NaN where at least half of a block is missing.
    """
    if factor == 1:
        return layer
    height, width = (side // factor for side in layer.shape)
    blocks = layer[: height * factor, : width * factor].reshape(height, factor, width, factor)
    there = np.isfinite(blocks)
    count = there.sum(axis=(1, 3))
    total = np.where(there, blocks, 0).sum(axis=(1, 3), dtype=np.float64)
    mean = total / np.maximum(count, 1)
    return np.where(2 * count > factor * factor, mean, np.nan).astype(np.float32)


def band_pass(layer: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Keep the shapes between `FINE_PX` and `COARSE_PX`; missing pixels have no say.

    Args:
        layer: (h, w) float32; NaN marks missing pixels.

    Returns:
        (h, w) float32 with 0 where missing, and (h, w) bool valid.

    Source: difference of normalised convolutions (Knutsson and Westin 1993, doi:10.1109/CVPR.1993.341081).
    """
    valid = np.isfinite(layer)
    level = np.float32(layer[valid].mean(dtype=np.float64)) if valid.any() else np.float32(0)
    filled = np.where(valid, layer - level, 0).astype(np.float32)
    fine, coarse = (_smooth(filled, valid, sigma) for sigma in (FINE_PX, COARSE_PX))
    passed = fine - coarse
    valid = valid & np.isfinite(passed)
    return np.where(valid, passed, 0).astype(np.float32), valid


def equalise(passed: NDArray[np.float32], valid: NDArray[np.bool_], floor: float) -> Detail:
    """Divide by the local contrast, so that hills count as much as mountains and noise below `floor` counts little.

    Args:
        passed: (h, w) float32 from `band_pass`.
        valid: (h, w) bool.
        floor: contrast, in the layer's unit, under which a place is taken for flat; above 0.
    """
    power = _smooth(passed * passed, valid, CONTRAST_PX)
    valid = valid & np.isfinite(power)
    contrast = np.sqrt(np.where(valid, np.maximum(power, 0), 0) + np.float32(floor * floor))
    bent = np.float32(MOST) * np.tanh(passed / (np.float32(MOST) * contrast))
    values = np.where(valid, bent, 0).astype(np.float32)
    energy = np.nan_to_num(_smooth(values * values, valid, COARSE_PX))
    return Detail(values, energy, valid, _grain_px(values))


def compare(
    layers: Sequence[NDArray[np.float32]], flat_share: float, *, workers: int | None = None
) -> list[Detail]:
    """Make a layer of many samples comparable, with one measure of flatness for all of them.

    Args:
        layers: (h, w) float32 each; NaN where missing.
        flat_share: contrast, as a share of the set's median, under which a place counts as flat; above 0.
        workers: threads.
    """
    passed = list(parallel_map(band_pass, layers, workers=workers))
    contrast = np.array([values.std() for values, _ in passed])
    typical = float(np.median(contrast[contrast > 0])) if (contrast > 0).any() else 1.0
    return list(
        parallel_map(lambda one: equalise(*one, flat_share * typical), passed, workers=workers)
    )


def _smooth(
    image: NDArray[np.float32], valid: NDArray[np.bool_], sigma: float
) -> NDArray[np.float32]:
    """Blur with a Gaussian over the valid pixels alone; NaN where there are too few of them."""
    blurred = ndimage.gaussian_filter(image * valid, sigma, truncate=3.0)
    if valid.all():
        return blurred
    weight = ndimage.gaussian_filter(valid.astype(np.float32), sigma, truncate=3.0)
    enough = weight >= _LEAST_WEIGHT
    return np.where(enough, blurred / np.where(enough, weight, 1), np.nan).astype(np.float32)


def _grain_px(values: NDArray[np.float32]) -> float:
    """Sum the squared autocorrelation over all shifts (Bartlett 1946, doi:10.2307/2983611), by Parseval.

    One sample's correlation with itself also holds chance, which doubles the sum for a rough layer. That stays in: real
    ground is less regular than a random field, and significances are rather too low than too high by it.
    """
    height, width = values.shape
    power = np.abs(np.fft.fft2(values, s=(2 * height, 2 * width))) ** 2
    total = float(power.sum())
    return float((power**2).sum()) * power.size / total**2 if total > 0 else float("inf")
