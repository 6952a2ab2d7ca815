"""The decoders, most of them of segmentation_models_pytorch, and what each of them needs to be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import segmentation_models_pytorch as smp
import timm
import torch

from landseer.errors import UsageError
from landseer.models.config import ModelConfig
from landseer.models.context_fpn import ContextFpn
from landseer.models.encoders import split_name
from landseer.models.pyramid import Pyramid
from landseer.models.residual_unet import ResidualUnet

_UNET_WIDTHS = (256, 128, 64, 32, 16)
_PUBLISHED_PYRAMID = 128  # width of the pyramids in checkpoints of Satlas


@dataclass(frozen=True, slots=True)
class Decoder:
    """One decoder: how to build it and which settings it has.

    Attributes:
        build: class in the form of segmentation_models_pytorch; only its encoder, decoder and head are used.
        width: its keyword for `decoder_channels`; "" where the width cannot be chosen.
        per_level: whether it takes one width per level instead of a single one.
        widths: its own widths, where it takes one per level; the first few of them when there are fewer levels.
        left_out: how many levels, the finest, can be without a width, the default first.
        attention: whether it can have squeeze and excitation.
        depths: how many levels of the encoder it can use, the default first.
        stride: the side of an input must be a multiple of this; None: 2 ** depth.
        minimum_px: least side of an input.
        has_options: whether the recipe has a key of the decoder's name under `model`, with settings of its own.
    """

    build: type[smp.base.SegmentationModel]
    width: str = "decoder_channels"
    per_level: bool = False
    widths: tuple[int, ...] = _UNET_WIDTHS
    left_out: tuple[int, ...] = (0,)
    attention: bool = False
    depths: tuple[int, ...] = (5, 4, 3)
    stride: int | None = None
    minimum_px: int = 1
    has_options: bool = False


_ANY_DEPTH = (5, 4, 3, 2)

DECODERS: dict[str, Decoder] = {
    "unet": Decoder(smp.Unet, per_level=True, attention=True, depths=_ANY_DEPTH),
    "unetplusplus": Decoder(smp.UnetPlusPlus, per_level=True, attention=True, depths=_ANY_DEPTH),
    "manet": Decoder(smp.MAnet, per_level=True, depths=_ANY_DEPTH),
    "linknet": Decoder(smp.Linknet, width="", depths=_ANY_DEPTH),
    "fpn": Decoder(smp.FPN, width="decoder_pyramid_channels", depths=(5,)),
    "pspnet": Decoder(smp.PSPNet, width="psp_out_channels", depths=(3, 2, 4, 5)),
    "pan": Decoder(smp.PAN, stride=16, minimum_px=128),  # halves the features at 1/16 thrice more
    "deeplabv3": Decoder(smp.DeepLabV3, stride=8, depths=_ANY_DEPTH),
    "deeplabv3plus": Decoder(smp.DeepLabV3Plus, stride=16),
    "upernet": Decoder(smp.UPerNet),
    "segformer": Decoder(smp.Segformer, width="decoder_segmentation_channels"),
    "dpt": Decoder(smp.DPT, width="decoder_fusion_channels", depths=(4,), stride=32),
    "residual_unet": Decoder(
        ResidualUnet, per_level=True, widths=(512, 384, 256), left_out=(2, 1), depths=(5, 4, 3)
    ),
    "context_fpn": Decoder(ContextFpn, depths=(5,), has_options=True),
    "pyramid": Decoder(Pyramid, depths=(5,), has_options=True),
}
"""Every decoder by its recipe name."""


def decoder_settings(config: ModelConfig) -> dict[str, Any]:
    """Turn a configuration into the keywords of its decoder's class.

    Raises:
        UsageError: the decoder has no such setting, or not in this number.
    """
    depth = network_depth(config)
    settings: dict[str, Any] = {"encoder_depth": depth, **_widths(config, depth)}
    if config.decoder_attention is not None:
        settings["decoder_attention_type"] = _attention(config)
    settings |= _own_options(config)
    if config.decoder == "pspnet":
        settings["upsampling"] = 2**depth
    if config.decoder == "dpt":
        settings["decoder_readout"] = _readout(config.encoder)
        width = settings.get("decoder_fusion_channels", 256)
        settings["decoder_intermediate_channels"] = tuple(width * times for times in (1, 2, 4, 4))
    return settings


def _own_options(config: ModelConfig) -> dict[str, Any]:
    """Return the decoder's own settings, where it has any."""
    given = {n: getattr(config, n) for n, one in DECODERS.items() if one.has_options}
    foreign = [n for n, options in given.items() if options is not None and n != config.decoder]
    if foreign:
        raise UsageError(
            f"expected settings of {config.decoder} alone; got some of {', '.join(foreign)}",
            where=f"model.{foreign[0]}",
        )
    if config.pyramid is not None and config.pyramid.pretrained and config.weights == "none":
        raise UsageError(
            "expected weights, to take those of the pyramid out of them; got none",
            where="model.pyramid.pretrained",
        )
    options = given.get(config.decoder)
    settings: dict[str, Any] = {} if options is None else {"options": options}
    if config.pyramid is not None and config.pyramid.pretrained and not config.decoder_channels:
        settings["decoder_channels"] = _PUBLISHED_PYRAMID
    return settings


