"""Torchvision's Swin Transformer V2 as an encoder: its maps at strides 4, 8, 16 and 32."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal

import segmentation_models_pytorch as smp
from jaxtyping import Float
from torch import Tensor, nn
from torchvision.models.swin_transformer import (
    PatchMergingV2,
    SwinTransformer,
    SwinTransformerBlockV2,
)

Maps = Literal["stages", "merges"]
"""Which maps are read: what each stage gives, or what it gets."""

_READ: dict[Maps, tuple[int, ...]] = {"stages": (1, 3, 5, 7), "merges": (0, 2, 4, 6)}
"""Positions among torchvision's `features`: embedding, then stages and patch mergings by turns."""


@dataclass(frozen=True, slots=True)
class SwinSize:
    """How large a Swin V2 is.

    Attributes:
        width: of the first stage; each following one is twice as wide.
        depths: blocks of each stage.
        heads: of each stage's attention.
        window: side of the attention's windows, in pixels of the stage.
    """

    width: int
    depths: tuple[int, int, int, int]
    heads: tuple[int, int, int, int]
    window: int = 8


SWINS: dict[str, SwinSize] = {
    "swin_v2_t": SwinSize(96, (2, 2, 6, 2), (3, 6, 12, 24)),
    "swin_v2_s": SwinSize(96, (2, 2, 18, 2), (3, 6, 12, 24)),
    "swin_v2_b": SwinSize(128, (2, 2, 18, 2), (4, 8, 16, 32)),
}
"""Swin V2 by its torchvision name."""


class SwinEncoder(nn.Module):
    """Swin V2 without its classifier, in the form of segmentation_models_pytorch's encoders.

    Its weights have torchvision's keys (`features.0.0.weight`, …). Any side is allowed that is a multiple of 32:
    torchvision pads a stage to whole windows, and the bias of relative positions depends on the window alone.

    Args:
        size: of the network.
        in_channels: channels of the input.
        depth: levels, the input and stride 2 (which has no planes) among them: stages plus 1.
        drop_path: share of residual paths dropped at the last block while training, rising from 0 at the first.
        maps: which maps are read. For `merges` the first one is the embedding before its norm, as published.

    Source: Liu et al. 2022, Swin Transformer V2, arXiv:2111.09883. Maps: `stages` as SatlasPretrain reads them,
        `merges` as the seed of the land-cover system did (its nodes features.0.0, .2, .4 and .6).
    """

    def __init__(
        self,
        size: SwinSize,
        in_channels: int,
        depth: int = 5,
        drop_path: float = 0.0,
        maps: Maps = "stages",
    ) -> None:
        super().__init__()
        whole = SwinTransformer(
            patch_size=[4, 4],
            embed_dim=size.width,
            depths=list(size.depths),
            num_heads=list(size.heads),
            window_size=[size.window, size.window],
            stochastic_depth_prob=drop_path,
            num_classes=1,
            block=SwinTransformerBlockV2,
            downsample_layer=PatchMergingV2,
        )
        self._read, n_stages = _READ[maps][: depth - 1], depth - 1
        self.features = whole.features[: self._read[-1] + 1]
        if in_channels != 3:
            self.features[0][0] = nn.Conv2d(in_channels, size.width, 4, stride=4)
        widths = [size.width * 2**n for n in range(n_stages)]
        self.out_channels = [in_channels, 0, *widths]
        self.output_stride = 2**depth

    def forward(self, x: Float[Tensor, "b c h w"]) -> list[Tensor]:
        """Return the input, an empty map at stride 2, and the maps, fine to coarse, as (b, c, h, w)."""
        b, _, h, w = x.shape
        maps = [x, x.new_empty((b, 0, h // 2, w // 2))]
        convolve, *to_last_axis = self.features[0]
        x = convolve(x)
        if 0 in self._read:
            maps.append(x)
        for layer in to_last_axis:
            x = layer(x)
        for number, layer in enumerate(self.features[1:], start=1):
            x = layer(x)
            if number in self._read:
                maps.append(x.permute(0, 3, 1, 2).contiguous())
        return maps

    def set_in_channels(self, in_channels: int, pretrained: bool = False) -> None:
        """Do nothing: the stem is built for its channels."""


@contextmanager
def known_to_smp(name: str, in_channels: int, drop_path: float, maps: Maps) -> Iterator[str]:
    """Let segmentation_models_pytorch build one Swin V2, under the name that this gives.

    Its table of encoders is the way that it documents for networks of others; the entry goes away at the end.
    """
    build = partial(
        SwinEncoder, SWINS[name], in_channels=in_channels, drop_path=drop_path, maps=maps
    )
    key = f"torchvision-{name}-{id(build)}"
    smp.encoders.encoders[key] = {
        "encoder": lambda depth, output_stride: build(depth=depth),
        "params": {},
    }
    try:
        yield key
    finally:
        del smp.encoders.encoders[key]
