"""A feature pyramid whose levels are joined at stride 4 and then looked at in their surroundings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from segmentation_models_pytorch.base import SegmentationHead, SegmentationModel
from segmentation_models_pytorch.encoders import get_encoder
from torch import Tensor, nn
from torch.nn import functional

from landseer.models.aspp import Aspp, MakeLayer
from landseer.models.context_block import GlobalContext
from landseer.models.decoders_config import ContextFpnOptions

_GROUPS = 32
_ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "mish": nn.Mish}
"""Activations by their recipe name; Mish: Misra 2019, arXiv:1908.08681."""


class ContextFpn(SegmentationModel):
    """Encoder, decoder and a plain head of one pixel, in the form of segmentation_models_pytorch.

    Args:
        encoder_name: as segmentation_models_pytorch names it.
        encoder_depth: levels of the encoder.
        encoder_weights: whether the encoder's library loads weights; None: it does not.
        decoder_channels: width of each level.
        in_channels: channels of the input.
        classes: planes of the output.
        options: the decoder's own settings.
        encoder: further settings of the encoder.

    Source: EfficientFPN of the third place of the Open Cities AI Challenge (2020). Its deepest level was EfficientNet's
        last convolution of 1280 planes; here it is the deepest map of any encoder.
    """

    requires_divisible_input_shape = False

    def __init__(
        self,
        encoder_name: str,
        encoder_depth: int,
        encoder_weights: bool | None,
        in_channels: int,
        classes: int,
        decoder_channels: int = 64,
        options: ContextFpnOptions | None = None,
        **encoder: Any,
    ) -> None:
        super().__init__()
        self.encoder = get_encoder(
            encoder_name,
            in_channels=in_channels,
            depth=encoder_depth,
            weights=encoder_weights,
            **encoder,
        )
        options = options or ContextFpnOptions()
        self.decoder = ContextFpnDecoder(self.encoder.out_channels, decoder_channels, options)
        self.segmentation_head = SegmentationHead(
            decoder_channels, classes, kernel_size=1, upsampling=4
        )
        self.classification_head = None
        self.initialize()
        if isinstance(self.decoder.context, GlobalContext):
            self.decoder.context.start_silent()


class ContextFpnDecoder(nn.Module):
    """Add the levels from the top down, bring three of them to stride 4, join them and look around.

    Args:
        encoder_channels: widths of the encoder's features, fine to coarse; the last four are used.
        width: of each level and of the output.
        options: its settings.
    """

    def __init__(
        self, encoder_channels: Sequence[int], width: int, options: ContextFpnOptions
    ) -> None:
        super().__init__()
        before = _after("batch" if options.norm == "batch" else "group", options.activation)
        after = _after("group" if options.norm == "group" else "batch", options.activation)
        joined = 3 * width
        self.laterals = nn.ModuleList([nn.Conv2d(n, width, 1) for n in encoder_channels[-4:]])
        self.rise = nn.ModuleList([_rise(width, count, before) for count in (0, 1, 2)])
        self.dropout = nn.Dropout(options.dropout)
        self.context = (
            GlobalContext(joined, max(1, width // 8)) if options.context else nn.Identity()
        )
        self.aspp = (
            Aspp(joined, options.aspp_rates, after, options.aspp_dropout)
            if options.aspp_rates
            else nn.Identity()
        )
        self.last = nn.Sequential(nn.Conv2d(joined, width, 3, padding=1, bias=False), after(width))
        self.gate = nn.Conv2d(width, width, 1, bias=False) if options.gate else None

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Return the joined levels at stride 4."""
        levels = self._levels(features[-4:])
        joined = torch.cat([r(x) for r, x in zip(self.rise, levels, strict=True)], dim=1)
        x = self.last(self.aspp(self.context(self.dropout(joined))))
        return x if self.gate is None else x * torch.tanh(self.gate(x))

    def _levels(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Return the levels at strides 4, 8 and 16, each with what is above it."""
        fine_to_coarse = [m(x) for m, x in zip(self.laterals, features, strict=True)]
        levels = [fine_to_coarse.pop()]
        for lateral in reversed(fine_to_coarse):
            levels.append(lateral + functional.interpolate(levels[-1], scale_factor=2.0))
        return levels[:0:-1]


def _after(norm: str, activation: str) -> MakeLayer:
    """Return what makes a norm and an activation for a number of planes."""

    def make(width: int) -> nn.Module:
        """Make them."""
        layer = (
            nn.BatchNorm2d(width)
            if norm == "batch"
            else nn.GroupNorm(math.gcd(_GROUPS, width), width)
        )
        return nn.Sequential(layer, _ACTIVATIONS[activation]())

    return make


def _rise(width: int, count: int, after: MakeLayer) -> nn.Module:
    """Build so many doublings; none is a convolution alone."""
    if count == 0:
        return nn.Conv2d(width, width, 3, padding=1)
    steps = [
        nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            after(width),
            nn.Upsample(scale_factor=2, mode="bilinear"),
        )
        for _ in range(count)
    ]
    return nn.Sequential(*steps)
