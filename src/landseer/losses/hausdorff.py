"""The Hausdorff loss: errors cost the more the farther they are from the boundary."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from landseer.losses.config import Hausdorff
from landseer.losses.pixels import Pixels


def hausdorff(pixels: Pixels, config: Hausdorff) -> Tensor:
    """Average (p - t)^2 * (d_p^alpha + d_t^alpha) over the foreground classes.

    d_p and d_t are distances in pixels to the boundary of the prediction (p > 0.5) and of the truth; no
    gradient runs through them. They are computed on the CPU by scipy, so an accelerator waits for them.

    Edges: a mask without a pixel has distance 0 everywhere; ignored pixels belong to neither mask.
    Source: Karimi and Salcudean 2019, doi:10.1109/TMI.2019.2930068, equation 8.
    """
    chosen = pixels.foreground
    prob_bkhw, truth_bkhw = pixels.prob_bkhw[:, chosen], pixels.truth_bkhw[:, chosen]
    weight_bkhw = _distance(prob_bkhw, config.alpha) + _distance(truth_bkhw, config.alpha)
    loss = pixels.mean((prob_bkhw - truth_bkhw) ** 2 * weight_bkhw)
    return torch.log1p(loss) if config.log else loss


def _distance(mask_bkhw: Tensor, alpha: float) -> Tensor:
    """Distance to the boundary of each mask (> 0.5) to the power alpha."""
    masks = (mask_bkhw.detach() > 0.5).cpu().numpy()
    fields = [_field(mask) for mask in masks.reshape(-1, *masks.shape[2:])]
    field = np.stack(fields).reshape(masks.shape) ** alpha
    return torch.from_numpy(field.astype(np.float32)).to(mask_bkhw.device)


def _field(mask_hw: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distance of each pixel to the nearest pixel of the other kind."""
    if not mask_hw.any() or mask_hw.all():
        return np.zeros(mask_hw.shape)
    return distance_transform_edt(mask_hw) + distance_transform_edt(~mask_hw)
