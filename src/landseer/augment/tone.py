"""Changes of tone: brightness and contrast, gamma, and a tone curve.

Legend of shapes: k channels, h rows, w columns.
"""

from __future__ import annotations

from torch import Tensor

from landseer.augment.unit import in_unit


def brightness_contrast(z_khw: Tensor, offset: float, contrast: float) -> Tensor:
    """Brighten all channels, and stretch each about its mean.

    Formula: mean + (z - mean) * contrast + offset.

    Source: Haeberli and Voorhies 1994, "Image processing by interpolation and extrapolation"; each channel has its own
        mean.
    """
    mean = z_khw.mean((1, 2), keepdim=True)
    return z_khw * contrast + (mean * (1 - contrast) + offset)


def gamma(z_khw: Tensor, exponent: float) -> Tensor:
    """Raise values from 0 to 1 to a power: above 1 darkens, below 1 brightens.

    Source: Poynton 2012, Digital Video and HD, chapter 27.
    """
    return in_unit(z_khw, lambda unit: unit.pow(exponent))


def tone_curve(z_khw: Tensor, dark: float, bright: float) -> Tensor:
    """Send values from 0 to 1 through a smooth curve that keeps 0 and 1.

    Formula: 3 (1-z)^2 z p + 3 (1-z) z^2 q + z^3 with p = 1/3 + dark and q = 2/3 + bright: a cubic Bezier curve of
    evenly spaced points, the identity at 0 and 0; it never falls while neither exceeds 1/3.

    Args:
        z_khw: normalised channels.
        dark, bright: how far the inner points are moved, up to 1/3 to either side.

    Source: as in RandomToneCurve of albumentations, where the points rest at 1/4 and 3/4, a slight curve of its own.
    """
    p, q = 1 / 3 + dark, 2 / 3 + bright

    def curve(unit: Tensor) -> Tensor:
        """Evaluate the polynomial by Horner's rule."""
        return ((1 + 3 * p - 3 * q) * unit + (3 * q - 6 * p)).mul_(unit).add_(3 * p).mul_(unit)

    return in_unit(z_khw, curve)
