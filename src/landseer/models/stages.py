"""Which weights of an encoder lie below which of its maps: what can be frozen from the input upwards."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from landseer.models.network import Network


def encoder_stages(network: Network, n_channels: int) -> list[list[nn.Parameter]]:
    """Sort an encoder's weights by the first of its maps that they have an influence on.

    It is found out by gradients, so that it holds for every encoder, whatever its parts are called.

    Args:
        network: on any device; its modes and running statistics stay as they are.
        n_channels: channels of its input.

    Returns:
        For each map that the decoder reads, fine to coarse: the weights that this map depends on and none before it.
    """
    encoder, side = network.encoder, max(network.stride, network.minimum_px)
    modes = {module: module.training for module in encoder.modules()}
    first = next(encoder.parameters())
    try:
        encoder.eval()
        with torch.enable_grad():
            maps = encoder(torch.zeros(1, n_channels, side, side, device=first.device))
        return _by_first_map(maps[0] if isinstance(maps, tuple) else maps, encoder)
    finally:
        for module, mode in modes.items():
            module.training = mode


def freeze_stages(
    encoder: nn.Module, stages: Sequence[Sequence[nn.Parameter]], n_frozen: int
) -> None:
    """Freeze the first stages of an encoder, thaw all others, in place.

    Frozen weights get no gradient, so that no optimiser moves or decays them; modules whose weights are all frozen are
    in evaluation mode: their norms keep their statistics, and they drop nothing. Everything else trains.

    Args:
        encoder: the encoder.
        stages: as `encoder_stages` gives them.
        n_frozen: how many of them are frozen.
    """
    frozen = {id(weight) for stage in stages[:n_frozen] for weight in stage}
    encoder.train()
    for weight in encoder.parameters():
        weight.requires_grad_(id(weight) not in frozen)
        if id(weight) in frozen:
            weight.grad = None
    for module in encoder.modules():
        own = [id(weight) for weight in module.parameters()]
        if own and frozen.issuperset(own):
            module.eval()


def _by_first_map(maps: Sequence[Tensor], encoder: nn.Module) -> list[list[nn.Parameter]]:
    """Sort weights by the first map whose gradient reaches them."""
    left = [weight for weight in encoder.parameters() if weight.requires_grad]
    stages: list[list[nn.Parameter]] = []
    for one in maps:
        if (
            not one.requires_grad or one.shape[1] == 0
        ):  # the image, or the level that a transformer lacks
            continue
        found = torch.autograd.grad(one.sum(), left, retain_graph=True, allow_unused=True)
        stages.append([w for w, gradient in zip(left, found, strict=True) if gradient is not None])
        left = [w for w, gradient in zip(left, found, strict=True) if gradient is None]
    return stages
