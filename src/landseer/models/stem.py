"""Fitting a pretrained stem, which expects red, green and blue, onto any channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from landseer.errors import WeightsError
from landseer.models.config import StemRule

_RGB = ("R", "G", "B")
"""Band codes in the order of a pretrained stem's kernels."""


def adapt_stem(
    weight_oihw: Tensor,
    channels: Mapping[str, Sequence[str]],
    rule: StemRule = "by_name",
    *,
    seed: int = 0,
) -> Tensor:
    """Spread the kernels of a three-channel stem over the given channels.

    Every rule but `random` multiplies by 3 / n for n channels: where all channels carry the same value, the mean
    response stays what it was (exactly so for `mean`, for `repeat` when 3 divides n, and for `by_name` when red,
    green and blue are all there or all absent).

    Args:
        weight_oihw: (o, 3, kh, kw) kernels for red, green, blue.
        channels: codes (`R`, `N`, …) by channel name, in channel order; indices have none.
        rule: `by_name`: channels with code R, G, B take their own kernel, all others the mean of the three ·
            `repeat`: R, G, B, R, G, … as timm does · `mean`: the mean everywhere · `random`: Kaiming, from `seed`.
        seed: for `random`; the global generator is not touched.

    Returns:
        (o, n, kh, kw), same dtype and device.

    Raises:
        WeightsError: the stem has not three input channels, or no channels were given.
    """
    if weight_oihw.ndim != 4 or weight_oihw.shape[1] != 3 or not channels:
        raise WeightsError(
            f"expected a stem of shape (o, 3, h, w) and at least one channel; got {tuple(weight_oihw.shape)} "
            f"and {len(channels)} channels",
            do="choose an encoder whose first layer is a plain convolution, or `weights: none`",
        )
    if rule == "random":
        return _random(weight_oihw, len(channels), seed)
    return _RULES[rule](weight_oihw, list(channels.values())) * (3 / len(channels))


def _by_name(weight_oihw: Tensor, codes: list[Sequence[str]]) -> Tensor:
    """Give each colour its own kernel and everything else their mean."""
    mean = weight_oihw.mean(dim=1)
    return torch.stack([_kernel(weight_oihw, mean, own) for own in codes], dim=1)


def _kernel(weight_oihw: Tensor, mean_ohw: Tensor, codes: Sequence[str]) -> Tensor:
    """Return the kernel of one channel."""
    for position, code in enumerate(_RGB):
        if code in codes:
            return weight_oihw[:, position]
    return mean_ohw


def _repeat(weight_oihw: Tensor, codes: list[Sequence[str]]) -> Tensor:
    """Repeat red, green, blue over the channels."""
    return weight_oihw[:, [position % 3 for position in range(len(codes))]]


def _mean(weight_oihw: Tensor, codes: list[Sequence[str]]) -> Tensor:
    """Give every channel the mean kernel."""
    return weight_oihw.mean(dim=1, keepdim=True).repeat(1, len(codes), 1, 1)


def _random(weight_oihw: Tensor, count: int, seed: int) -> Tensor:
    """Draw new kernels."""
    drawn = torch.empty(weight_oihw.shape[0], count, *weight_oihw.shape[2:])
    generator = torch.Generator().manual_seed(seed)
    torch.nn.init.kaiming_normal_(drawn, nonlinearity="relu", generator=generator)
    return drawn.to(weight_oihw)


_RULES: dict[str, Callable[[Tensor, list[Sequence[str]]], Tensor]] = {
    "by_name": _by_name,
    "repeat": _repeat,
    "mean": _mean,
}
