"""The global context block: what an attention over the whole image gathers, added to each pixel."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class GlobalContext(nn.Module):
    """Gather one vector from the image and add it, transformed, everywhere.

    Formula: x + W2 relu(norm(W1 sum_p a_p x_p)), a the softmax over all pixels of a 1 x 1 convolution.

    Args:
        width: of the input and of the output.
        hidden: width between the two transformations.

    Edges: it starts as the identity (W2 = 0), so that it can be put into any network.
    Source: Cao et al. 2019, GCNet: Non-local Networks Meet Squeeze-Excitation Networks and Beyond, arXiv:1904.11492.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.look = nn.Conv2d(width, 1, 1)
        self.squeeze = nn.Conv2d(width, hidden, 1)
        self.norm = nn.GroupNorm(1, hidden)  # the layer norm of a vector
        self.spread = nn.Conv2d(hidden, width, 1)
        self.start_silent()

    def start_silent(self) -> None:
        """Make it the identity."""
        nn.init.zeros_(self.spread.weight)
        if self.spread.bias is not None:
            nn.init.zeros_(self.spread.bias)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Keep the shape."""
        weight_bn1 = self.look(x).flatten(2).softmax(dim=2).transpose(1, 2)
        context = torch.matmul(x.flatten(2), weight_bn1).unsqueeze(3)
        return x + self.spread(self.norm(self.squeeze(context)).relu())
