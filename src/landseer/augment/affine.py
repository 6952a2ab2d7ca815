"""The one map of a sample's geometry: from a pixel of the output to a place in the input.

Places are (row, col) with whole numbers at pixel centres. A map is `place = centre + linear @ (pixel - middle)`,
`middle` being the centre of the output.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from landseer.quantities.d4 import Element, Linear, element_matrix

UNCHANGED: Linear = ((1.0, 0.0), (0.0, 1.0))
"""The matrix that does nothing."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """What is done to one sample, in the order of the fields.

    Attributes:
        row, col: first row and column of the source window of the output's size, shift included; the window may
            reach beyond the input. What is drawn are whole pixels; parts of pixels are interpolated.
        element: how the window is turned and mirrored.
        angle_deg: further turn about the window's centre, counter-clockwise on screen.
        zoom: magnification about the window's centre; above 1 objects grow.
        skew: any further matrix from output offsets to input offsets, (row, col): shears and unlike zooms.
    """

    row: float
    col: float
    element: Element = "identity"
    angle_deg: float = 0.0
    zoom: float = 1.0
    skew: Linear = UNCHANGED

    @property
    def is_exact(self) -> bool:
        """Whether output pixels fall on input pixels, so that nothing need be interpolated."""
        is_whole = float(self.row).is_integer() and float(self.col).is_integer()
        return is_whole and (self.angle_deg, self.zoom, self.skew) == (0.0, 1.0, UNCHANGED)

    @property
    def linear(self) -> Linear:
        """Matrix from output offsets to input offsets: element^-1 · turn^-1 / zoom · skew."""
        radians = math.radians(self.angle_deg)
        cos, sin = math.cos(radians) / self.zoom, math.sin(radians) / self.zoom
        turned = product(element_matrix(self.element), ((cos, sin), (-sin, cos)))
        return product(turned, self.skew)


def product(left: Linear, right: Linear) -> Linear:
    """Multiply two matrices."""
    (a, b), (c, d) = left
    (e, f), (g, h) = right
    return ((a * e + b * g, a * f + b * h), (c * e + d * g, c * f + d * h))


def middle(height: int, width: int) -> tuple[float, float]:
    """Return the centre of an image: row and column, in pixels."""
    return (height - 1) / 2, (width - 1) / 2


def places(
    geometry: Geometry, height: int, width: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Return where in the input each pixel of the output looks.

    Args:
        geometry: what is done.
        height, width: size of the output.
        device: where to make them.

    Returns:
        Rows and columns, each (height, width) float32.
    """
    row, col = middle(height, width)
    (rr, rc), (cr, cc) = geometry.linear
    down = (torch.arange(height, device=device) - row)[:, None]
    right = (torch.arange(width, device=device) - col)[None, :]
    rows = down * rr + (geometry.row + row) + right * rc
    cols = down * cr + (geometry.col + col) + right * cc
    return rows, cols


def trimmed(
    geometry: Geometry, size: tuple[int, int], source: tuple[int, int]
) -> tuple[Geometry, slice, slice]:
    """Find the part of the input that an output sees, one pixel more on each side.

    Args:
        geometry: what is done.
        size: height and width of the output.
        source: height and width of the input.

    Returns:
        The geometry for that part, and its rows and columns, at least one of each. Beyond it lies nothing that is
        seen, or the edge of the input.
    """
    (rr, rc), (cr, cc) = geometry.linear
    (down, right), firsts, parts = middle(*size), [], []
    for start, by_row, by_col, centre, length in (
        (geometry.row, rr, rc, down, source[0]), (geometry.col, cr, cc, right, source[1]),
    ):  # fmt: skip
        reach = abs(by_row) * down + abs(by_col) * right
        first = min(max(math.floor(start + centre - reach) - 1, 0), length - 1)
        behind = min(max(math.ceil(start + centre + reach) + 2, first + 1), length)
        firsts.append(first)
        parts.append(slice(first, behind))
    moved = replace(geometry, row=geometry.row - firsts[0], col=geometry.col - firsts[1])
    return moved, parts[0], parts[1]


def carried(
    grids_b23: Float[Tensor, "b 2 3"], geometries: Sequence[Geometry], height: int, width: int
) -> Float[Tensor, "b 2 3"]:
    """Carry the grids of labels along: from label pixels to pixels of the output.

    Formula: with label -> input `G p + g` and output = middle + F (input - centre), F = linear^-1, the label lies at
    output = F G p + middle + F (g - centre). No value is computed.

    Args:
        grids_b23: each sample's map from (row, col) of its label to (row, col) of its input, as [G | g].
        geometries: what is done to each sample.
        height, width: size of the output.

    Returns:
        (b, 2, 3), dtype and device of the input; computed in float64.
    """
    centre = np.array(middle(height, width))
    moved = []
    for grid, geometry in zip(grids_b23.double().cpu().numpy(), geometries, strict=True):
        source = centre + np.array([geometry.row, geometry.col])
        from_source = grid - np.column_stack([np.zeros((2, 2)), source])
        to_output = np.linalg.solve(np.array(geometry.linear), from_source)
        moved.append(to_output + np.column_stack([np.zeros((2, 2)), centre]))
    return torch.from_numpy(np.stack(moved)).to(grids_b23)


def reflect(place: Tensor, length: int) -> Tensor:
    """Mirror places beyond the first and last pixel centre back into 0 … length - 1."""
    if length == 1:
        return torch.zeros_like(place)
    last = length - 1
    return last - (torch.remainder(place, 2 * last) - last).abs()
