"""What every quantity knows: its unit, its laws under maps of the image, and how predictions of it are averaged."""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol, runtime_checkable

from torch import Tensor

from landseer.quantities.d4 import Element
from landseer.quantities.motion import Motion

Extent = Literal["dense", "image"]
"""Whether there is a value at each pixel, or one (a number or a vector) for the whole image."""

Resampling = Literal["nearest", "bilinear"]
"""How a dense target is read between its pixels."""


@runtime_checkable
class Quantity(Protocol):
    """A thing predicted per pixel or per image.

    Shapes. Outputs of a network and values: (b, n_outputs, h, w) where dense, (b, n_outputs) per image; outputs of a
    network have `n_planes` where a value is made of more (`twin` masks). Targets: (b, h, w) where dense with one plane,
    else as values; (b,) or (b, n) per image.

    Attributes:
        kind: its recipe name.
        unit: `m`, `px`, `px/m`, `m/px`, or empty.
        extent: dense or per image.
        n_outputs: planes or numbers that a network gives.
        resampling: how its dense targets are read between pixels.
        fill: what a dense target is where nothing is known (255 for class numbers, else NaN).
    """

    kind: ClassVar[str]

    @property
    def unit(self) -> str:
        """What values are measured in."""
        ...

    @property
    def extent(self) -> Extent:
        """Dense or per image."""
        ...

    @property
    def n_outputs(self) -> int:
        """How many planes or numbers a network gives."""
        ...

    @property
    def resampling(self) -> Resampling:
        """How dense targets are read between pixels."""
        ...

    @property
    def fill(self) -> float:
        """What a dense target is where nothing is known."""
        ...

    def value(self, raw: Tensor) -> Tensor:
        """Turn a network's output into values in the quantity's unit, float32."""
        ...

    def transform(self, values: Tensor, element: Element) -> Tensor:
        """Turn or mirror targets or values: the places of pixels, and what the values themselves mean."""
        ...

    def moved(self, values: Tensor, motion: Motion, direction_b2: Tensor | None = None) -> Tensor:
        """Follow an affine map: what targets or values become once their pixels are where the map puts them.

        Args:
            values: targets or values whose pixels lie in the output image already (per image: as they were).
            motion: from the input image to the output image, one per sample.
            direction_b2: (b, 2) displacement direction (dx, dy) in the INPUT image, where it is known.
        """
        ...

    def to_mean(self, values: Tensor) -> Tensor:
        """Return what is added up when several predictions are averaged."""
        ...

    def from_mean(self, mean: Tensor) -> Tensor:
        """Return values again from a weighted mean of `to_mean`."""
        ...


def n_planes(quantity: Quantity) -> int:
    """Return how many planes or numbers a network must give: as many as a value has, unless the quantity says more."""
    return int(getattr(quantity, "n_logits", quantity.n_outputs))
