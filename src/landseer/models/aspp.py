"""Atrous spatial pyramid pooling: dilated convolutions of several rates and the mean of the image, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

MakeLayer = Callable[[int], nn.Module]
"""Makes what follows a convolution of so many planes: a norm and an activation."""


class Aspp(nn.Module):
    """Look at each pixel's surroundings at several rates at once.

    Args:
        width: of the input and of the output.
        rates: dilations of its 3 x 3 convolutions; a 1 x 1 convolution and the mean of the image are beside them.
        after: makes the norm and the activation after each convolution.
        dropout: share of the output's values dropped while training.

    Source: Chen et al. 2017, Rethinking Atrous Convolution for Semantic Image Segmentation, arXiv:1706.05587.
    """

    def __init__(
        self, width: int, rates: Sequence[int], after: MakeLayer, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList([_branch(width, 1, 1, after)])
        self.branches.extend(_branch(width, 3, rate, after) for rate in rates)
        self.pooled = _branch(width, 1, 1, after)
        count = len(self.branches) + 1
        self.join = nn.Sequential(
            nn.Conv2d(count * width, width, 1, bias=False), after(width), nn.Dropout(dropout)
        )

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Keep the shape."""
        mean = self.pooled(x.mean(dim=(2, 3), keepdim=True)).expand_as(x)
        return self.join(torch.cat([*(branch(x) for branch in self.branches), mean], dim=1))


def _branch(width: int, kernel: int, rate: int, after: MakeLayer) -> nn.Sequential:
    """Build one convolution with what follows it."""
    padding = rate * (kernel // 2)
    convolution = nn.Conv2d(width, width, kernel, padding=padding, dilation=rate, bias=False)
    return nn.Sequential(convolution, after(width))
