"""Where output pixels look: the four input pixels around each place, their weights, and the nearest.

Legend of shapes: y and x of the output, n = y * x; h and w of the input, p = h * w.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from landseer.augment.affine import reflect

Border = Literal["ignore", "reflect"]
"""Beyond the input: nothing is known (`ignore`), or the input is mirrored (`reflect`)."""


@dataclass(frozen=True, slots=True)
class Looks:
    """Where each of n output pixels looks in an input of p pixels, counted row by row.

    Attributes:
        indices: four times (n,) int32, the pixels around the place. Beyond the input they are those of its edge.
        weights: four times (n,) float32, bilinear; their sum is 1.
        nearest_n: int32, the nearest pixel of the input.
        outside_n: bool, whether the place lies more than half a pixel beyond the input.
        size: height and width of the output.
    """

    indices: tuple[Tensor, ...]
    weights: tuple[Tensor, ...]
    nearest_n: Tensor
    outside_n: Tensor
    size: tuple[int, int]

    def trust(self, holes: Tensor | None = None, n_pixels: int = 0) -> tuple[Tensor, ...]:
        """Return what each of the four pixels counts where some are unknown.

        Formula: w v / sum(w v), with bilinear weights w and v = 1 where known, else 0; NaN where the nearest pixel is
        unknown or the place is outside.

        Args:
            holes: indices of the pixels that are unknown; None where there are none.
            n_pixels: p.

        Returns:
            Four times (n,) float32; unknown pixels count 0.

        Source: normalised convolution, Knutsson and Westin 1993, doi:10.1109/CVPR.1993.341081.
        """
        if holes is None:  # one NaN among the weights makes the sum NaN
            return self.weights[0].masked_fill(self.outside_n, torch.nan), *self.weights[1:]
        known_p = self.weights[0].new_ones(n_pixels).index_fill_(0, holes, 0.0)
        pairs = zip(self.indices, self.weights, strict=True)
        parts = tuple(known_p.index_select(0, index).mul_(weight) for index, weight in pairs)
        support = parts[0] + parts[1] + parts[2] + parts[3]
        is_void = self.outside_n | (known_p.index_select(0, self.nearest_n) == 0)
        support.masked_fill_(is_void, torch.nan)
        return tuple(part.div_(support) for part in parts)


def look(rows_yx: Tensor, cols_yx: Tensor, height: int, width: int, border: Border) -> Looks:
    """Find what is around each place.

    Args:
        rows_yx, cols_yx: places in the input, whole numbers at pixel centres.
        height, width: size of the input.
        border: what lies beyond it.

    Edges: half-way between two pixels the one with the higher number is the nearest. Between the outermost pixel
        centres and the edge of the input, half a pixel further, the outermost pixels alone count; the edge itself is
        inside.
    """
    near_row, above, below, down, out_row = _axis(rows_yx.flatten(), height, border)
    near_col, left, right, along, out_col = _axis(cols_yx.flatten(), width, border)
    above, below, up, back = above * width, below * width, 1 - down, 1 - along
    return Looks(
        indices=(above + left, above + right, below + left, below + right),
        weights=(up * back, up * along, down * back, down * along),
        nearest_n=near_row * width + near_col,
        outside_n=out_row | out_col,
        size=(rows_yx.shape[0], rows_yx.shape[1]),
    )


def _axis(
    place_n: Tensor, length: int, border: Border
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return on one axis the nearest pixel, those before and behind, the share of the latter, and what is outside."""
    if border == "reflect":
        place_n = reflect(place_n, length)
    inside = place_n.clamp(0, length - 1)
    first = inside.floor()
    before = first.int()
    behind = (before + 1).clamp_max_(length - 1)
    outside = (place_n - (length - 1) / 2).abs_() > length / 2
    share = inside - first
    return before + (share >= 0.5).int(), before, behind, share, outside
