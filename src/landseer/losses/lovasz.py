"""The Lovász loss: a convex surrogate of the Jaccard index by sorting errors."""

from __future__ import annotations

import torch
from torch import Tensor

from landseer.losses.config import Lovasz
from landseer.losses.pixels import Pixels


def lovasz(pixels: Pixels, config: Lovasz) -> Tensor:
    """Return the Lovász-Softmax loss (softmax) or the Lovász hinge (sigmoid).

    Edges: Lovász-Softmax averages the classes that have a true pixel, the hinge counts the empty truth too.
        Ignored pixels get error 0, which sorts behind every error that counts and so weighs nothing.
    Source: Berman et al. 2018, arXiv:1705.08790.
    """
    errors_bkn, truth_bkn = _errors(pixels).flatten(2), pixels.truth_bkhw.flatten(2)
    if not config.per_sample:
        errors_bkn = errors_bkn.transpose(0, 1).flatten(1)[None]
        truth_bkn = truth_bkn.transpose(0, 1).flatten(1)[None]
    ordered_bkn, order_bkn = errors_bkn.sort(dim=2, descending=True, stable=True)
    weights_bkn = _jaccard_steps(truth_bkn.gather(2, order_bkn))
    loss_bk = (ordered_bkn * weights_bkn).sum(dim=2)
    if pixels.activation == "sigmoid":
        return loss_bk.mean()
    present_bk = (truth_bkn.sum(dim=2) > 0).float()
    each = (loss_bk * present_bk).sum(dim=1) / present_bk.sum(dim=1).clamp_min(1.0)
    return each.mean()


def _errors(pixels: Pixels) -> Tensor:
    """Error of each pixel in each channel, at least 0; 0 at ignored pixels."""
    if pixels.activation == "softmax":
        return (pixels.truth_bkhw - pixels.prob_bkhw).abs()
    signs_b1hw = 2 * pixels.truth_bkhw - 1
    return torch.relu(1 - pixels.logits_bkhw * signs_b1hw) * pixels.valid_b1hw


def _jaccard_steps(truth_bkn: Tensor) -> Tensor:
    """Return how much the Jaccard loss grows with each further error, in sorted order.

    Cumulative sums are of whole numbers: float32 loses pixels beyond 2^24, and on a GPU sums of floats vary.
    """
    truth_bkn = truth_bkn.long()
    total = truth_bkn.sum(dim=2, keepdim=True)
    missed = truth_bkn.cumsum(dim=2)
    added = (1 - truth_bkn).cumsum(dim=2)
    jaccard = 1 - (total - missed).double() / (total + added)
    return torch.diff(jaccard, dim=2, prepend=torch.zeros_like(jaccard[..., :1])).float()
