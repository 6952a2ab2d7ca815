"""Changes of colour: hue, saturation and value, and steps along the principal axes of the channels.

Legend of shapes: k channels, h rows, w columns.
"""

from __future__ import annotations

import torch
from torch import Tensor

from landseer.augment.unit import in_unit


def shift(z_khw: Tensor, offsets_k: Tensor) -> Tensor:
    """Add an offset to each channel."""
    return z_khw + offsets_k.to(z_khw)[:, None, None]


def hue_saturation_value(
    rgb_3hw: Tensor, hue_deg: float, saturation: float, value: float
) -> Tensor:
    """Turn the hue and add to saturation and value, both from 0 to 1.

    Args:
        rgb_3hw: normalised red, green and blue.
        hue_deg: turn of the hue; 120 makes red green.
        saturation, value: what is added; the sums are kept within 0 and 1.

    Edges: greys have no hue and stay grey, whatever is added to their saturation.
    Source: Smith 1978, "Color gamut transform pairs", doi:10.1145/800248.807361.
    """

    def change(unit: Tensor) -> Tensor:
        """Go to hue, saturation and value and back."""
        hue, old_saturation, old_value = to_hsv(unit)
        new = (old_saturation + saturation).clamp(0, 1).where(old_saturation > 0, 0.0)
        return to_rgb(hue + hue_deg / 60, new, (old_value + value).clamp(0, 1))

    return in_unit(rgb_3hw, change, together=True)


def to_hsv(rgb_3hw: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return hue in sixths of a turn, saturation and value of colours from 0 to 1."""
    red, green, blue = rgb_3hw
    value = rgb_3hw.amax(0)
    spread = value - rgb_3hw.amin(0)
    by = spread.where(spread > 0, 1.0)
    hue = torch.where(
        value == red,
        (green - blue) / by,
        torch.where(value == green, (blue - red) / by + 2, (red - green) / by + 4),
    )
    return hue.remainder(6), spread / value.where(value > 0, 1.0), value


def to_rgb(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Return colours (3, h, w) of hue in sixths of a turn, saturation and value.

    Formula: v - v s max(0, min(k, 4 - k, 1)), k = (n + hue) mod 6, n = 5, 3 and 1 for red, green and blue.
    """
    planes = []
    for number in (5, 3, 1):
        k = (hue + number).remainder(6)
        planes.append(value - value * saturation * torch.minimum(k, 4 - k).clamp(0, 1))
    return torch.stack(planes)


def along_principal_axes(z_khw: Tensor, steps_k: Tensor) -> Tensor:
    """Add to all pixels the colour by which the sample's own pixels differ most.

    With the principal axes p_i of the channels and their variances l_i the published step is sum(a_i l_i p_i), a_i
    normal with deviation s. Its covariance is s^2 C^2, C the covariance of the channels, and so is that of `C g` with g
    normal with deviation s: this is what is added. No axes need be found, and their signs and order do not matter.

    Formula: z + C g = z + mean((z - m) ((z - m) · g)), m the mean of the sample's pixels.

    Args:
        z_khw: normalised channels of one sample, any number.
        steps_k: (k,) normal numbers g, times s.

    Source: Krizhevsky and others 2012, section 4.1 (axes of the data set there, of the sample here).
    """
    z_kn = z_khw.flatten(1)
    centred_kn = z_kn - z_kn.mean(1, keepdim=True)
    step_k = centred_kn @ (steps_k.to(z_kn) @ centred_kn) / z_kn.shape[1]
    return z_khw + step_k[:, None, None]
