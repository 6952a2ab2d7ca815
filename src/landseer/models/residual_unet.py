"""A U-Net whose decoder upsamples by residual deconvolution, has residual blocks, and stops at stride 4 or 2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from segmentation_models_pytorch.base import SegmentationHead, SegmentationModel
from segmentation_models_pytorch.encoders import get_encoder
from torch import Tensor, nn

from landseer.models.upsampling import ResidualUpsample


class ResidualUnet(SegmentationModel):
    """Encoder, residual decoder and a plain head, in the form of segmentation_models_pytorch.

    Args:
        encoder_name: `tu-` and a timm name.
        encoder_depth: levels of the encoder that are used.
        encoder_weights: whether timm loads weights; None: it does not.
        decoder_channels: widths, the deepest level first; n of them end at stride 2 ** (encoder_depth - n).
        in_channels: channels of the input.
        classes: planes of the output.
        encoder: further settings of the encoder.

    Source: the decoder of model b6_rdtsc_unet of BloodAxe's solution of the Overhead Geopose Challenge (second place,
        2021): widths 512, 384, 256, from stride 32 to 4.
    """

    requires_divisible_input_shape = False

    def __init__(
        self,
        encoder_name: str,
        encoder_depth: int,
        encoder_weights: bool | None,
        decoder_channels: Sequence[int],
        in_channels: int,
        classes: int,
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
        self.decoder = ResidualUnetDecoder(self.encoder.out_channels, decoder_channels)
        self.segmentation_head = SegmentationHead(
            decoder_channels[-1],
            classes,
            kernel_size=3,
            upsampling=2 ** (encoder_depth - len(decoder_channels)),
        )
        self.classification_head = None
        self.initialize()


class ResidualUnetDecoder(nn.Module):
    """From the deepest features upwards: upsample, put the encoder's features beside, and convolve.

    Args:
        encoder_channels: widths of the encoder's features, fine to coarse, the input first.
        decoder_channels: widths of the levels, the deepest first; fewer than the encoder has.
    """

    def __init__(self, encoder_channels: Sequence[int], decoder_channels: Sequence[int]) -> None:
        super().__init__()
        below, *skips = list(encoder_channels[1:])[::-1]
        self.upsamples, self.blocks = nn.ModuleList(), nn.ModuleList()
        for skip, width in zip(skips, decoder_channels, strict=False):
            upsample = ResidualUpsample(below)
            self.upsamples.append(upsample)
            self.blocks.append(ResidualBlock(upsample.out_channels + skip, width))
            below = width

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Return the finest level."""
        x, *skips = list(features[1:])[::-1]
        for upsample, block, skip in zip(self.upsamples, self.blocks, skips, strict=False):
            x = block(torch.cat([upsample(x), skip], dim=1))
        return x


class ResidualBlock(nn.Module):
    """Two normalised convolutions beside a convolution of one pixel, added, then ReLU.

    Args:
        channels: width of the input.
        width: of the output.

    Source: He et al. 2016, Deep Residual Learning for Image Recognition, doi:10.1109/CVPR.2016.90.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )
        self.short = nn.Conv2d(channels, width, 1)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b o h w"]:
        """Keep height and width."""
        return (self.body(x) + self.short(x)).relu()
