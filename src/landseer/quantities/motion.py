"""A motion: what a geometric map of an image does to small offsets in it, for each sample of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from landseer.errors import UsageError
from landseer.quantities.d4 import Element, Linear, element_matrix

_SIMILAR = 1e-5


@dataclass(frozen=True, slots=True)
class Motion:
    """The linear part of the map from an input image to an output image.

    Attributes:
        forward_b22: (b, 2, 2) float; takes offsets (row, col) in the input to offsets in the output. Where an
            image stands still it is the identity; where it is magnified by z it is z times a turn or a mirror.
    """

    forward_b22: Float[Tensor, "b 2 2"]

    @classmethod
    def backward(cls, linears: Sequence[Linear], device: torch.device | str = "cpu") -> Motion:
        """Make the motions whose maps from output offsets to input offsets these are, as resampling has them."""
        table = torch.tensor(linears, dtype=torch.float64).reshape(-1, 2, 2)
        return cls(torch.linalg.inv(table).float().to(device))

    @classmethod
    def element(
        cls, element: Element, count: int = 1, device: torch.device | str = "cpu"
    ) -> Motion:
        """Make the motion of one of the eight elements of D4, for `count` samples."""
        return cls.backward([element_matrix(element)] * count, device)

    @classmethod
    def zoomed(cls, zoom: float, count: int = 1, device: torch.device | str = "cpu") -> Motion:
        """Make the motion of a magnification: above 1 objects grow."""
        return cls(zoom * torch.eye(2, device=device).expand(count, 2, 2))

    def __len__(self) -> int:
        return len(self.forward_b22)

    @property
    def inverse(self) -> Motion:
        """The motion that undoes this one."""
        return Motion(torch.linalg.inv(self.forward_b22))

    def then(self, following: Motion) -> Motion:
        """Return the motion that does this one first, then the other."""
        return Motion(following.forward_b22 @ self.forward_b22)

    @property
    def zoom_b(self) -> Float[Tensor, " b"]:
        """Magnification: the square root of how much areas grow."""
        return torch.linalg.det(self.forward_b22).abs().sqrt()

    @property
    def is_similar_b(self) -> Tensor:
        """(b,) bool: whether all directions are stretched alike (turn, mirror and zoom, no shear)."""
        product = self.forward_b22 @ self.forward_b22.mT
        like = self.zoom_b[:, None, None].square() * torch.eye(2, device=product.device)
        return ((product - like).abs() <= _SIMILAR * like.amax((1, 2), keepdim=True)).all((1, 2))

    def vectors(self, vectors_b2: Float[Tensor, "b 2"]) -> Float[Tensor, "b 2"]:
        """Carry vectors (dx, dy), x to the right and y down, from the input to the output.

        Formula: d_out = A d_in, A on (row, col) = (dy, dx).
        """
        return torch.einsum("bij,bj->bi", self.forward_b22.to(vectors_b2), vectors_b2.flip(1)).flip(
            1
        )

    def stretch_b(self, direction_b2: Tensor | None = None) -> Float[Tensor, " b"]:
        """Return how much longer a step into each sample's direction becomes.

        Args:
            direction_b2: (b, 2) vectors (dx, dy) of any length, NaN where unknown; None where none is known.

        Returns:
            |A d| / |d|. Similarities stretch all directions alike, so that none need be known: it is the zoom.

        Raises:
            UsageError: no direction is given, and a map is not a similarity.

        Edges: an unknown direction under a map that is not a similarity gives NaN.
        """
        similar = self.is_similar_b
        if direction_b2 is None:
            if not bool(similar.all()):
                raise UsageError(
                    "expected a direction, for the map stretches some directions more than others; got none",
                    do="predict the direction too, or augment by turns, mirrors and zooms alone",
                )
            return self.zoom_b
        length = direction_b2.norm(dim=1)
        return torch.where(
            similar, self.zoom_b, self.vectors(direction_b2).norm(dim=1) / length
        ).to(self.forward_b22.dtype)
