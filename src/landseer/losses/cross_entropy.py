"""Losses that average over pixels: cross entropy, binary cross entropy and their focal form."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor

from landseer.losses.config import (
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
    SoftBinaryCrossEntropy,
    SoftCrossEntropy,
)
from landseer.losses.pixels import Pixels

_TINY = 1e-6


def cross_entropy(pixels: Pixels, config: CrossEntropy) -> Tensor:
    """Average the negative log-probability of the truth, weighted by the true class.

    Formula: sum(w[t] * -log p[t]) / sum(w[t]) over the pixels that count; a sigmoid averages its channels.
    Edges: 0 when no pixel counts or all their weights are 0.
    Source: `torch.nn.CrossEntropyLoss`, whose weighting this follows.
    """
    weight_b1hw = pixels.weight_b1hw(config.class_weights)
    total = weight_b1hw.sum()
    nll_b1hw = pixels.nll_bjhw.mean(dim=1, keepdim=True)
    return (nll_b1hw * weight_b1hw).sum() / total.masked_fill(total == 0, 1.0)


def soft_cross_entropy(pixels: Pixels, config: SoftCrossEntropy) -> Tensor:
    """Average the cross entropy against labels mixed with the even distribution, weighted by class.

    Formula: sum((1 - s) * w[t] * -log p[t] + s * mean over classes of w[c] * -log p[c]) / sum(w[t]) over the pixels
    that count; the channels of a sigmoid are averaged, each weighted by the true class.
    Edges: a channel of a sigmoid has two classes, of probability p and 1 - p; 0 when no pixel counts or all their
    weights are 0.
    Source: Szegedy et al. 2016, doi:10.1109/CVPR.2016.308; weighted as `torch.nn.CrossEntropyLoss` does.
    """
    weight_b1hw = pixels.weight_b1hw(config.class_weights)
    nll_b1hw = weight_b1hw * pixels.nll_bjhw.mean(dim=1, keepdim=True)
    loss_b1hw = (1 - config.smoothing) * nll_b1hw + config.smoothing * _even_b1hw(
        pixels, config, weight_b1hw
    )
    total = weight_b1hw.sum()
    return (loss_b1hw * pixels.valid_b1hw).sum() / total.masked_fill(total == 0, 1.0)


def _even_b1hw(pixels: Pixels, config: SoftCrossEntropy, weight_b1hw: Tensor) -> Tensor:
    """Return the weighted cross entropy against the even distribution."""
    if pixels.activation == "sigmoid":
        either_bjhw = -0.5 * (pixels.log_prob_bkhw + pixels.log_not_bkhw)
        return weight_b1hw * either_bjhw.mean(dim=1, keepdim=True)
    if config.class_weights is None:
        return -pixels.log_prob_bkhw.mean(dim=1, keepdim=True)
    weight_k = pixels.log_prob_bkhw.new_tensor(config.class_weights)
    return -(pixels.log_prob_bkhw * weight_k[:, None, None]).mean(dim=1, keepdim=True)


def binary_cross_entropy(pixels: Pixels, config: BinaryCrossEntropy) -> Tensor:
    """Average the binary cross entropy of every channel against its own class (one against the rest).

    Source: `torch.nn.BCEWithLogitsLoss`.
    """
    return _binary(pixels, pixels.truth_bkhw, config.positive_weight)


def soft_binary_cross_entropy(pixels: Pixels, config: SoftBinaryCrossEntropy) -> Tensor:
    """Average the binary cross entropy against labels drawn in from 0 and 1.

    Source: Szegedy et al. 2016, doi:10.1109/CVPR.2016.308; the two-sided form of pytorch-toolbelt.
    """
    truth_bkhw = pixels.truth_bkhw * (1 - 2 * config.smoothing) + config.smoothing
    return _binary(pixels, truth_bkhw, 1.0)


def _binary(pixels: Pixels, truth_bkhw: Tensor, positive_weight: float) -> Tensor:
    """Average binary cross entropy over channels and the pixels that count."""
    value_bkhw = F.binary_cross_entropy_with_logits(
        pixels.logits_bkhw,
        truth_bkhw,
        pos_weight=pixels.logits_bkhw.new_tensor(positive_weight),
        reduction="none",
    )
    return pixels.mean(value_bkhw)


def focal(pixels: Pixels, config: Focal) -> Tensor:
    """Average the cross entropy with easy pixels played down.

    Formula: mean of w[t] * (1 - p[t])^gamma * -log p[t].
    Edges: 1 - p is kept above 1e-6, so that a gamma below 1 has a finite gradient.
    Source: Lin et al. 2017, arXiv:1708.02002; its softmax form for several classes.
    """
    easy_bjhw = (-pixels.nll_bjhw).exp()
    factor_bjhw = (1 - easy_bjhw).clamp_min(_TINY) ** config.gamma
    return pixels.mean(pixels.weight_b1hw(config.class_weights) * factor_bjhw * pixels.nll_bjhw)
