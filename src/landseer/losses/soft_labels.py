"""The loss of soft labels: how far predicted probabilities are from given ones."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from landseer.errors import LabelError
from landseer.losses.value_config import KullbackLeibler
from landseer.losses.values import Values
from landseer.quantities.mask import ClassMask, split_twin

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


def pseudo_label_loss(mask: ClassMask, logits_bkhw: Tensor, soft_bchw: Tensor) -> Tensor:
    """Average the divergence of a class mask from pseudo-labels over the pixels where these are known.

    Formula: sum over classes of t (ln t - ln p) where classes exclude each other; where each is judged alone, the same
    of every class against all others, added up; for a twin the mean of both.

    Args:
        mask: what the logits mean.
        logits_bkhw: of the network.
        soft_bchw: probabilities that add up to 1, NaN where not known.

    Returns:
        A float32 scalar; 0 where nothing is known.

    Source: Hinton et al. 2015, arXiv:1503.02531; for masks of twins, own.
    """
    is_known_bhw = ~soft_bchw.isnan().any(dim=1)
    truth_bchw = torch.where(is_known_bhw[:, None], soft_bchw.float(), 0.0)
    logits = logits_bkhw.float()
    if mask.activation == "softmax":
        surprise_bhw = _exclusive(logits, truth_bchw)
    elif mask.activation == "sigmoid":
        surprise_bhw = _alone(logits, truth_bchw)
    else:
        together, alone = split_twin(logits, mask.n_classes)
        judged = truth_bchw[:, -alone.shape[1] :]
        surprise_bhw = (_exclusive(together, truth_bchw) + _alone(alone, judged)) / 2
    known = torch.where(is_known_bhw, surprise_bhw, 0.0)
    return known.sum() / is_known_bhw.sum().clamp_min(1)


def _exclusive(logits_bchw: Tensor, truth_bchw: Tensor) -> Tensor:
    """Return the divergence at each pixel where classes exclude each other."""
    surprise = torch.xlogy(truth_bchw, truth_bchw) - truth_bchw * logits_bchw.log_softmax(dim=1)
    return surprise.sum(dim=1)


def _alone(logits_bchw: Tensor, truth_bchw: Tensor) -> Tensor:
    """Return the divergence at each pixel where every class is judged alone."""
    others = 1 - truth_bchw
    own = torch.xlogy(truth_bchw, truth_bchw) + torch.xlogy(others, others)
    said = truth_bchw * functional.logsigmoid(logits_bchw)
    said = said + others * functional.logsigmoid(-logits_bchw)
    return (own - said).sum(dim=1)


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
