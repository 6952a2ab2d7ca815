"""The pixels that count: logits, probabilities and truth of a batch with ignored pixels taken out.

Legend of shapes: b samples, k output channels (one for each class; a sigmoid may have the single channel of
class 1), j pixel terms (1 for softmax, k for sigmoid), h rows, w columns.

Ignored pixels are cut off at this border and nowhere else: their logits become the constant 0 before any
arithmetic, so that neither their value nor their label can reach a loss or a gradient.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor

from landseer.core.classes import IGNORE
from landseer.errors import LabelError, RecipeError, UsageError

Activation = Literal["softmax", "sigmoid"]

_TINY = 1e-6


@dataclass(frozen=True)
class Pixels:
    """What the losses of one batch share; each derived array is computed once.

    Attributes:
        logits_bkhw: float32, 0 at ignored pixels.
        target_bhw: int64 class numbers, 0 at ignored pixels.
        valid_b1hw: float32, 1 where a pixel counts, else 0.
        activation: `softmax` (classes exclude each other) or `sigmoid` (each channel is judged alone).
    """

    logits_bkhw: Tensor
    target_bhw: Tensor
    valid_b1hw: Tensor
    activation: Activation

    @property
    def is_single(self) -> bool:
        """Whether one channel stands for class 1 of two."""
        return self.logits_bkhw.shape[1] == 1

    @cached_property
    def truth_bkhw(self) -> Tensor:
        """One-hot truth, float32; 0 in every channel at ignored pixels."""
        if self.is_single:
            return self.target_bhw.unsqueeze(1).float()
        one_hot = torch.zeros_like(self.logits_bkhw)
        return one_hot.scatter_(1, self.target_bhw.unsqueeze(1), self.valid_b1hw)

    @cached_property
    def prob_bkhw(self) -> Tensor:
        """Probabilities; 0 in every channel at ignored pixels."""
        return self.log_prob_bkhw.exp() * self.valid_b1hw

    @cached_property
    def log_prob_bkhw(self) -> Tensor:
        """Log-probabilities (not masked)."""
        if self.activation == "sigmoid":
            return F.logsigmoid(self.logits_bkhw)
        return F.log_softmax(self.logits_bkhw, dim=1)

    @cached_property
    def log_not_bkhw(self) -> Tensor:
        """Logarithm of one minus the probability (not masked), never below the float32 floor."""
        if self.activation == "sigmoid":
            return F.logsigmoid(-self.logits_bkhw)
        return torch.log(-torch.expm1(self.log_prob_bkhw.clamp(max=-_TINY)))

    @cached_property
    def nll_bjhw(self) -> Tensor:
        """Negative log-probability of the truth: of the true class, or of each channel's yes or no.

        0 at ignored pixels.
        """
        if self.activation == "sigmoid":
            nll_bjhw = F.binary_cross_entropy_with_logits(
                self.logits_bkhw, self.truth_bkhw, reduction="none"
            )
        else:
            nll_bjhw = -self.log_prob_bkhw.gather(1, self.target_bhw.unsqueeze(1))
        return nll_bjhw * self.valid_b1hw

    @cached_property
    def count(self) -> Tensor:
        """Number of pixels that count, at least 1."""
        return self.valid_b1hw.sum().clamp_min(1.0)

    def mean(self, value_bjhw: Tensor) -> Tensor:
        """Average over terms and over the pixels that count; 0 when there are none."""
        return (value_bjhw * self.valid_b1hw).sum() / (self.count * value_bjhw.shape[1])

    def weight_b1hw(self, class_weights: tuple[float, ...] | str | None) -> Tensor:
        """Weight of each pixel's true class; 0 at ignored pixels.

        Raises:
            UsageError: the name of a rule instead of weights.
        """
        if class_weights is None:
            return self.valid_b1hw
        if isinstance(class_weights, str):
            raise UsageError(
                f"expected class weights as numbers; got the rule {class_weights!r}",
                do="put numbers in with landseer.losses.class_weights.with_class_weights",
            )
        table = torch.tensor(class_weights, device=self.valid_b1hw.device)
        return table[self.target_bhw].unsqueeze(1) * self.valid_b1hw

    def channels(self, classes: tuple[int, ...]) -> list[int]:
        """Output channels of these classes.

        Raises:
            RecipeError: the background of an output that has no channel for it.
        """
        if self.is_single and 0 in classes:
            raise RecipeError(
                "expected class 1, the only one with a channel; got class 0", where="loss.classes"
            )
        return [number - 1 if self.is_single else number for number in classes]

    @property
    def foreground(self) -> list[int]:
        """Output channels of all classes but the background."""
        return list(range(0 if self.is_single else 1, self.logits_bkhw.shape[1]))


def prepare(logits_bkhw: Tensor, target_bhw: Tensor, activation: Activation) -> Pixels:
    """Take the ignored pixels out of a batch and move it to float32.

    Args:
        logits_bkhw: any float dtype; k = number of classes, or 1 for a sigmoid of class 1.
        target_bhw: integer class numbers, 255 (`IGNORE`) at pixels that do not count.
        activation: what turns the logits into probabilities.

    Raises:
        LabelError: a class number beyond the channels (checked on the CPU; on an accelerator the
            indexing itself fails, because a check would stall it), or shapes that do not match.

    Source: own.
    """
    if logits_bkhw.shape[2:] != target_bhw.shape[1:] or len(logits_bkhw) != len(target_bhw):
        raise LabelError(
            f"expected a target of shape {(len(logits_bkhw), *logits_bkhw.shape[2:])}; "
            f"got {tuple(target_bhw.shape)}"
        )
    valid_bhw = target_bhw != IGNORE
    target_bhw = torch.where(valid_bhw, target_bhw, 0).long()
    _check(target_bhw, max(2, logits_bkhw.shape[1]))
    valid_b1hw = valid_bhw.unsqueeze(1)
    logits_bkhw = torch.where(valid_b1hw, logits_bkhw.float(), 0.0)
    return Pixels(logits_bkhw, target_bhw, valid_b1hw.float(), activation)


def _check(target_bhw: Tensor, n_classes: int) -> None:
    """Refuse class numbers that have no channel."""
    if target_bhw.device.type != "cpu" or not target_bhw.numel():
        return
    low, high = (int(value) for value in torch.aminmax(target_bhw))
    if low < 0 or high >= n_classes:
        raise LabelError(
            f"expected class numbers 0 to {n_classes - 1} or {IGNORE}; got {low} to {high}",
            do="run the audit, and check the class table of the recipe",
        )
