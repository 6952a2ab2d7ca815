"""Presence: the probability that each class occurs anywhere in the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from landseer.quantities.d4 import Element
from landseer.quantities.motion import Motion
from landseer.quantities.quantity import Extent, Resampling


@dataclass(frozen=True, slots=True)
class Presence:
    """One probability an image and class, each judged alone.

    A crop or a zoom can lose the only pixel of a class, so that no law says what presence becomes: where it comes
    from a mask it is read anew from the moved mask (`of_mask`).

    Attributes:
        n_classes: how many classes are asked for.
    """

    kind: ClassVar[str] = "presence"
    unit: ClassVar[str] = ""
    extent: ClassVar[Extent] = "image"
    resampling: ClassVar[Resampling] = "nearest"
    fill: ClassVar[float] = torch.nan
    n_classes: int = 1

    @property
    def n_outputs(self) -> int:
        """One number a class."""
        return self.n_classes

    def value(self, raw: Tensor) -> Tensor:
        """Turn outputs into probabilities, float32."""
        return raw.float().sigmoid()

    def transform(self, values: Tensor, element: Element) -> Tensor:
        """Leave presence as it is: turning an image loses nothing."""
        return values

    def moved(self, values: Tensor, motion: Motion, direction_b2: Tensor | None = None) -> Tensor:
        """Leave presence as it is, which holds as long as the map keeps the whole image."""
        return values

    def to_mean(self, values: Tensor) -> Tensor:
        """Probabilities are averaged."""
        return values.float()

    def from_mean(self, mean: Tensor) -> Tensor:
        """The mean is a probability."""
        return mean


def of_mask(mask_bhw: Tensor, classes: tuple[int, ...], ignore: int = 255) -> Tensor:
    """Return (b, n) whether each class occurs in a mask, NaN where nothing of the mask is known."""
    found = torch.stack([(mask_bhw == number).flatten(1).any(1) for number in classes], dim=1)
    known = (mask_bhw != ignore).flatten(1).any(1)
    return found.float().masked_fill(~known[:, None], torch.nan)
