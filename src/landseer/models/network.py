"""The network: timm encoder, decoder and head, from channels to logits at full resolution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from landseer.models.pretrained import fit_pretrained
from landseer.models.weights import find_weights

__all__ = ["ModelConfig", "Network", "build_network", "parameter_count"]


class Network(nn.Module):
    """Encoder, decoder, dropout and head in a row.

    Attributes:
        stride: height and width of an input must be multiples of this many pixels.
        minimum_px: and at least this long.
    """

    def __init__(
        self, parts: SegmentationModel, *, stride: int, minimum_px: int, dropout: float
    ) -> None:
        super().__init__()
        self.stride, self.minimum_px = stride, minimum_px
        self.encoder, self.decoder = parts.encoder, parts.decoder
        self.dropout = nn.Dropout2d(dropout)
        self.head = parts.segmentation_head

    def forward(self, z_bkhw: Float[Tensor, "b k h w"]) -> Float[Tensor, "b c h w"]:
        """Compute logits.

        Args:
            z_bkhw: normalised channels; h and w are multiples of `stride` and at least `minimum_px`.

        Returns:
            logits of the same height and width.
        """
        features = self.encoder(z_bkhw)
        # vision transformers give feature maps and prefix tokens
        decoded = self.decoder(*features) if isinstance(features, tuple) else self.decoder(features)
        return self.head(self.dropout(decoded))


def build_network(
    config: ModelConfig,
    channels: Mapping[str, Sequence[str]],
    n_outputs: int,
    *,
    seed: int,
    pretrained: bool = True,
) -> Network:
    """Build a network and, where the configuration asks for it, load pretrained weights into its encoder.

    Args:
        config: recipe key `model`.
        channels: band codes by channel name, in channel order (`Preprocess.channel_codes`).
        n_outputs: number of logits per pixel.
        seed: seed of all that is drawn; the same seed gives the same network, and no global generator is touched.
        pretrained: false skips pretrained weights, for networks whose own weights are loaded next.

    Returns:
        The network in training mode, in channels-last memory format.

    Raises:
        UsageError: no such encoder, or decoder and encoder do not go together.
        WeightsError: pretrained weights cannot be found, fetched or fitted.
    """
    problem = check_encoder(config.encoder)
    if problem is not None:
        raise UsageError(problem, where="model.encoder", do="`timm.list_models()` lists them all")
    state = find_weights(config.encoder, config.weights) if pretrained else None
    parts = _assemble(config, len(channels), n_outputs, seed)
    if state is not None:
        fit_pretrained(
            parts.encoder,
            lambda count, overlay: _assemble(config, count, 1, seed, overlay).encoder,
            state,
            channels,
            config.stem,
        )
    decoder = DECODERS[config.decoder]
    network = Network(
        parts,
        stride=decoder.stride or 2 ** network_depth(config),
        minimum_px=decoder.minimum_px,
        dropout=config.dropout,
    )
    return network.to(memory_format=torch.channels_last)


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
    settings = {**decoder_settings(config), **_encoder_settings(config)}
    if overlay is not None:
        settings |= {"encoder_weights": True, "pretrained_cfg_overlay": dict(overlay)}
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derive(seed, "network"))
        try:
            return DECODERS[config.decoder].build(
                encoder_name=f"tu-{split_name(config.encoder)[0]}",
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


def _encoder_settings(config: ModelConfig) -> dict[str, Any]:
    """Return what timm is told about the encoder."""
    architecture = split_name(config.encoder)[0]
    settings: dict[str, Any] = {"drop_path_rate": config.drop_path} if config.drop_path else {}
    shape = timm.get_pretrained_cfg(architecture)
    if shape is not None and shape.fixed_input_size:
        key = "strict_img_size" if architecture.startswith("swin") else "dynamic_img_size"
        settings[key] = key == "dynamic_img_size"
    return settings
