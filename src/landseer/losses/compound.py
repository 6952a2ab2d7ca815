"""Losses made of a pixel term and an overlap term: combo, exponential logarithmic, cross entropy with Dice."""

from __future__ import annotations

import torch
from torch import Tensor

from landseer.losses.config import Combo, CrossEntropy, CrossEntropyDice, Dice, ExpLog
from landseer.losses.cross_entropy import cross_entropy
from landseer.losses.overlap import dice
from landseer.losses.pixels import Pixels

_TINY = 1e-7


def combo(pixels: Pixels, config: Combo) -> Tensor:
    """Mix a priced binary cross entropy of every channel with one Dice over all channels.

    Formula: alpha * mean(-beta t ln p - (1-beta)(1-t) ln(1-p)) + (1-alpha) * (1 - Dice).
    Edges: the published loss subtracts Dice; 1 - Dice differs by a constant and makes the optimum 0.
    Source: Taghanaki et al. 2019, arXiv:1805.02798, formula 3.
    """
    truth_bkhw, prob_bkhw = pixels.truth_bkhw, pixels.prob_bkhw
    missed = config.beta * truth_bkhw * pixels.log_prob_bkhw
    invented = (1 - config.beta) * (1 - truth_bkhw) * pixels.log_not_bkhw
    entropy = pixels.mean(-(missed + invented))
    numerator = 2 * (prob_bkhw * truth_bkhw).sum() + config.smooth
    denominator = (prob_bkhw.sum() + truth_bkhw.sum() + config.smooth).clamp_min(_TINY)
    overlap = torch.where(pixels.valid_b1hw.sum() > 0, 1 - numerator / denominator, 0.0)
    return config.alpha * entropy + (1 - config.alpha) * overlap


def exp_log(pixels: Pixels, config: ExpLog) -> Tensor:
    """Add the powers of -ln Dice and of the weighted cross entropy.

    Formula: w_d * mean over classes (-ln Dice)^g + w_c * mean over pixels w[t] (-ln p[t])^g.
    Edges: a class without a true pixel adds 0 to the Dice term; bases are kept above 1e-7, because the power
        below 1 has no finite gradient at 0.
    Source: Wong et al. 2018, arXiv:1809.00076.
    """
    axes = (0, 2, 3)
    both = (pixels.prob_bkhw * pixels.truth_bkhw).sum(axes)
    true = pixels.truth_bkhw.sum(axes)
    score = (2 * both / (pixels.prob_bkhw.sum(axes) + true).clamp_min(_TINY)).clamp(_TINY, 1.0)
    dice_k = (-torch.log(score)).clamp_min(_TINY) ** config.gamma
    overlap = torch.where(true > 0, dice_k, 0.0).mean()
    entropy = pixels.mean(
        _rarity_b1hw(pixels, config) * pixels.nll_bjhw.clamp_min(_TINY) ** config.gamma
    )
    return config.dice_weight * overlap + config.ce_weight * entropy


def _rarity_b1hw(pixels: Pixels, config: ExpLog) -> Tensor:
    """Weight of each pixel's class: as given, or the root of how rare it is in the batch."""
    if config.class_weights is not None:
        return pixels.weight_b1hw(config.class_weights)
    n_classes = max(2, pixels.logits_bkhw.shape[1])
    numbers = torch.arange(n_classes, device=pixels.target_bhw.device)
    is_class = pixels.target_bhw[..., None] == numbers
    frequency = (is_class * pixels.valid_b1hw[:, 0, ..., None]).sum(dim=(0, 1, 2)).clamp_min(1.0)
    return torch.sqrt(pixels.count / frequency)[pixels.target_bhw].unsqueeze(1)


def cross_entropy_dice(pixels: Pixels, config: CrossEntropyDice) -> Tensor:
    """Add cross entropy and Dice loss.

    Source: Isensee et al. 2021 (nnU-Net), doi:10.1038/s41592-020-01008-z.
    """
    entropy = cross_entropy(pixels, CrossEntropy(class_weights=config.class_weights))
    return config.ce_weight * entropy + config.dice_weight * dice(pixels, Dice())
