"""Where output pixels look: the four input pixels around each place, their weights, and the nearest.

Legend of shapes: y and x of the output, n = y * x.
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
    """Where each of n output pixels looks in an input of h * w pixels, counted row by row.

    Attributes:
        index_n4: int32, the four pixels around the place; inside the input.
        weight_n4: float32, their bilinear weights; 0 for what lies beyond the input.
        nearest_n: int32, the nearest pixel; inside the input.
        outside_n: bool, whether the nearest pixel lies beyond the input.
        size: height and width of the output.
    """

    index_n4: Tensor
    weight_n4: Tensor
    nearest_n: Tensor
    outside_n: Tensor
    size: tuple[int, int]

    def known(self, known_p: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return whom to ask and how much to trust him, where only some input pixels are known.

        Formula: w v / sum(w v), with bilinear weights w and v = 1 where known, else 0; NaN where the nearest pixel is
        unknown or beyond the input.

        Args:
            known_p: (h * w) bool; None where all are known.

        Returns:
            Indices and weights, (n, 4) each; what weighs nothing is not asked, the nearest pixel stands in for it.

        Source: normalised convolution, Knutsson and Westin 1993, doi:10.1109/CVPR.1993.341081.
        """
        weight, unknown = self.weight_n4, self.outside_n
        if known_p is not None:
            weight = weight * known_p.take(self.index_n4.long())
            unknown = unknown | ~known_p.index_select(0, self.nearest_n)
        index = torch.where(weight > 0, self.index_n4, self.nearest_n[:, None])
        weight = weight / weight.sum(1, keepdim=True)
        return index, weight.masked_fill_(unknown[:, None], torch.nan)


def look(rows_yx: Tensor, cols_yx: Tensor, height: int, width: int, border: Border) -> Looks:
    """Find what is around each place.

    Args:
        rows_yx, cols_yx: places in the input, whole numbers at pixel centres.
        height, width: size of the input.
        border: what lies beyond it.

    Edges: half-way between two pixels the even one is the nearest.
    """
    rows, cols = rows_yx.flatten(), cols_yx.flatten()
    if border == "reflect":
        rows, cols = reflect(rows, height), reflect(cols, width)
    row_index, row_weight = _pair(rows, height)
    col_index, col_weight = _pair(cols, width)
    near_row, near_col = rows.round(), cols.round()
    outside = (near_row < 0) | (near_row >= height) | (near_col < 0) | (near_col >= width)
    nearest = near_row.clamp(0, height - 1) * width + near_col.clamp(0, width - 1)
    corners = [(0, 0), (0, 1), (1, 0), (1, 1)]
    return Looks(
        index_n4=torch.stack([row_index[r] * width + col_index[c] for r, c in corners], dim=1),
        weight_n4=torch.stack([row_weight[r] * col_weight[c] for r, c in corners], dim=1),
        nearest_n=nearest.int(),
        outside_n=outside,
        size=(rows_yx.shape[0], rows_yx.shape[1]),
    )


def _pair(place_n: Tensor, length: int) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return the pixels before and behind each place on one axis, and their weights."""
    first = place_n.floor()
    share = place_n - first
    before = (1 - share) * ((first >= 0) & (first < length))
    behind = share * ((first >= -1) & (first < length - 1))
    start = first.clamp(-1, length).int()
    index = start.clamp(0, length - 1), (start + 1).clamp(0, length - 1)
    return index, (before, behind)
