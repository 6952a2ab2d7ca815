"""Reading a raster between its pixels: bilinear for measurements, nearest for labels and flags.

Legend of shapes: c bands, p = h * w pixels of the input, y and x of the output, n = y * x.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor

from landseer.augment.looks import Looks


def bilinear(x_chw: Tensor, looks: Looks) -> Tensor:
    """Interpolate measurements from their known neighbours alone.

    Formula: sum(w v x) / sum(w v) with bilinear weights w and v = 1 where known, else 0, at places whose nearest
    pixel is known; else NaN. So what is unknown neither spreads nor is it filled in.

    Args:
        x_chw: float, NaN where unknown.
        looks: where output pixels look.

    Returns:
        (c, y, x), dtype of the input; half precision is computed in float32.

    Edges: beyond the input NaN, or the mirrored input, as `looks` were made.
    Source: normalised convolution, Knutsson and Westin 1993, doi:10.1109/CVPR.1993.341081.
    """
    dtype = torch.promote_types(x_chw.dtype, torch.float32)
    x_cp = x_chw.flatten(1).to(dtype)
    if not bool(x_cp.sum().isnan()):
        out_nc = _gathered(x_cp.T, *looks.known())
    else:
        known_cp = ~x_cp.isnan()
        if bool((known_cp == known_cp[:1]).all()):
            out_nc = _gathered(x_cp.T, *looks.known(known_cp[0]))
        else:
            out_nc = _each_band_alone(x_cp, known_cp, looks)
    return out_nc.T.to(x_chw.dtype).reshape(-1, *looks.size)


def nearest(x_chw: Tensor, looks: Looks, fill: float) -> Tensor:
    """Take the value of the nearest pixel, and `fill` beyond the input.

    Args:
        x_chw: any dtype; no arithmetic touches it.
        looks: where output pixels look.
        fill: e.g. 255 for labels, NaN for bands.

    Returns:
        (c, y, x), dtype of the input.
    """
    picked = x_chw.flatten(1).index_select(1, looks.nearest_n)
    return picked.masked_fill_(looks.outside_n, fill).reshape(-1, *looks.size)


def _gathered(table_pc: Tensor, index_n4: Tensor, weight_n4: Tensor) -> Tensor:
    """Sum up four weighted rows of a table for each output pixel: (n, c).

    All bands of a pixel lie side by side, so that one look serves them all.
    """
    return F.embedding_bag(
        index_n4,
        table_pc.contiguous(),
        per_sample_weights=weight_n4.to(table_pc.dtype),
        mode="sum",
    )


def _each_band_alone(x_cp: Tensor, known_cp: Tensor, looks: Looks) -> Tensor:
    """Interpolate bands that are unknown at different pixels: (n, c)."""
    bands = len(x_cp)
    table_pc = x_cp.new_empty((x_cp.shape[1], 2 * bands))
    table_pc[:, :bands] = x_cp.where(known_cp, 0.0).T
    table_pc[:, bands:] = known_cp.T
    value, support = _gathered(table_pc, *looks.known()).chunk(2, dim=1)
    is_known = table_pc[:, bands:].index_select(0, looks.nearest_n)
    return value.div_(support).masked_fill_(is_known == 0, torch.nan)
