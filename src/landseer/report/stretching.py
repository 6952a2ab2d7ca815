"""One stretch for several images, so that what differs in them differs on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.track.pixels import hatch

_DARK, _BRIGHT, _GAMMA = 0.01, 0.96, 0.7
_LEAST_RANGE = 0.25
_MOST_PX = 1 << 18


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is black and what is white.

    Attributes:
        dark: one level per band that becomes black, in the bands' own unit.
        span: range above it that becomes white, one for all bands, so that hues stay as they are.
    """

    dark: tuple[float, float, float]
    span: float

    def __call__(self, image_chw: NDArray[np.generic]) -> NDArray[np.float32]:
        """Stretch an image.

        Args:
            image_chw: (3, h, w), NaN where invalid; a single band becomes grey.

        Returns:
            (h, w, 3) float32 in [0, 1]; hatched grey where any band is invalid.
        """
        bands = _three(image_chw)
        valid = np.isfinite(bands).all(axis=0)
        picture = hatch(valid.shape)
        dark = np.array(self.dark, np.float32)[:, None]
        picture[valid] = (np.clip((bands[:, valid] - dark) / self.span, 0, 1) ** _GAMMA).T
        return picture


def fit_stretch(images: Sequence[NDArray[np.generic]], *, least_span: float = 0.0) -> Stretch:
    """Choose one stretch for all images: the median of what each would have alone, so that one cloudy day spoils none.

    Of an image, each band's own darkest level (haze) becomes black, and the brightest band sets the scale of all three.

    Args:
        images: (3, h, w) each, NaN where invalid; a single band becomes grey.
        least_span: smallest range, in the bands' unit: what other images of the data have keeps a flat one (open
            water, a cloud deck) flat.

    Edges: without a valid pixel 0 is black and 1 is white; without contrast the range is a quarter of the dark level,
        so that noise is not amplified.
    Source: own; per-band dark subtraction after Chavez (1988), doi:10.1016/0034-4257(88)90019-3.
    """
    fits = [fit for fit in map(_fit, images) if fit is not None]
    if not fits:
        return Stretch((0.0, 0.0, 0.0), 1.0)
    red, green, blue, span = (float(level) for level in np.median(fits, axis=0))
    return Stretch((red, green, blue), max(span, least_span))


def _fit(image: NDArray[np.generic]) -> NDArray[np.float64] | None:
    """Return the three dark levels and the range of one image, or None where it has no valid pixel."""
    bands = _three(image)
    pixels = bands[:, np.isfinite(bands).all(axis=0)]
    pixels = pixels[:, :: 1 + pixels.shape[1] // _MOST_PX]
    if not pixels.size:
        return None
    dark = np.quantile(pixels, _DARK, axis=1, keepdims=True)
    bright = float(np.quantile((pixels - dark).max(axis=0), _BRIGHT))
    span = max(bright, _LEAST_RANGE * float(np.abs(dark).mean()), 1e-9)
    return np.array([*dark[:, 0], span])


def _three(image_chw: NDArray[np.generic]) -> NDArray[np.float32]:
    """Return three bands, a single one thrice."""
    bands = np.asarray(image_chw, np.float32)
    return np.repeat(bands[:1], 3, axis=0) if len(bands) < 3 else bands[:3]
