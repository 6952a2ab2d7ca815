"""A plain number per pixel, with a unit of the user's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

import landseer.quantities.d4 as d4
from landseer.quantities.activation import Activation, activate
from landseer.quantities.motion import Motion
from landseer.quantities.quantity import Extent, Resampling


@dataclass(frozen=True, slots=True)
class DenseValue:
    """A number at each pixel which no map of the image changes: biomass, temperature, cover, …

    Attributes:
        unit: what it is measured in.
        activation: how a network's output becomes a value.
        typical: the value for which an activated output of 1 stands.
    """

    kind: ClassVar[str] = "dense_value"
    extent: ClassVar[Extent] = "dense"
    n_outputs: ClassVar[int] = 1
    resampling: ClassVar[Resampling] = "bilinear"
    fill: ClassVar[float] = torch.nan
    unit: str = ""
    activation: Activation = "none"
    typical: float = 1.0

    def value(self, raw: Tensor) -> Tensor:
        """Turn outputs into values, float32."""
        return activate(raw, self.activation, self.typical)

    def transform(self, values: Tensor, element: d4.Element) -> Tensor:
        """Turn or mirror (..., h, w)."""
        return d4.apply(element, values)

    def moved(self, values: Tensor, motion: Motion, direction_b2: Tensor | None = None) -> Tensor:
        """Leave values as they are."""
        return values

    def to_mean(self, values: Tensor) -> Tensor:
        """Values are averaged as they are."""
        return values.float()

    def from_mean(self, mean: Tensor) -> Tensor:
        """The mean is a value."""
        return mean
