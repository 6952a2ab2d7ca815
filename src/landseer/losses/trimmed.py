"""The trimmed loss: the worst points are taken for wrong labels and left out."""

from __future__ import annotations

import torch
from torch import Tensor

from landseer.losses.point import pointwise
from landseer.losses.value_config import Trimmed
from landseer.losses.values import Values, grouped


def trimmed(values: Values, config: Trimmed) -> Tensor:
    """Average a loss of each point over all but the worst share of them.

    With n valid points floor(share * n) are left out: of the pooled batch, or of each sample.

    Edges: the mean over `valid` divides by the points that are kept. A loss that is not a number is never trimmed.
    Source: Ranftl et al. 2020, arXiv:1907.01341, who leave out a fifth of each sample by absolute error.
    """
    loss_bn = pointwise(values.error_bn, config.of, config.delta)
    kept_bn = _kept(loss_bn.detach(), values.valid_b1.expand_as(loss_bn), config)
    total = torch.where(kept_bn, loss_bn, 0.0).sum()
    return total / (max(1, loss_bn.numel()) if config.mean == "all" else kept_bn.sum().clamp_min(1))


def _kept(loss_bn: Tensor, valid_bn: Tensor, config: Trimmed) -> Tensor:
    """Say which points stay: valid ones whose rank among the valid is low enough, and those not a number."""
    loss_gp, valid_gp = (grouped(part, config.per_sample) for part in (loss_bn, valid_bn))
    count_g1 = valid_gp.sum(dim=1, keepdim=True)
    n_kept_g1 = count_g1 - (count_g1 * config.share).floor().long()
    order_gp = torch.where(valid_gp, loss_gp, torch.inf).argsort(dim=1, stable=True)
    is_low = torch.arange(loss_gp.shape[1], device=loss_gp.device) < n_kept_g1
    kept_gp = torch.zeros_like(valid_gp).scatter_(1, order_gp, is_low) & valid_gp
    return (kept_gp | (valid_gp & loss_gp.isnan())).reshape(loss_bn.shape)
