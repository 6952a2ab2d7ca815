"""Fitting a pretrained stem, which expects red, green and blue, onto any channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from landseer.errors import WeightsError
from landseer.models.config import StemRule

RGB = ("R", "G", "B")
"""Band codes in the order of a pretrained stem's kernels."""


def adapt_stem(
    weight_oihw: Tensor,
    channels: Mapping[str, Sequence[str]],
    rule: StemRule = "by_name",
    *,
    seed: int = 0,
    kernels: Sequence[str] = RGB,
) -> Tensor:
    """Spread the kernels of a pretrained stem, mostly those of red, green and blue, over the given channels.

    Every rule but `random` multiplies by 3 / n for n channels (kernels by channels): where all channels carry the same
    value, the mean response stays what it was (exactly so for `mean`, for `repeat` when 3 divides n, and for `by_name`
    when red, green and blue are all there or all absent).

    Args:
        weight_oihw: (o, 3, kh, kw) kernels for red, green, blue, or (o, k, kh, kw) for those of `kernels`.
        channels: codes (`R`, `N`, …) by channel name, in channel order; indices have none.
        rule: `by_name`: channels with code R, G, B take their own kernel, all others the mean of all ·
            `repeat`: R, G, B, R, G, … as timm does · `mean`: the mean everywhere · `random`: Kaiming, from `seed`.
        seed: for `random`; the global generator is not touched.
        kernels: codes of the bands for which the kernels were learnt, in their order.

    Returns:
        (o, n, kh, kw), same dtype and device.

    Raises:
        WeightsError: the stem has not as many input channels as `kernels`, or no channels were given.
    """
    if weight_oihw.ndim != 4 or weight_oihw.shape[1] != len(kernels) or not channels:
        raise WeightsError(
            f"expected a stem of shape (o, {len(kernels)}, h, w) and at least one channel; "
            f"got {tuple(weight_oihw.shape)} and {len(channels)} channels",
            do="choose an encoder whose first layer is a plain convolution, or `weights: none`",
        )
    if rule == "random":
        return _random(weight_oihw, len(channels), seed)
    spread = _RULES[rule](weight_oihw, list(channels.values()), kernels)
    return spread * (len(kernels) / len(channels))


def _by_name(weight_oihw: Tensor, codes: list[Sequence[str]], kernels: Sequence[str]) -> Tensor:
    """Give each band its own kernel and everything else their mean."""
    mean = weight_oihw.mean(dim=1)
    return torch.stack([_kernel(weight_oihw, mean, own, kernels) for own in codes], dim=1)


def _kernel(
    weight_oihw: Tensor, mean_ohw: Tensor, codes: Sequence[str], kernels: Sequence[str]
) -> Tensor:
    """Return the kernel of one channel."""
    for position, code in enumerate(kernels):
        if code in codes:
            return weight_oihw[:, position]
    return mean_ohw


def _repeat(weight_oihw: Tensor, codes: list[Sequence[str]], kernels: Sequence[str]) -> Tensor:
    """Repeat red, green, blue over the channels."""
    return weight_oihw[:, [position % len(kernels) for position in range(len(codes))]]


def _mean(weight_oihw: Tensor, codes: list[Sequence[str]], kernels: Sequence[str]) -> Tensor:
    """Give every channel the mean kernel."""
    return weight_oihw.mean(dim=1, keepdim=True).repeat(1, len(codes), 1, 1)


def _random(weight_oihw: Tensor, count: int, seed: int) -> Tensor:
    """Draw new kernels."""
    drawn = torch.empty(weight_oihw.shape[0], count, *weight_oihw.shape[2:])
    generator = torch.Generator().manual_seed(seed)
    torch.nn.init.kaiming_normal_(drawn, nonlinearity="relu", generator=generator)
    return drawn.to(weight_oihw)


_RULES: dict[str, Callable[[Tensor, list[Sequence[str]], Sequence[str]], Tensor]] = {
    "by_name": _by_name,
    "repeat": _repeat,
    "mean": _mean,
}
