"""Losses of overlap between prediction and truth: Dice, Jaccard, Tversky and their kin.

All of them see three sums for each class: of the product of prediction and truth, of the prediction, and of
the truth. They are pooled over the batch, or taken for each sample.
"""

from __future__ import annotations

import torch
from torch import Tensor

from landseer.losses.config import (
    BatchSoftDice,
    Dice,
    FocalTversky,
    Jaccard,
    LogCoshDice,
    SoftDice,
    Tversky,
)
from landseer.losses.pixels import Pixels

_TINY = 1e-7


def dice(pixels: Pixels, config: Dice) -> Tensor:
    """Average 1 - Dice over the classes.

    Formula: 1 - (2 sum(p t) + s) / (sum p + sum t + s).
    Edges: a class without a true pixel adds 0 (Dice is undefined there), but stays in the mean.
    Source: Milletari et al. 2016, doi:10.1109/3DV.2016.79; edges as segmentation_models_pytorch.
    """
    both, predicted, true = _sums(pixels, config.classes, config.per_sample)
    score = _ratio(2 * both + config.smooth, predicted + true + config.smooth)
    return _mean_of_present(_distance(score, config.log), true)


def soft_dice(pixels: Pixels, config: SoftDice) -> Tensor:
    """Average 1 - smoothed Dice over samples and classes; absent classes count.

    Source: Jadon 2020, arXiv:2006.14822.
    """
    return _smoothed(pixels, config, per_sample=True)


def batch_soft_dice(pixels: Pixels, config: BatchSoftDice) -> Tensor:
    """Average 1 - smoothed Dice of the pooled batch over the classes; absent classes count.

    Source: Kodym et al. 2018, arXiv:1812.02427.
    """
    return _smoothed(pixels, config, per_sample=False)


def jaccard(pixels: Pixels, config: Jaccard) -> Tensor:
    """Average 1 - Jaccard index (intersection over union) over the classes.

    Edges: a class without a true pixel adds 0.
    Source: Rahman and Wang 2016, doi:10.1007/978-3-319-50835-1_22.
    """
    both, predicted, true = _sums(pixels, config.classes, config.per_sample)
    score = _ratio(both + config.smooth, predicted + true - both + config.smooth)
    return _mean_of_present(_distance(score, config.log), true)


def tversky(pixels: Pixels, config: Tversky) -> Tensor:
    """Average 1 - Tversky index over the classes: false positives and negatives at their own price.

    Edges: a class without a true pixel adds 0. alpha = beta = 0.5 is Dice, 1 is Jaccard.
    Source: Salehi et al. 2017, arXiv:1706.05721.
    """
    score, true = _tversky_index(pixels, config)
    return _mean_of_present(1 - score, true)


def focal_tversky(pixels: Pixels, config: FocalTversky) -> Tensor:
    """Average (1 - Tversky index)^gamma over the classes.

    Edges: a class without a true pixel adds 0; the base is kept above 1e-7 for a finite gradient.
    Source: Abraham and Khan 2018, arXiv:1810.07842.
    """
    score, true = _tversky_index(pixels, config)
    return _mean_of_present((1 - score).clamp_min(_TINY) ** config.gamma, true)


def log_cosh_dice(pixels: Pixels, config: LogCoshDice) -> Tensor:
    """Return log(cosh(Dice loss)): flat near the optimum.

    Source: Jadon 2020, arXiv:2006.14822.
    """
    settings = Dice(classes=config.classes, per_sample=config.per_sample, smooth=config.smooth)
    return torch.log(torch.cosh(dice(pixels, settings)))


def _sums(
    pixels: Pixels, classes: tuple[int, ...] | None, per_sample: bool, *, squared: bool = False
) -> tuple[Tensor, Tensor, Tensor]:
    """Sum product, prediction and truth over pixels: each (b or 1, classes)."""
    prob_bkhw, truth_bkhw = pixels.prob_bkhw, pixels.truth_bkhw
    if classes is not None:
        chosen = pixels.channels(classes)
        prob_bkhw, truth_bkhw = prob_bkhw[:, chosen], truth_bkhw[:, chosen]
    axes = (2, 3) if per_sample else (0, 2, 3)
    predicted = (prob_bkhw * prob_bkhw if squared else prob_bkhw).sum(axes)
    both = (prob_bkhw * truth_bkhw).sum(axes)
    return both, predicted, truth_bkhw.sum(axes)


def _tversky_index(pixels: Pixels, config: Tversky | FocalTversky) -> tuple[Tensor, Tensor]:
    """Return the Tversky index and the true sums."""
    both, predicted, true = _sums(pixels, config.classes, config.per_sample)
    wrong = config.alpha * (predicted - both) + config.beta * (true - both)
    return _ratio(both + config.smooth, both + wrong + config.smooth), true


def _smoothed(pixels: Pixels, config: SoftDice | BatchSoftDice, *, per_sample: bool) -> Tensor:
    """Average 1 - smoothed Dice, absent classes included."""
    both, predicted, true = _sums(pixels, config.classes, per_sample, squared=config.squared)
    return (1 - (2 * both + config.smooth) / (predicted + true + config.smooth)).mean()


def _ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """Divide, with a floor under the denominator and a ceiling of 1 against rounding."""
    return (numerator / denominator.clamp_min(_TINY)).clamp(max=1.0)


def _distance(score: Tensor, log: bool) -> Tensor:
    """Turn a score into a loss."""
    return -torch.log(score.clamp_min(_TINY)) if log else 1 - score


def _mean_of_present(loss: Tensor, true: Tensor) -> Tensor:
    """Average over samples and classes, counting 0 where no pixel is true."""
    return torch.where(true > 0, loss, 0.0).mean()
