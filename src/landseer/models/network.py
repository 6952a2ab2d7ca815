"""The network: encoder, decoder and a head for each target, from channels to outputs at full resolution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import timm
import torch
from jaxtyping import Float
from segmentation_models_pytorch.base import SegmentationModel
from torch import Tensor, nn

from landseer.core.seeds import derive
from landseer.errors import UsageError
from landseer.models.config import ModelConfig
from landseer.models.decoders import DECODERS, decoder_settings, network_depth
from landseer.models.encoders import check_encoder, split_name
from landseer.models.heads import Output, build_heads, check_outputs
from landseer.models.heads_config import Plain
from landseer.models.pretrained import fit_pretrained, fit_swin, with_stem_for
from landseer.models.published import pyramid_of
from landseer.models.satlas import satlas_of
from landseer.models.shared import Shared
from landseer.models.stem import RGB
from landseer.models.stem_activation import set_stem_activation
from landseer.models.swin import SWINS, SwinEncoder, known_to_smp
from landseer.models.trunk import trunk_of
from landseer.models.weights import find_weights
from landseer.quantities.quantity import n_planes

__all__ = ["ModelConfig", "Network", "Output", "build_network", "parameter_count"]


class Network(nn.Module):
    """Encoder, decoder and dropout, shared by one head for each target.

    A head that is alone is the submodule `head`, and so are its weights' keys; several are `head_NAME`.

    Args:
        parts: where encoder and decoder come from.
        heads: by target name, in the order in which they answer; all see what those before them gave.

    Attributes:
        targets: names of the outputs.
        stride: height and width of an input must be multiples of this many pixels.
        minimum_px: and at least this long.
    """

    def __init__(
        self,
        parts: SegmentationModel,
        heads: Mapping[str, nn.Module],
        *,
        stride: int,
        minimum_px: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.targets = tuple(heads)
        self.stride, self.minimum_px = stride, minimum_px
        self.encoder, self.decoder = parts.encoder, parts.decoder
        self.dropout = nn.Dropout2d(dropout)
        for name, head in heads.items():
            self.add_module("head" if len(heads) == 1 else f"head_{name}", head)

    def forward(
        self, z_bkhw: Float[Tensor, "b k h w"], gsd_m: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Compute raw outputs, which each target's quantity turns into values.

        Args:
            z_bkhw: normalised channels; h and w are multiples of `stride` and at least `minimum_px`.
            gsd_m: (b,) metres per pixel of this input; only heads with `gsd_cue` read it.

        Returns:
            By target name: (b, n, h, w) of the input's height and width, or (b, n) for quantities of whole images.

        Raises:
            UsageError: a head reads the ground sample distance and none was given.
        """
        features = self.encoder(z_bkhw)
        # vision transformers give feature maps and prefix tokens
        with_tokens = isinstance(features, tuple)
        decoded = self.decoder(*features) if with_tokens else self.decoder(features)
        maps = features[0] if with_tokens else features
        size = (z_bkhw.shape[-2], z_bkhw.shape[-1])
        shared = Shared(self.dropout(decoded), maps, size, gsd_m)
        for name in self.targets:
            shared.outputs[name] = self.head_of(name)(shared)
        return shared.outputs

    def head_of(self, name: str) -> nn.Module:
        """Return the head of a target."""
        return self.get_submodule("head" if len(self.targets) == 1 else f"head_{name}")


def build_network(
    config: ModelConfig,
    channels: Mapping[str, Sequence[str]],
    outputs: Mapping[str, Output],
    *,
    seed: int,
    pretrained: bool = True,
) -> Network:
    """Build a network and, where the configuration asks for it, load pretrained weights into its encoder.

    Args:
        config: recipe key `model`.
        channels: band codes by channel name, in channel order (`Preprocess.channel_codes`).
        outputs: quantity and head by target name.
        seed: seed of all that is drawn; the same seed gives the same network, and no global generator is touched.
            Encoder and decoder start the same whatever the heads are, but for a plain head that is alone, which
            is the decoder's own.
        pretrained: false skips pretrained weights, for networks whose own weights are loaded next.

    Returns:
        The network in training mode, in channels-last memory format.

    Raises:
        UsageError: no such encoder, decoder and encoder do not go together, or heads do not fit their quantities.
        WeightsError: pretrained weights cannot be found, fetched or fitted.
    """
    problem = check_encoder(config.encoder)
    if problem is not None:
        raise UsageError(problem, where="model.encoder", do="`timm.list_models()` lists them all")
    n_own = _n_own(outputs)
    state = find_weights(config.encoder, config.weights) if pretrained else None
    parts = _assemble(config, len(channels), n_own, seed)
    if state is not None:
        _fit(config, parts, state, channels, seed)
    if config.stem_activation is not None:
        set_stem_activation(parts.encoder, nn.Mish)
    return _with_heads(config, parts, outputs, seed).to(memory_format=torch.channels_last)


