"""The one map of a sample's geometry: from a pixel of the output to a place in the input.

Places are (row, col) with whole numbers at pixel centres. A map is `place = centre + linear @ (pixel - middle)`,
`middle` being the centre of the output.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from landseer.quantities.d4 import Element, Linear, element_matrix


@dataclass(frozen=True, slots=True)
class Geometry:
    """What was drawn for one sample; applied in the order of the fields.

    Attributes:
        row, col: first row and column of the source window of the output's size, shift included, whole pixels;
            the window may reach beyond the input.
        element: how the window is turned and mirrored.
        angle_deg: further turn about the window's centre, counter-clockwise on screen.
        zoom: magnification about the window's centre; above 1 objects grow.
    """

    row: int
    col: int
    element: Element = "identity"
    angle_deg: float = 0.0
    zoom: float = 1.0

    @property
    def is_exact(self) -> bool:
        """Whether output pixels fall on input pixels, so that nothing need be interpolated."""
        return self.angle_deg == 0.0 and self.zoom == 1.0

    @property
    def linear(self) -> Linear:
        """Matrix from output offsets to input offsets: element^-1 · turn^-1 / zoom."""
        radians = math.radians(self.angle_deg)
        cos, sin = math.cos(radians) / self.zoom, math.sin(radians) / self.zoom
        (a, b), (c, d) = element_matrix(self.element)
        return ((a * cos - b * sin, a * sin + b * cos), (c * cos - d * sin, c * sin + d * cos))


def places(
    geometries: list[Geometry], height: int, width: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Return where in the input each output pixel looks: rows and columns, each (m, height, width) float32.

    Every step is elementwise, so that a sample's places do not depend on the others in the batch.
    """
    middle = ((height - 1) / 2, (width - 1) / 2)
    table = torch.tensor(
        [(*g.linear[0], g.row + middle[0], *g.linear[1], g.col + middle[1]) for g in geometries],
        dtype=torch.float32,
    ).to(device)
    rr, rc, row, cr, cc, col = (table[:, number, None, None] for number in range(6))
    down = (torch.arange(height, device=device) - middle[0])[:, None]
    right = (torch.arange(width, device=device) - middle[1])[None, :]
    return row + rr * down + rc * right, col + cr * down + cc * right


def reflect(place: Tensor, length: int) -> Tensor:
    """Mirror places beyond the first and last pixel centre back into 0 … length - 1."""
    if length == 1:
        return torch.zeros_like(place)
    last = length - 1
    return last - (torch.remainder(place, 2 * last) - last).abs()
