"""Ground sample distance: metres of ground per pixel; it shrinks as the image is magnified."""

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
class Gsd:
    """Metres per pixel, one number an image: the side of a square as large as the ground of a pixel.

    Attributes:
        activation: how a network's output becomes a distance.
        typical: the value for which an activated output of 1 stands.
    """

    kind: ClassVar[str] = "gsd"
    unit: ClassVar[str] = "m/px"
    extent: ClassVar[Extent] = "image"
    n_outputs: ClassVar[int] = 1
    resampling: ClassVar[Resampling] = "nearest"
    fill: ClassVar[float] = torch.nan
    activation: Activation = "softplus"
    typical: float = 1.0

    def value(self, raw: Tensor) -> Tensor:
        """Turn outputs into metres per pixel, float32."""
        return activate(raw, self.activation, self.typical)

    def transform(self, values: Tensor, element: Element) -> Tensor:
        """Leave distances as they are: no element of D4 stretches."""
        return values

    def moved(self, values: Tensor, motion: Motion, direction_b2: Tensor | None = None) -> Tensor:
        """Divide by the zoom.

        Formula: g_out = g_in / sqrt(|det A|): exact where all directions are stretched alike, else the side of the
        square of equal area (published code multiplies instead).
        """
        zoom = motion.zoom_b.to(values)
        return values / zoom.reshape(-1, *(1,) * (values.ndim - 1))

    def to_mean(self, values: Tensor) -> Tensor:
        """Distances are averaged in metres per pixel."""
        return values.float()

    def from_mean(self, mean: Tensor) -> Tensor:
        """The mean is a distance."""
        return mean
