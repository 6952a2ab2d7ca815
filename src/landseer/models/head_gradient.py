"""Attention by the gradient of heights: values of the whole image from where the predicted heights are steep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from landseer.models.exact import no_autocast
from landseer.models.head_pooled import two_layers
from landseer.models.heads_config import GradientAttention
from landseer.models.shared import Shared

_FLAT = 1e-12
"""Added to squared gradients, in square metres per square pixel: flat images are attended to evenly."""

_N_MOMENTS = 5


class GradientAttentionHead(nn.Module):
    """Average features by the steepness of the predicted heights, then two layers, all in float32.

    Flat ground shows no displacement; edges and walls of buildings do. Each position of the feature grid weighs as
    much as the height's gradient is long in it. With `direction`, the gradient's moments follow the features.

    Args:
        config: its settings.
        width: of the features that are weighted.
        n_outputs: numbers that it gives.
        value: turns the raw output of the height's head into metres.

    Source: the idea that the write-up of BloodAxe's solution of the Overhead Geopose Challenge leaves to others; it
        would weigh dense predictions, features are weighted here. The moments are own.
    """

    def __init__(
        self,
        config: GradientAttention,
        width: int,
        n_outputs: int,
        value: Callable[[Tensor], Tensor],
    ) -> None:
        super().__init__()
        self._config, self._value = config, value
        n_inputs = width + (_N_MOMENTS if config.direction else 0)
        self.layers = two_layers(n_inputs, config.hidden or width, n_outputs, config.dropout)

    def forward(self, shared: Shared) -> Tensor:
        """Return (b, n_outputs) float32."""
        encoder = self._config.features == "encoder"
        x_bchw = shared.features[-1] if encoder else shared.decoded
        with no_autocast(x_bchw.device):
            return self.layers(self._pooled(x_bchw.float(), shared))

    def _pooled(self, x_bchw: Tensor, shared: Shared) -> Tensor:
        """Return features, and moments of the gradient, averaged by attention: (b, n)."""
        height_bhw = self._value(shared.outputs[self._config.height])[:, 0]
        if self._config.detach:
            height_bhw = height_bhw.detach()
        moments_bmhw = gradient_moments(height_bhw, (x_bchw.shape[-2], x_bchw.shape[-1]))
        weight_bhw = attention(moments_bmhw[:, 0], self._config.attention)
        if self._config.direction:
            x_bchw = torch.cat([x_bchw, moments_bmhw], dim=1)
        return torch.einsum("bchw,bhw->bc", x_bchw, weight_bhw)


def gradient_moments(
    height_bhw: Float[Tensor, "b h w"], size: tuple[int, int]
) -> Float[Tensor, "b 5 rows cols"]:
    """Average the gradient g of a height map, and what it says about directions, over the cells of a grid.

    Args:
        height_bhw: metres, float32.
        size: rows and columns of the grid.

    Returns:
        Means of |g|, g_x, g_y, (g_x² - g_y²) / |g| and 2 g_x g_y / |g|, in metres per pixel. The first two after |g|
        change sign with the gradient, the last two do not: they turn twice as fast.

    Edges: central differences, at the border of the image half of the one-sided difference.
    """
    padded = functional.pad(height_bhw[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    x = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2
    y = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / 2
    length = (x.square() + y.square() + _FLAT).sqrt()
    turned = (x.square() - y.square()) / length, 2 * x * y / length
    return functional.adaptive_avg_pool2d(torch.stack([length, x, y, *turned], dim=1), size)


def attention(
    steepness_bhw: Float[Tensor, "b h w"], rule: Literal["normalised", "softmax"]
) -> Float[Tensor, "b h w"]:
    """Turn steepness (> 0) into weights that sum to one per image."""
    flat = steepness_bhw.flatten(1)
    weight = flat.softmax(dim=1) if rule == "softmax" else flat / flat.sum(dim=1, keepdim=True)
    return weight.view_as(steepness_bhw)
