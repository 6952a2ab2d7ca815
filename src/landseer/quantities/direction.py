"""Direction of displacement: one unit vector an image, which turns and mirrors with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from landseer.quantities.d4 import Element
from landseer.quantities.motion import Motion
from landseer.quantities.quantity import Extent, Resampling


@dataclass(frozen=True, slots=True)
class Direction:
    """The unit vector (dx, dy) from where a raised thing is seen to its place on the ground; x right, y down.

    Angles: 0 is image down, growing counter-clockwise on screen: (dx, dy) = (sin, cos). Directions are never averaged
    as angles.
    """

    kind: ClassVar[str] = "direction"
    unit: ClassVar[str] = ""
    extent: ClassVar[Extent] = "image"
    n_outputs: ClassVar[int] = 2
    resampling: ClassVar[Resampling] = "nearest"
    fill: ClassVar[float] = torch.nan

    def value(self, raw: Tensor) -> Tensor:
        """Return the vectors as they are, float32: their length is the losses' affair until they are averaged."""
        return raw.float()

    def transform(self, values: Tensor, element: Element) -> Tensor:
        """Turn or mirror (b, 2) vectors with the image."""
        return Motion.element(element, len(values), values.device).vectors(values)

    def moved(self, values: Tensor, motion: Motion, direction_b2: Tensor | None = None) -> Tensor:
        """Carry vectors (b, 2) along and give them their length back.

        Formula: d_out = A d_in |d_in| / |A d_in|.

        Edges: a vector of no length stays one; an unknown one stays unknown.
        """
        carried = functional.normalize(motion.vectors(values), dim=1)
        return carried * values.norm(dim=1, keepdim=True)

    def to_mean(self, values: Tensor) -> Tensor:
        """Unit vectors are averaged."""
        return functional.normalize(values.float(), dim=1)

    def from_mean(self, mean: Tensor) -> Tensor:
        """The mean's direction, as a unit vector.

        Edges: directions that cancel out give (0, 0).
        """
        return functional.normalize(mean, dim=1)


def to_vector(angle_b: Tensor) -> Tensor:
    """Turn angles in radians into (b, 2) unit vectors (dx, dy) = (sin, cos)."""
    return torch.stack([angle_b.sin(), angle_b.cos()], dim=-1)


def to_angle(vector_b2: Tensor) -> Tensor:
    """Turn vectors (dx, dy) into angles in [0, 2 pi): atan2(dx, dy)."""
    angle = torch.atan2(vector_b2[..., 0], vector_b2[..., 1])
    return torch.remainder(angle, 2 * torch.pi)
