"""Displacement of a pixel by its height, in pixels of the image: it grows as the image is magnified."""

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
class Magnitude:
    """How many pixels each pixel lies from its place on the ground: height times flow scale.

    Attributes:
        activation: how a network's output becomes a magnitude.
        typical: the value for which an activated output of 1 stands.
    """

    kind: ClassVar[str] = "magnitude"
    unit: ClassVar[str] = "px"
    extent: ClassVar[Extent] = "dense"
    n_outputs: ClassVar[int] = 1
    resampling: ClassVar[Resampling] = "bilinear"
    fill: ClassVar[float] = torch.nan
    activation: Activation = "relu"
    typical: float = 1.0

    def value(self, raw: Tensor) -> Tensor:
        """Turn outputs into pixels, float32."""
        return activate(raw, self.activation, self.typical)

    def transform(self, values: Tensor, element: d4.Element) -> Tensor:
        """Turn or mirror (..., h, w): no element of D4 stretches."""
        return d4.apply(element, values)

    def moved(self, values: Tensor, motion: Motion, direction_b2: Tensor | None = None) -> Tensor:
        """Multiply by how much the map stretches the displacement's direction.

        Formula: m_out = m_in |A d|, d the direction of displacement; under a similarity m_in times the zoom.
        """
        stretch = motion.stretch_b(direction_b2).to(values)
        return values * stretch.reshape(-1, *(1,) * (values.ndim - 1))

    def to_mean(self, values: Tensor) -> Tensor:
        """Magnitudes are averaged in pixels."""
        return values.float()

    def from_mean(self, mean: Tensor) -> Tensor:
        """The mean is a magnitude."""
        return mean
