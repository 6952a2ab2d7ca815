"""Numbers of a whole image: flow scale, ground sample distance, presence of classes, or any with a unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from landseer.quantities.activation import Activation, activate
from landseer.quantities.d4 import Element
from landseer.quantities.motion import Motion
from landseer.quantities.quantity import Extent, Resampling


@dataclass(frozen=True, slots=True)
class ImageValue:
    """One number an image which no map of it changes: a count per area, a temperature, …

    Attributes:
        unit: what it is measured in.
        activation: how a network's output becomes a value.
        typical: the value for which an activated output of 1 stands.
    """

    kind: ClassVar[str] = "image_value"
    extent: ClassVar[Extent] = "image"
    n_outputs: ClassVar[int] = 1
    resampling: ClassVar[Resampling] = "nearest"
    fill: ClassVar[float] = torch.nan
    unit: str = ""
    activation: Activation = "none"
    typical: float = 1.0

    def value(self, raw: Tensor) -> Tensor:
        """Turn outputs into values, float32."""
        return activate(raw, self.activation, self.typical)

    def transform(self, values: Tensor, element: Element) -> Tensor:
        """Leave values as they are."""
        return values

    def moved(self, values: Tensor, motion: Motion, direction_b2: Tensor | None = None) -> Tensor:
        """Leave values as they are."""
        return values

    def to_mean(self, values: Tensor) -> Tensor:
        """Values are averaged as they are."""
        return values.float()

    def from_mean(self, mean: Tensor) -> Tensor:
        """The mean is a value."""
        return mean
