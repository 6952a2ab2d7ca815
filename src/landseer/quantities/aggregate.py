"""From the pixels of an image to the coarser ones of a reference: means over what each of its pixels covers."""

from __future__ import annotations

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

    Each reference pixel is probed at k x k points, bilinearly between image pixels; k is as many as image pixels lie
    along its longer side, at most 16. Where the grids are aligned and nest this is the exact mean.

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
    length = grids[:, :, :2].norm(dim=1).amax().clamp(1, MOST_POINTS)
    count = int(torch.ceil(length - 1e-4))
    places = _places(grids, size, count)
    height, width = values_bchw.shape[-2:]
    grid = torch.stack(
        [(2 * places[..., 1] + 1) / width - 1, (2 * places[..., 0] + 1) / height - 1], -1
    )
    rows, cols = places.unbind(-1)
    inside = (rows >= -0.5) & (rows <= height - 0.5) & (cols >= -0.5) & (cols <= width - 0.5)
    sampled = functional.grid_sample(
        values_bchw.float(), grid, mode="bilinear", padding_mode="border", align_corners=False
    )
    weight = (inside & known[:, None, None])[:, None].float()
    covered = functional.avg_pool2d(weight, count)
    mean = functional.avg_pool2d(sampled * weight, count) / covered.clamp_min(1e-6)
    return mean.masked_fill(covered < 0.5, torch.nan)


def _places(grids_b23: Tensor, size: tuple[int, int], count: int) -> Tensor:
    """Return the probed places (row, col) in the image: (b, height * count, width * count, 2)."""
    device = grids_b23.device
    rows, cols = (
        (torch.arange(length * count, device=device) + 0.5) / count - 0.5 for length in size
    )
    own = torch.stack(torch.meshgrid(rows, cols, indexing="ij"), dim=-1)
    linear, origin = grids_b23[:, :, :2], grids_b23[:, :, 2]
    return torch.einsum("yxj,bij->byxi", own, linear) + origin[:, None, None]
