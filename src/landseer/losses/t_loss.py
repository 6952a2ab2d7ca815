"""The T-loss: a heavy-tailed likelihood that forgives samples with wrong labels."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from landseer.losses.config import TLoss
from landseer.losses.pixels import Pixels


def t_loss(pixels: Pixels, config: TLoss) -> Tensor:
    """Average the negative log-likelihood per pixel of the errors of a sample under Student's t.

    Formula, for a sample with D pixels that count and errors e = p - t of one foreground class:
    [ln G(nu/2) - ln G((nu+D)/2) + D/2 ln(pi nu) + (nu+D)/2 ln(1 + sum(e^2)/nu)] / D.

    Edges: a sample without a pixel that counts adds 0. The published loss learns nu and is a sum over pixels;
        here nu is fixed and the sum is divided by D, so that the term keeps its weight beside others.
    Source: Gonzalez-Jimenez et al. 2023, doi:10.1007/978-3-031-43898-1_68, with the identity as scale.
    """
    nu = config.nu
    error_bkhw = (pixels.prob_bkhw - pixels.truth_bkhw)[:, pixels.foreground]
    squares_bk = error_bkhw.square().sum(dim=(2, 3))
    size_b1 = pixels.valid_b1hw.sum(dim=(2, 3))
    constant_b1 = (
        math.lgamma(nu / 2)
        - torch.lgamma((nu + size_b1) / 2)
        + size_b1 / 2 * math.log(math.pi * nu)
    )
    loss_bk = constant_b1 + (nu + size_b1) / 2 * torch.log1p(squares_bk / nu)
    return torch.where(size_b1 > 0, loss_bk / size_b1.clamp_min(1.0), 0.0).mean()
