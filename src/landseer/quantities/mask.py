"""The class mask: one class per pixel, predicted as a probability per class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

import landseer.quantities.d4 as d4
from landseer.core.classes import IGNORE
from landseer.errors import UsageError
from landseer.quantities.motion import Motion
from landseer.quantities.quantity import Extent, Resampling

Activation = Literal["softmax", "sigmoid", "twin"]


@dataclass(frozen=True, slots=True)
class ClassMask:
    """Class numbers 0 … n_classes-1 per pixel.

    Under a turn or a mirror only the place of a pixel changes, never its class. Several predictions of the
    same pixel are averaged as probabilities.

    Attributes:
        n_classes: number of classes, background included.
        activation: `softmax` where classes exclude each other (they sum to one), `sigmoid` where each is judged alone,
            `twin` where a network answers in both ways and the mean of both probabilities counts.
    """

    kind: ClassVar[str] = "mask"
    unit: ClassVar[str] = ""
    extent: ClassVar[Extent] = "dense"
    resampling: ClassVar[Resampling] = "nearest"
    fill: ClassVar[float] = IGNORE
    n_classes: int
    activation: Activation = "softmax"

    def __post_init__(self) -> None:
        if not 2 <= self.n_classes < IGNORE - 1:
            raise UsageError(
                f"expected 2 to {IGNORE - 2} classes; got {self.n_classes}",
                do="list the background as a class of its own",
            )

    @property
    def n_outputs(self) -> int:
        """Number of probabilities per pixel."""
        return self.n_classes

    @property
    def n_logits(self) -> int:
        """Number of logits a network must give per pixel (`split_twin` tells what those of a twin are)."""
        if self.activation != "twin":
            return self.n_classes
        return self.n_classes + (1 if self.n_classes == 2 else self.n_classes)

    def value(self, logits_bkhw: Float[Tensor, "b k h w"]) -> Float[Tensor, "b c h w"]:
        """Turn logits into probabilities in [0, 1].

        Args:
            logits_bkhw: `n_logits` per pixel, any float dtype.

        Returns:
            float32, whatever the logits were; NaN logits give NaN.
        """
        logits = logits_bkhw.float()
        if self.activation == "softmax":
            return logits.softmax(dim=1)
        if self.activation == "sigmoid":
            return logits.sigmoid()
        together, alone = split_twin(logits, self.n_classes)
        single = alone.sigmoid()
        if self.n_classes == 2:
            single = torch.cat([1 - single, single], dim=1)
        return (together.softmax(dim=1) + single) / 2

    def transform(self, values: Tensor, element: d4.Element) -> Tensor:
        """Turn or mirror targets, logits or probabilities (..., h, w)."""
        return d4.apply(element, values)

    def moved(self, values: Tensor, motion: Motion, direction_b2: Tensor | None = None) -> Tensor:
        """Leave classes and probabilities as they are."""
        return values

    def to_mean(self, values: Tensor) -> Tensor:
        """Probabilities are averaged."""
        return values.float()

    def from_mean(self, mean: Tensor) -> Tensor:
        """The mean is a probability."""
        return mean

    def decide(
        self,
        probability_bchw: Float[Tensor, "b c h w"],
        thresholds: float | Sequence[float] | None = None,
        factors: Sequence[float] | None = None,
    ) -> UInt8[Tensor, "b h w"]:
        """Choose a class per pixel.

        Args:
            probability_bchw: float, one plane per class.
            thresholds: None takes the most probable class. Otherwise one per class from 1 on (a single number holds
                for all): among the classes that reach theirs, the one that exceeds it most; class 0 where none does.
            factors: one per class by which probabilities are multiplied before the greatest is taken; not together
                with thresholds.

        Returns:
            uint8 class numbers.

        Edges: ties go to the lower class number; a probability equal to its threshold reaches it; pixels with
            a NaN probability become `IGNORE`.
        """
        missing = probability_bchw.isnan().any(dim=1)
        if thresholds is not None:
            margin = probability_bchw[:, 1:] - self._limits(thresholds, probability_bchw)
            best, chosen = margin.max(dim=1)
            chosen = torch.where(best >= 0, chosen + 1, 0)
        elif factors is not None:
            chosen = (probability_bchw * self._factors(factors, probability_bchw)).argmax(dim=1)
        elif self.n_classes == 2:  # a comparison instead of 8 bytes a pixel
            chosen = probability_bchw[:, 1] > probability_bchw[:, 0]
        else:
            chosen = probability_bchw.argmax(dim=1)
        return chosen.to(torch.uint8).masked_fill_(missing, IGNORE)

    def _factors(self, factors: Sequence[float], like: Tensor) -> Tensor:
        """Spread the factors over the classes: (C, 1, 1)."""
        if len(factors) != self.n_classes:
            raise UsageError(
                f"expected {self.n_classes} factors, one per class; got {len(factors)}"
            )
        return torch.tensor(factors, dtype=like.dtype, device=like.device).reshape(-1, 1, 1)

    def _limits(self, thresholds: float | Sequence[float], like: Tensor) -> Tensor:
        """Spread the thresholds over the classes but 0: (C-1, 1, 1)."""
        count = self.n_classes - 1
        values = [thresholds] * count if isinstance(thresholds, float | int) else list(thresholds)
        if len(values) != count:
            raise UsageError(
                f"expected {count} thresholds, one per class but the first; got {len(values)}"
            )
        return torch.tensor(values, dtype=like.dtype, device=like.device).reshape(-1, 1, 1)


def split_twin(logits_bkhw: Tensor, n_classes: int) -> tuple[Tensor, Tensor]:
    """Split the logits of a twin mask.

    Args:
        logits_bkhw: (b, `n_logits`, h, w).
        n_classes: number of classes, background included.

    Returns:
        The first n_classes, whose softmax is a probability, and the rest, whose sigmoid is one: a logit for each class,
        but of two classes only that of class 1.

    Source: the two heads of EfficientFPN (third place of the Open Cities AI Challenge, 2020): its softmax learnt by the
        focal loss, its sigmoid by Dice, and both averaged.
    """
    return logits_bkhw[:, :n_classes], logits_bkhw[:, n_classes:]
