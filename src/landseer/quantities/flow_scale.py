"""Flow scale: pixels of displacement per metre of height; it grows as the image is magnified."""

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
class FlowScale:
    """Pixels per metre of height, one number an image.

    Attributes:
        activation: how a network's output becomes a scale.
        typical: the value for which an activated output of 1 stands.
    """

    kind: ClassVar[str] = "flow_scale"
    unit: ClassVar[str] = "px/m"
    extent: ClassVar[Extent] = "image"
    n_outputs: ClassVar[int] = 1
    resampling: ClassVar[Resampling] = "nearest"
    fill: ClassVar[float] = torch.nan
    activation: Activation = "relu"
    typical: float = 1.0

    def value(self, raw: Tensor) -> Tensor:
        """Turn outputs into pixels per metre, float32."""
        return activate(raw, self.activation, self.typical)

    def transform(self, values: Tensor, element: Element) -> Tensor:
        """Leave scales as they are: no element of D4 stretches."""
        return values

    def moved(self, values: Tensor, motion: Motion, direction_b2: Tensor | None = None) -> Tensor:
        """Multiply by how much the map stretches the displacement's direction.

        Formula: s_out = s_in |A d|; under a similarity s_in times the zoom (published code divides by it).
        """
        stretch = motion.stretch_b(direction_b2).to(values)
        return values * stretch.reshape(-1, *(1,) * (values.ndim - 1))

    def to_mean(self, values: Tensor) -> Tensor:
        """Scales are averaged in pixels per metre."""
        return values.float()

    def from_mean(self, mean: Tensor) -> Tensor:
        """The mean is a scale."""
        return mean
