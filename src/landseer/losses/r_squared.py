"""The direct R² loss: the share of the truth's variance that the prediction leaves unexplained."""

from __future__ import annotations

import torch
from torch import Tensor

from landseer.losses.value_config import R2
from landseer.losses.values import Values, grouped


def r2(values: Values, config: R2) -> Tensor:
    """Return 1 - R² over the valid pixels of the batch, or its mean over the samples.

    Formula: sum (p - t)² / max(sum (t - mean t)², count * least_deviation²).
    Edges: flat truth is given the least deviation, so that the loss stays a squared error with a gradient. A sample
        without a valid pixel does not count.
    Source: the definition of R², used directly as a loss by the winner of the Overhead Geopose Challenge.
    """
    error_gp, truth_gp, valid_gp = (
        grouped(part.expand_as(values.truth_bn), config.per_sample)
        for part in (values.error_bn, values.truth_bn, values.valid_b1)
    )
    count_g = valid_gp.sum(dim=1)
    mean_g = truth_gp.sum(dim=1) / count_g.clamp_min(1)
    deviation_gp = torch.where(valid_gp, truth_gp - mean_g[:, None], 0.0)
    least_g = (count_g * config.least_deviation**2).clamp_min(config.least_deviation**2)
    spread_g = torch.maximum(deviation_gp.square().sum(dim=1), least_g)
    loss_g = error_gp.square().sum(dim=1) / spread_g
    return loss_g.sum() / (count_g > 0).sum().clamp_min(1)
