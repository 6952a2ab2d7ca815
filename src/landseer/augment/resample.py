"""Reading a raster between its pixels: bilinear for measurements, nearest for labels and flags.

On a processor all bands of a pixel are laid side by side first, so that one look serves them all: this takes less time
than looking into each band anew. What is unknown costs only where there is something unknown.

Legend of shapes: c bands, h and w of the input, p = h * w, y and x of the output, n = y * x.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor

from landseer.augment.looks import Looks

_PART = 200_000
"""Numbers that are computed at once, so that they stay in a processor's cache until they are written band by band."""

_FEW = 4
"""Bands up to which looking into each takes less time than laying them side by side."""

_MOST_GROUPS = 6
"""Groups of bands unknown at the same pixels that are worth one look each; beyond, each band carries its own."""


def bilinear(x_chw: Tensor, looks: Looks, out_cyx: Tensor, bands: Sequence[int] = ()) -> None:
    """Interpolate measurements from their known neighbours alone.

    Formula: sum(w v x) / sum(w v) with bilinear weights w and v = 1 where known, else 0, at places whose nearest
    pixel is known; else NaN. So what is unknown neither spreads nor is it filled in.

    Args:
        x_chw: float, NaN where unknown; half precision is computed in float32.
        looks: where output pixels look.
        out_cyx: where to write the result.
        bands: those that are wanted, the others are not defined; none means all.

    Edges: beyond the input NaN, or the mirrored input, as `looks` were made.
    Source: normalised convolution, Knutsson and Westin 1993, doi:10.1109/CVPR.1993.341081.
    """
    x_cp = x_chw.flatten(1).to(torch.promote_types(x_chw.dtype, torch.float32))
    out_cn = out_cyx.view(len(out_cyx), -1)
    wanted = list(bands) or list(range(len(x_cp)))
    groups = _known_alike(x_cp, wanted)
    if len(groups) > _MOST_GROUPS:
        _each_band_alone(x_cp[wanted], looks, some_cn := out_cn[wanted])
        out_cn[wanted] = some_cn
    elif len(groups) == 1:
        _sum_up(x_cp, looks, groups[0][1], out_cn)
    else:
        for members, holes in groups:
            _sum_up(x_cp[members], looks, holes, some_cn := out_cn[members])
            out_cn[members] = some_cn


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


def _known_alike(x_cp: Tensor, bands: Sequence[int]) -> list[tuple[list[int], Tensor | None]]:
    """Group bands that are unknown at the same pixels, and say which; None where a group has no such pixel."""
    unknown = x_cp.sum(0).isnan().nonzero().flatten()
    if len(unknown) == 0:
        return [(list(bands), None)]
    holes_cu = x_cp.index_select(1, unknown).isnan()
    packed = np.packbits(holes_cu.cpu().numpy(), axis=1)
    groups: dict[bytes, list[int]] = {}
    for band in bands:
        groups.setdefault(packed[band].tobytes(), []).append(band)
    return [
        (members, unknown[holes_cu[members[0]]] if any(key) else None)
        for key, members in groups.items()
    ]


def _sum_up(x_cp: Tensor, looks: Looks, holes: Tensor | None, out_cn: Tensor) -> None:
    """Sum up four weighted pixels for each output pixel; all bands are unknown at the same pixels."""
    weights = looks.trust(holes, x_cp.shape[1])
    if x_cp.device.type == "cpu" and len(x_cp) > _FEW:
        table_pc = x_cp.T.contiguous()
        if holes is not None:
            table_pc.index_fill_(0, holes, 0.0)
        index_n4, weight_n4 = _beside(looks.indices), _beside(weights)
        for part in _parts(*out_cn.shape):
            out_cn[:, part] = _rows_summed(table_pc, index_n4[part], weight_n4[part]).T
        return
    if holes is not None:
        x_cp = x_cp.index_fill(1, holes, 0.0)
    total_cn = x_cp.index_select(1, looks.indices[0]).mul_(weights[0])
    for index_n, weight_n in zip(looks.indices[1:], weights[1:], strict=True):
        total_cn.addcmul_(x_cp.index_select(1, index_n), weight_n.to(x_cp.dtype))
    out_cn[:] = total_cn


def _each_band_alone(x_cp: Tensor, looks: Looks, out_cn: Tensor) -> None:
    """Interpolate bands that are unknown at many different pixels: each brings along where it is known."""
    bands = len(x_cp)
    both = x_cp.new_empty((2 * bands, x_cp.shape[1]))
    torch.nan_to_num(x_cp, nan=0.0, posinf=torch.inf, neginf=-torch.inf, out=both[:bands])
    torch.eq(x_cp, x_cp, out=both[bands:])
    table_pc = both.T.contiguous()
    index_n4, weight_n4 = _beside(looks.indices), _beside(looks.trust())
    for part in _parts(*out_cn.shape):
        value, support = _rows_summed(table_pc, index_n4[part], weight_n4[part]).chunk(2, dim=1)
        is_void = table_pc.index_select(0, looks.nearest_n[part])[:, bands:] == 0
        out_cn[:, part] = value.div(support).masked_fill_(is_void, torch.nan).T


def _rows_summed(table_pc: Tensor, index_n4: Tensor, weight_n4: Tensor) -> Tensor:
    """Sum up four weighted rows of a table for each output pixel: (n, c)."""
    weight_n4 = weight_n4.to(table_pc.dtype)
    return F.embedding_bag(index_n4, table_pc, per_sample_weights=weight_n4, mode="sum")


def _parts(bands: int, pixels: int) -> list[slice]:
    """Cut output pixels into parts of a size that a cache holds."""
    step = max(1, _PART // bands)
    return [slice(start, start + step) for start in range(0, pixels, step)]


def _beside(planes: tuple[Tensor, ...]) -> Tensor:
    """Lay four planes side by side: (n, 4)."""
    out_n4 = planes[0].new_empty((len(planes[0]), len(planes)))
    for number, plane in enumerate(planes):
        out_n4[:, number] = plane
    return out_n4
