"""Doubling the resolution of features by a transposed convolution beside a bilinear path."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

_GROUP = 4  # channels that become one, as the area of a pixel becomes a quarter


class ResidualUpsample(nn.Module):
    """Residual deconvolution: height and width times two, channels divided by four.

    The bilinear path takes the mean of each four consecutive channels; the transposed convolution learns what it
    lacks. Its kernel is 4 wide, where published code has 3: each output pixel then sees the same number of inputs,
    which leaves no checkerboard, and lies where the bilinear path puts it, not half a pixel off.

    Args:
        channels: width of the input; where 4 does not divide it, a convolution first widens it to the next multiple.

    Attributes:
        out_channels: width of the output.

    Source: Wojna et al. 2017, The Devil is in the Decoder, arXiv:1707.05847.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.out_channels = -(-channels // _GROUP)
        whole = self.out_channels * _GROUP
        self.widen = nn.Identity() if whole == channels else nn.Conv2d(channels, whole, 1)
        self.deconvolution = nn.ConvTranspose2d(whole, self.out_channels, 4, stride=2, padding=1)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b o h2 w2"]:
        """Double height and width."""
        x = self.widen(x)
        means = x.unflatten(1, (self.out_channels, _GROUP)).mean(dim=2)
        smooth = functional.interpolate(means, scale_factor=2, mode="bilinear")
        return self.deconvolution(x) + smooth