def _fit(
    config: ModelConfig,
    parts: SegmentationModel,
    state: Mapping[str, Tensor],
    channels: Mapping[str, Sequence[str]],
    seed: int,
) -> None:
    """Load pretrained weights into the encoder, and into a pyramid that asks for them."""
    known = satlas_of(config.weights)
    kernels = RGB if known is None else known.codes
    if isinstance(parts.encoder, SwinEncoder):
        fit_swin(parts.encoder, state, channels, config.stem, kernels)
    else:
        fit_pretrained(
            parts.encoder,
            lambda count, overlay: _assemble(config, count, 1, seed, overlay).encoder,
            with_stem_for(state, channels, config.stem, kernels),
            channels,
            config.stem,
        )
    if config.pyramid is not None and config.pyramid.pretrained:
        parts.decoder.take(pyramid_of(state))


def _n_own(outputs: Mapping[str, Output]) -> int:
    """Return how wide the decoder's own head is: as its target where that is all, else 1."""
    check_outputs(outputs)
    first = next(iter(outputs.values()))
    is_alone = len(outputs) == 1 and isinstance(first.head, Plain)
    return n_planes(first.quantity) if is_alone else 1


def _with_heads(
    config: ModelConfig,
    parts: SegmentationModel,
    outputs: Mapping[str, Output],
    seed: int,
) -> Network:
    """Put heads onto an encoder and a decoder."""
    decoder = DECODERS[config.decoder]
    settings: dict[str, Any] = {
        "stride": decoder.stride or 2 ** network_depth(config),
        "minimum_px": decoder.minimum_px,
        "dropout": config.dropout,
    }
    return Network(parts, build_heads(outputs, trunk_of(parts), seed), **settings)


def parameter_count(module: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def _assemble(
    config: ModelConfig,
    in_channels: int,
    n_outputs: int,
    seed: int,
    overlay: Mapping[str, Any] | None = None,
) -> SegmentationModel:
    """Build encoder, decoder and head with their own random numbers; `overlay` is where timm finds weights."""
    settings = decoder_settings(config)
    if config.encoder not in SWINS:
        settings |= _encoder_settings(config)
    if overlay is not None:
        settings |= {"encoder_weights": True, "pretrained_cfg_overlay": dict(overlay)}
    with torch.random.fork_rng(devices=[]), _encoder_name(config, in_channels) as name:
        torch.default_generator.manual_seed(derive(seed, "network"))
        try:
            return DECODERS[config.decoder].build(
                encoder_name=name,
                in_channels=in_channels,
                classes=n_outputs,
                **{"encoder_weights": None, **settings},
            )
        except (TypeError, ValueError, NotImplementedError, AttributeError, KeyError) as error:
            raise UsageError(
                f"expected an encoder that fits the decoder {config.decoder}; {config.encoder} does not: {error}",
                where="model.encoder, model.decoder, model.depth, model.drop_path",
                do="choose another encoder (dpt: a vision transformer; others: one with a feature pyramid), "
                "or leave depth and drop_path away",
            ) from error


def _encoder_name(config: ModelConfig, in_channels: int) -> AbstractContextManager[str]:
    """Return the name under which segmentation_models_pytorch builds the encoder, as long as the context lasts."""
    if config.encoder in SWINS:
        return known_to_smp(config.encoder, in_channels, config.drop_path, config.encoder_maps)
    if config.encoder_maps != "stages":
        raise UsageError(
            f"expected an encoder of {', '.join(SWINS)} for {config.encoder_maps}; got {config.encoder}",
            where="model.encoder_maps",
        )
    return nullcontext(f"tu-{split_name(config.encoder)[0]}")


def _encoder_settings(config: ModelConfig) -> dict[str, Any]:
    """Return what timm is told about the encoder."""
    architecture = split_name(config.encoder)[0]
    settings: dict[str, Any] = {"drop_path_rate": config.drop_path} if config.drop_path else {}
    shape = timm.get_pretrained_cfg(architecture)
    if shape is not None and shape.fixed_input_size:
        key = "strict_img_size" if architecture.startswith("swin") else "dynamic_img_size"
        settings[key] = key == "dynamic_img_size"
    return settings
