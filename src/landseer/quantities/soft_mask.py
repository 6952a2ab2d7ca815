"""The soft mask: a probability per class and pixel as reference, such as another model's prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

import landseer.quantities.d4 as d4
from landseer.quantities.motion import Motion
from landseer.quantities.quantity import Extent, Resampling


@dataclass(frozen=True, slots=True)
class SoftMask:
    """Probabilities of classes that exclude each other; targets are (b, n_classes, h, w), NaN where unknown.

    Attributes:
        n_classes: number of classes, background included.
    """

    kind: ClassVar[str] = "soft_mask"
    unit: ClassVar[str] = ""
    extent: ClassVar[Extent] = "dense"
    resampling: ClassVar[Resampling] = "bilinear"
    fill: ClassVar[float] = torch.nan
    n_classes: int = 2

    @property
    def n_outputs(self) -> int:
        """One plane a class."""
        return self.n_classes

    def value(self, raw: Tensor) -> Tensor:
        """Turn logits into probabilities, float32."""
        return raw.float().softmax(dim=1)

    def transform(self, values: Tensor, element: d4.Element) -> Tensor:
        """Turn or mirror (..., h, w)."""
        return d4.apply(element, values)

    def moved(self, values: Tensor, motion: Motion, direction_b2: Tensor | None = None) -> Tensor:
        """Leave probabilities as they are."""
        return values

    def to_mean(self, values: Tensor) -> Tensor:
        """Probabilities are averaged."""
        return values.float()

    def from_mean(self, mean: Tensor) -> Tensor:
        """The mean is a probability."""
        return mean
