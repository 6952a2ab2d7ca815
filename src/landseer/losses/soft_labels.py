"""The loss of soft labels: how far predicted probabilities are from given ones."""

from __future__ import annotations

import torch
from torch import Tensor

from landseer.errors import LabelError
from landseer.losses.value_config import KullbackLeibler
from landseer.losses.values import Values

_ROUNDING = 0.01


def kl(values: Values, config: KullbackLeibler) -> Tensor:
    """Average the Kullback-Leibler divergence of the predicted classes from the given probabilities.

    Formula: sum over classes of t (ln t - ln p), p the softmax of the logits; 0 ln 0 = 0.

    Raises:
        LabelError: probabilities that are below 0 or do not sum to 1 (checked on the CPU; on an accelerator the check
            would stall it).

    Edges: its gradient is that of the cross entropy with soft labels, its optimum is 0.
    Source: Kullback and Leibler 1951, doi:10.1214/aoms/1177729694; `torch.nn.KLDivLoss`.
    """
    _check(values)
    truth_bn = values.truth_bn.clamp_min(0)
    surprise_bn = torch.xlogy(truth_bn, truth_bn) - truth_bn * values.raw_bn.log_softmax(dim=1)
    return values.mean(surprise_bn.sum(dim=1, keepdim=True), config.mean)


def _check(values: Values) -> None:
    """Refuse truth that is no distribution."""
    truth_bn = values.truth_bn
    if truth_bn.device.type != "cpu":
        return
    total_b1 = torch.where(values.valid_b1, truth_bn.sum(dim=1, keepdim=True), 1.0)
    if ((total_b1 - 1).abs() > _ROUNDING).any() or (truth_bn < -_ROUNDING).any():
        raise LabelError(
            "expected probabilities that sum to 1 over the classes; "
            f"got sums from {total_b1.min():g} to {total_b1.max():g}, the least of all {truth_bn.min():g}",
            do="divide the soft mask by its sum, and mark unknown pixels with NaN",
        )
