"""Optimisers, and which weights decay."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from landseer.train.config import SGD, AdamW, OptimiserConfig


def build_optimiser(
    config: OptimiserConfig, network: nn.Module, others: Sequence[nn.Parameter] = ()
) -> torch.optim.Optimizer:
    """Build the optimiser of a network's trainable weights.

    Norms and biases (weights of fewer than two dimensions) do not decay unless `decay_norms`.

    Args:
        config: recipe key `train.optimiser`.
        network: the network.
        others: what is learnt besides and never decays, such as the balance of losses.
    """
    groups = parameter_groups(network, config.weight_decay, decay_norms=config.decay_norms)
    if others:
        groups.append({"params": list(others), "weight_decay": 0.0})
    if isinstance(config, SGD):
        return torch.optim.SGD(
            groups,
            lr=config.lr,
            momentum=config.momentum,
            nesterov=config.nesterov and config.momentum > 0,
        )
    kind = torch.optim.AdamW if isinstance(config, AdamW) else torch.optim.Adam
    return kind(groups, lr=config.lr, betas=config.betas, eps=config.eps)


def parameter_groups(
    network: nn.Module, weight_decay: float, *, decay_norms: bool
) -> list[dict[str, object]]:
    """Split trainable weights into those that decay and those that do not."""
    trainable = [p for p in network.parameters() if p.requires_grad]
    decayed = [p for p in trainable if decay_norms or p.ndim > 1]
    kept = [p for p in trainable if not decay_norms and p.ndim <= 1]
    groups = [(decayed, weight_decay), (kept, 0.0)]
    return [{"params": p, "weight_decay": decay} for p, decay in groups if p]
