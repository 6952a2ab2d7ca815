"""Height above ground: metres per pixel, which no turn, mirror or zoom of the image changes."""

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
class Height:
    """Metres above ground at each pixel.

    Attributes:
        activation: how a network's output becomes a height; `relu` never gives less than 0.
        typical: the value for which an activated output of 1 stands.
    """

    kind: ClassVar[str] = "height"
    unit: ClassVar[str] = "m"
    extent: ClassVar[Extent] = "dense"
    n_outputs: ClassVar[int] = 1
    resampling: ClassVar[Resampling] = "bilinear"
    fill: ClassVar[float] = torch.nan
    activation: Activation = "relu"
    typical: float = 1.0

    def value(self, raw: Tensor) -> Tensor:
        """Turn outputs into metres, float32."""
        return activate(raw, self.activation, self.typical)

    def transform(self, values: Tensor, element: d4.Element) -> Tensor:
        """Turn or mirror (..., h, w): a height goes with its pixel."""
        return d4.apply(element, values)

    def moved(self, values: Tensor, motion: Motion, direction_b2: Tensor | None = None) -> Tensor:
        """Leave heights as they are: they are metres of the world, not of the image."""
        return values

    def to_mean(self, values: Tensor) -> Tensor:
        """Heights are averaged in metres."""
        return values.float()

    def from_mean(self, mean: Tensor) -> Tensor:
        """The mean is a height."""
        return mean
