"""Reading a raster between its pixels: bilinear for measurements, nearest for labels and flags.

Legend of shapes: m samples, c bands, h and w of the input, y and x of the output.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor

from landseer.augment.affine import reflect

Border = Literal["ignore", "reflect"]

_LEAST_SUPPORT = 0.5


def bilinear(x_mchw: Tensor, rows_myx: Tensor, cols_myx: Tensor, border: Border) -> Tensor:
    """Interpolate measurements from their valid neighbours alone.

    Formula: sum(w v x) / sum(w v) with bilinear weights w and validity v, where sum(w v) >= 1/2; else NaN.

    Args:
        x_mchw: float, NaN where invalid.
        rows_myx, cols_myx: places in the input, whole numbers at pixel centres.
        border: beyond the input: NaN (`ignore`), or the mirrored input (`reflect`).

    Returns:
        (m, c, y, x), dtype of the input.

    Edges: an invalid pixel blots out at most the places nearer than half a pixel to it.
    Source: normalised convolution, Knutsson and Westin 1993, doi:10.1109/CVPR.1993.341081.
    """
    height, width = x_mchw.shape[-2:]
    if border == "reflect":
        rows_myx, cols_myx = reflect(rows_myx, height), reflect(cols_myx, width)
    grid = torch.stack(
        [(2 * cols_myx + 1) / width - 1, (2 * rows_myx + 1) / height - 1], dim=-1
    ).to(x_mchw.dtype)
    bands = x_mchw.shape[1]
    both = x_mchw.new_empty((len(x_mchw), 2 * bands, height, width))
    torch.nan_to_num(x_mchw, nan=0.0, posinf=math.inf, neginf=-math.inf, out=both[:, :bands])
    torch.eq(x_mchw, x_mchw, out=both[:, bands:])
    sampled = F.grid_sample(both, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    value, support = sampled.chunk(2, dim=1)
    return value.div_(support).masked_fill_(support < _LEAST_SUPPORT, torch.nan)


def nearest(
    x_mchw: Tensor, rows_myx: Tensor, cols_myx: Tensor, border: Border, fill: float
) -> Tensor:
    """Take the value of the nearest pixel, and `fill` beyond the input.

    Args:
        x_mchw: any dtype; no arithmetic touches it.
        rows_myx, cols_myx: places in the input, whole numbers at pixel centres.
        border: beyond the input: `fill` (`ignore`), or the mirrored input (`reflect`).
        fill: e.g. 255 for labels, NaN for bands.
    """
    height, width = x_mchw.shape[-2:]
    if border == "reflect":
        rows_myx, cols_myx = reflect(rows_myx, height), reflect(cols_myx, width)
    rows, cols = rows_myx.round().long(), cols_myx.round().long()
    outside = (rows < 0) | (rows >= height) | (cols < 0) | (cols >= width)
    index = rows.clamp(0, height - 1) * width + cols.clamp(0, width - 1)
    picked = x_mchw.flatten(2).gather(2, index.flatten(1)[:, None].expand(-1, x_mchw.shape[1], -1))
    picked = picked.reshape(*x_mchw.shape[:2], *rows.shape[1:])
    return picked.masked_fill_(outside[:, None], fill)
