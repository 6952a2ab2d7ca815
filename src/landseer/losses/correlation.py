"""The correlation loss: one minus a soft Matthews correlation coefficient."""

from __future__ import annotations

import torch
from torch import Tensor

from landseer.losses.config import Mcc
from landseer.losses.pixels import Pixels

_TINY = 1e-7


def mcc(pixels: Pixels, config: Mcc) -> Tensor:
    """Average 1 - MCC over the foreground classes, each against the rest, pooled over the batch.

    Formula, with shares of the pixels that count: (both - p t) / sqrt(p (1 - p) t (1 - t)).
    Edges: a class that is true nowhere or everywhere adds 0 (its MCC is undefined).
    Source: Abhishek and Hamarneh 2021, arXiv:2010.13454.
    """
    del config
    chosen = pixels.foreground
    prob_bkhw, truth_bkhw = pixels.prob_bkhw[:, chosen], pixels.truth_bkhw[:, chosen]
    both, predicted, true = (
        value.sum(dim=(0, 2, 3)) / pixels.count
        for value in (prob_bkhw * truth_bkhw, prob_bkhw, truth_bkhw)
    )
    spread = predicted * (1 - predicted) * true * (1 - true)
    score = (both - predicted * true) / torch.sqrt(spread.clamp_min(_TINY**2))
    return torch.where((true > 0) & (true < 1), 1 - score, 0.0).mean()
