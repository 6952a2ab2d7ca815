"""The values that count: predictions and truth of a real-valued target with unknown places taken out.

Legend of shapes: b samples, n numbers at each place (1 for heights and scales, 2 for vectors, a probability for each
class of a soft mask), j numbers of a term at each place; `…` stands for h rows and w columns, or for nothing where
there is one value an image; g groups (the samples, or the batch as one) of p points.

A place is valid when all its n numbers are known. Others are cut off at this border and nowhere else: outputs and
truth become the constant 0 there before any arithmetic, so that neither can reach a loss or a gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from landseer.errors import LabelError


@dataclass(frozen=True)
class Values:
    """What the losses of one batch share; each derived array is computed once.

    Attributes:
        raw_bn: (b, n, …) float32 outputs of the network, 0 where not valid.
        truth_bn: (b, n, …) float32, 0 where not valid.
        valid_b1: (b, 1, …) bool, whether a place counts.
        activate: turns outputs into values in the quantity's unit.
    """

    raw_bn: Tensor
    truth_bn: Tensor
    valid_b1: Tensor
    activate: Callable[[Tensor], Tensor]

    @cached_property
    def value_bn(self) -> Tensor:
        """Predicted values in the quantity's unit (not masked)."""
        return self.activate(self.raw_bn)

    @cached_property
    def error_bn(self) -> Tensor:
        """Prediction minus truth; 0 where not valid."""
        return torch.where(self.valid_b1, self.value_bn - self.truth_bn, 0.0)

    def mean(self, value_bj: Tensor, over: Literal["valid", "all"] = "valid") -> Tensor:
        """Average over the valid places, or divide their sum by all places; 0 when none is valid."""
        return average(value_bj, self.valid_b1, over)


def average(value_bj: Tensor, valid_b1: Tensor, over: Literal["valid", "all"] = "valid") -> Tensor:
    """Average terms over the valid places, or divide their sum by all places.

    Args:
        value_bj: (b, j, …) float32.
        valid_b1: (b, 1, …) bool.
        over: `valid`, or `all` to let places that are not valid count as 0.

    Returns:
        A scalar; 0, and differentiable, when no place is valid.
    """
    total = torch.where(valid_b1, value_bj, 0.0).sum()
    if over == "all":
        return total / max(1, value_bj.numel())
    return total / (valid_b1.sum().clamp_min(1) * value_bj.shape[1])


def grouped(part_bn: Tensor, per_sample: bool) -> Tensor:
    """Return one row for each sample, or one row for the whole batch: (g, p)."""
    return part_bn.flatten(1) if per_sample else part_bn.reshape(1, -1)


def prepare_values(raw_bn: Tensor, target: Tensor, activate: Callable[[Tensor], Tensor]) -> Values:
    """Take the unknown places out of a batch and move it to float32.

    Args:
        raw_bn: (b, n, h, w) or (b, n) outputs of the network, any float dtype.
        target: as the outputs, or (b, h, w) and (b,) where n is 1; NaN where nothing is known.
        activate: turns float32 outputs into values.

    Raises:
        LabelError: shapes that do not match.

    Edges: an infinite truth is no unknown one: it makes the loss infinite, which training reports.
    Source: own.
    """
    truth_bn = target.float()
    if truth_bn.ndim == raw_bn.ndim - 1:
        truth_bn = truth_bn.unsqueeze(1)
    if truth_bn.shape != raw_bn.shape:
        raise LabelError(
            f"expected a target of shape {tuple(raw_bn.shape)}; got {tuple(target.shape)}"
        )
    valid_b1 = ~truth_bn.isnan().any(dim=1, keepdim=True)
    raw_bn = torch.where(valid_b1, raw_bn.float(), 0.0)
    return Values(raw_bn, torch.where(valid_b1, truth_bn, 0.0), valid_b1, activate)