def network_depth(config: ModelConfig) -> int:
    """Return how many levels of the encoder are used.

    Raises:
        UsageError: the decoder cannot use that many.
    """
    depths = DECODERS[config.decoder].depths
    depth = depths[0] if config.depth is None else config.depth
    if depth not in depths:
        able = ", ".join(str(number) for number in sorted(depths))
        raise UsageError(
            f"expected a depth of {able} for {config.decoder}; got {depth}", where="model.depth"
        )
    return depth


def _widths(config: ModelConfig, depth: int) -> dict[str, Any]:
    """Return the keyword for the decoder's width, where one is asked for or needed."""
    decoder, widths = DECODERS[config.decoder], config.decoder_channels
    counts = (
        [depth - n for n in decoder.left_out] if decoder.per_level else [int(decoder.width != "")]
    )
    if widths is None:
        return {decoder.width: decoder.widths[: counts[0]]} if decoder.per_level else {}
    if len(widths) not in counts or min(widths, default=1) < 1:
        able = " or ".join(str(count) for count in counts)
        raise UsageError(
            f"expected {able} decoder_channels for {config.decoder} of depth {depth}; got {list(widths)}",
            where="model.decoder_channels",
        )
    return {decoder.width: widths if decoder.per_level else widths[0]}


def _attention(config: ModelConfig) -> str | None:
    """Return the kind of attention, where the decoder can have it."""
    if not DECODERS[config.decoder].attention:
        able = ", ".join(name for name, decoder in DECODERS.items() if decoder.attention)
        raise UsageError(
            f"expected decoder_attention only with {able}; got it with {config.decoder}",
            where="model.decoder_attention",
        )
    if min(config.decoder_channels or _UNET_WIDTHS) < 16:  # it squeezes sixteenfold
        raise UsageError(
            f"expected decoder_channels of 16 or more with scse; got {config.decoder_channels}",
            where="model.decoder_channels",
        )
    return config.decoder_attention


def _readout(encoder: str) -> str:
    """Choose what dpt does with class and register tokens: `cat` where there are any.

    Raises:
        UsageError: not a vision transformer, or its patches are no power of two (dpt rescales by halves).
    """
    with torch.device("meta"):
        model = timm.create_model(split_name(encoder)[0])
    patch = getattr(getattr(model, "patch_embed", None), "patch_size", (0,))[0]
    if patch not in (4, 8, 16, 32) or not hasattr(model, "num_prefix_tokens"):
        raise UsageError(
            "expected a vision transformer with patches of 8, 16 or 32 pixels for the decoder dpt; "
            f"got {encoder} with {patch or 'no patches'}",
            where="model.encoder",
            do="choose one such as vit_small_patch16_dinov3, or another decoder",
        )
    return "cat" if model.num_prefix_tokens else "ignore"


def stride_px(config: ModelConfig) -> int:
    """Return the side of a network's cells in pixels of the image: moved by whole cells, it says the same."""
    stride = DECODERS[config.decoder].stride or 2 ** network_depth(config)
    return max(1, round(stride / config.scale))
