"""The pooled head: values of the whole image from the mean of the deepest features."""

from __future__ import annotations

import torch
from segmentation_models_pytorch.base.initialization import initialize_decoder, initialize_head
from torch import Tensor, nn

from landseer.models.exact import in_float32
from landseer.models.heads_config import Pooled
from landseer.models.shared import Shared


class PooledHead(nn.Module):
    """Average the deepest features, then two layers, all in float32.

    Args:
        config: its settings.
        width: of the deepest features.
        n_outputs: numbers that it gives.

    Source: Christie et al. 2020, Learning Geocentric Object Pose in Oblique Monocular Images, with the hidden layer of
        BloodAxe's solution of the Overhead Geopose Challenge.
    """

    def __init__(self, config: Pooled, width: int, n_outputs: int) -> None:
        super().__init__()
        self._has_cue = config.gsd_cue
        n_inputs = width + int(config.gsd_cue)
        self.layers = two_layers(n_inputs, config.hidden or width, n_outputs, config.dropout)

    def forward(self, shared: Shared) -> Tensor:
        """Return (b, n_outputs) float32."""
        x_bc = shared.features[-1].float().mean(dim=(2, 3))
        if self._has_cue:
            x_bc = torch.cat([x_bc, shared.log_gsd()], dim=1)
        return in_float32(self.layers, x_bc)


def two_layers(n_inputs: int, hidden: int, n_outputs: int, dropout: float) -> nn.Sequential:
    """Build dropout, a layer with ReLU, and a layer without."""
    first, last = nn.Linear(n_inputs, hidden), nn.Linear(hidden, n_outputs)
    initialize_decoder(first)
    initialize_head(last)
    return nn.Sequential(nn.Dropout(dropout), first, nn.ReLU(), last)
