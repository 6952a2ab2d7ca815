"""What the heads of a network share: the features they read, and the answers of those before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from landseer.errors import UsageError


@dataclass(frozen=True, slots=True)
class Shared:
    """What a head may read.

    Attributes:
        decoded: (b, c, h', w') the decoder's output at its own stride.
        features: the encoder's maps, fine to coarse.
        size: height and width of the network's input.
        gsd_m: (b,) metres per pixel of that input; None: nobody said.
        outputs: raw outputs by target name, of the heads that have answered.
        upsampled: features at full resolution by target name, of `upsample` heads that have answered.
    """

    decoded: Tensor
    features: Sequence[Tensor]
    size: tuple[int, int]
    gsd_m: Tensor | None = None
    outputs: dict[str, Tensor] = field(default_factory=dict)
    upsampled: dict[str, Tensor] = field(default_factory=dict)

    def log_gsd(self) -> Tensor:
        """Return the natural logarithm of the ground sample distance in metres: (b, 1) float32.

        Raises:
            UsageError: nobody said the distance, or not once per image.

        Edges: NaN stays NaN: an image of unknown distance gets no answer from heads that read it.
        """
        n = len(self.decoded)
        if self.gsd_m is None or self.gsd_m.shape != (n,):
            came = "none" if self.gsd_m is None else f"shape {tuple(self.gsd_m.shape)}"
            raise UsageError(
                f"expected a ground sample distance for each of {n} images, which a head reads; got {came}",
                where="gsd_m of the network",
                do="give the distances, or train with gsd_cue: false",
            )
        return self.gsd_m.to(self.decoded.device, torch.float32).log()[:, None]

    def with_gsd(self, x_bchw: Tensor) -> Tensor:
        """Return a map with `log_gsd` as its last plane."""
        plane = self.log_gsd()[:, :, None, None].to(x_bchw.dtype)
        return torch.cat([x_bchw, plane.expand(-1, 1, *x_bchw.shape[-2:])], dim=1)
