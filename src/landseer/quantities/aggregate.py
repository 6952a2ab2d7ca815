"""From the pixels of an image to the coarser ones of a reference: means over what each of its pixels covers."""

from __future__ import annotations

from itertools import groupby

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

MOST_POINTS = 16
"""Most points per side at which a reference pixel is probed."""


def aggregate(
    values_bchw: Float[Tensor, "b c h w"], grids_b23: Float[Tensor, "b 2 3"], size: tuple[int, int]
) -> Float[Tensor, "b c y x"]:
    """Average values of an image over the pixels of another grid; nothing is made to look finer than it is.

    Each reference pixel is probed at k x l points, bilinearly between image pixels; k and l are as many as image pixels
    lie along its sides, at most 16. Where the grids are parallel and each side is a whole number of image pixels, up to
    16, this is the exact mean over its area.

    Args:
        values_bchw: predictions on the image's pixels; gradients flow.
        grids_b23: (row, col) in the image = grid @ (row, col, 1) in the reference, whole numbers at pixel centres.
        size: height and width of the reference.

    Returns:
        Values on the reference's pixels; NaN where more than half of a pixel lies beyond the image.

    Edges: a map that is NaN gives NaN. Where a part of a pixel lies beyond the image, the mean is of the rest.
    Source: own.
    """
    grids = grids_b23.float()
    known = grids.isfinite().all(-1).all(-1)
    grids = torch.where(known[:, None, None], grids, 0.0)
    counts = _counts(grids)
    order = sorted(range(len(counts)), key=counts.__getitem__)
    parts = []
    for count, members in groupby(order, key=counts.__getitem__):
        some = torch.tensor(list(members), device=grids.device)
        parts.append(_averaged(values_bchw[some].float(), grids[some], known[some], size, count))
    back = torch.tensor(order, device=grids.device).argsort()
    return torch.cat(parts)[back]


def _counts(grids_b23: Tensor) -> list[tuple[int, int]]:
    """Return at how many points down and across the reference pixels of each sample are probed."""
    length_b2 = grids_b23[:, :, :2].norm(dim=1).clamp(1, MOST_POINTS)
    return [(down, across) for down, across in torch.ceil(length_b2 - 1e-4).int().tolist()]


def _averaged(
    values_bchw: Tensor,
    grids_b23: Tensor,
    known_b: Tensor,
    size: tuple[int, int],
    count: tuple[int, int],
) -> Tensor:
    """Average samples whose reference pixels are probed at as many points down and across."""
    places = _places(grids_b23, size, count)
    height, width = values_bchw.shape[-2:]
    rows, cols = places.unbind(-1)
    grid = torch.stack([(2 * cols + 1) / width - 1, (2 * rows + 1) / height - 1], -1)
    inside = (rows >= -0.5) & (rows <= height - 0.5) & (cols >= -0.5) & (cols <= width - 0.5)
    sampled = functional.grid_sample(
        values_bchw, grid, mode="bilinear", padding_mode="border", align_corners=False
    )
    weight = (inside & known_b[:, None, None])[:, None].float()
    covered = functional.avg_pool2d(weight, count)
    mean = functional.avg_pool2d(sampled * weight, count) / covered.clamp_min(1e-6)
    return mean.masked_fill(covered < 0.5, torch.nan)


def _places(grids_b23: Tensor, size: tuple[int, int], count: tuple[int, int]) -> Tensor:
    """Return the probed places (row, col) in the image: (b, height * down, width * across, 2)."""
    device = grids_b23.device
    rows, cols = (
        (torch.arange(length * points, device=device) + 0.5) / points - 0.5
        for length, points in zip(size, count, strict=True)
    )
    own = torch.stack(torch.meshgrid(rows, cols, indexing="ij"), dim=-1)
    linear, origin = grids_b23[:, :, :2], grids_b23[:, :, 2]
    return torch.einsum("yxj,bij->byxi", own, linear) + origin[:, None, None]
