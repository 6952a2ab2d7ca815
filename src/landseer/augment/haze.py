"""Haze: light is lost on its way and white light joins it, more here than there.

Legend of shapes: h rows, w columns, g rows and columns of a coarse grid.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from landseer.augment.unit import in_unit


def haze(rgb_3hw: Tensor, thickness_gg: Tensor) -> Tensor:
    """Lay haze over red, green and blue.

    Formula: z t + 1 - t, t = 1 - thickness: Koschmieder's law with white airlight.

    Args:
        rgb_3hw: normalised red, green and blue, white at 1.
        thickness_gg: share of the light that is lost, 0 to 1, on a coarse grid from corner to corner of the sample.

    Source: Koschmieder 1924; Narasimhan and Nayar 2002, doi:10.1023/A:1016328200723.
    """
    size = (rgb_3hw.shape[1], rgb_3hw.shape[2])
    lost_hw = functional.interpolate(
        thickness_gg[None, None].to(rgb_3hw), size=size, mode="bilinear", align_corners=True
    )[0, 0]
    return in_unit(rgb_3hw, lambda unit: unit.lerp(unit.new_ones(()), lost_hw), together=True)
