"""Batch norms whose statistics no longer fit their weights: they are taken anew from training samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from landseer.feed.loader import Batch
from landseer.train.module import TrainingModule


def running_norms(network: nn.Module) -> dict[str, _BatchNorm]:
    """Return the batch norms that keep running statistics, by name."""
    return {
        name: layer
        for name, layer in network.named_modules()
        if isinstance(layer, _BatchNorm) and layer.track_running_stats
    }


def retake_norms(
    module: TrainingModule, layers: Sequence[_BatchNorm], batches: Iterable[Batch]
) -> None:
    """Take the running statistics of some batch norms anew: the equal mean over batches as training sees them.

    Dropout and the like are off, as in prediction. Nothing else of the module changes.

    Args:
        module: what is trained; on the device where it computes.
        layers: batch norms of its network.
        batches: training samples, augmented here.

    Edges: without layers no batch is read.
    Source: Izmailov et al. 2018, arXiv:1803.05407, section 3.2.
    """
    if not layers:
        return
    modes = {part: part.training for part in module.modules()}
    momenta = {layer: layer.momentum for layer in layers}
    module.eval()
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
        layer.train()
    with torch.no_grad():
        for batch in batches:
            moved = module.transfer_batch_to_device(batch, module.device, 0)
            module.model.forward_channels(*module.training_inputs(moved))
    for part, mode in modes.items():
        part.training = mode
    for layer, momentum in momenta.items():
        layer.momentum = momentum
