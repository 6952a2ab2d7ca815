"""How far a network looks: the distance from which pixels still move its output, measured by gradients."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor, nn

from landseer.models.model import Model

_Network = Callable[[Tensor], Mapping[str, Tensor]]

_ANY_STRIDE_PX = 32
"""Assumed of modules that do not say their stride: the places are right for any stride that divides it."""

_INSIDE = 7 / 8
"""An effect that reaches further than this share of the way to the picture's edge is taken to have no end."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a network looks.

    Attributes:
        effective_px: smallest radius beyond which less than the asked-for share of the effect lies; None where it is
            not within the picture, as with attention over all of it.
        bound_px: radius beyond which the effect is exactly zero; None where there is none within the picture, as with
            squeeze-and-excitation or norms over the whole picture.
        profile: share of the effect by distance in pixels, from 0 on.

    Both are what must be discarded at the side of a window: a square window's pixels count by the greater of their
    row and column distances.
    """

    effective_px: int | None
    bound_px: int | None
    profile: tuple[float, ...]


def measure_reach(
    member: nn.Module,
    n_channels: int,
    size_px: int = 512,
    *,
    images: Sequence[Tensor] | None = None,
    share: float = 0.01,
    n_pictures: int = 2,
    seed: int = 0,
) -> Reach:
    """Measure how far a network looks.

    The effect of an input pixel is the absolute derivative of an output pixel by it, summed over channels and over
    pictures. Of output pixels near the middle those are taken that stand first and last in a cell of the network's
    stride, because they look furthest down and up; of their figures and those of all dense targets, the worst.

    Args:
        member: a `Model`, whose channels after preprocessing are looked at, or a plain module (b, c, h, w) -> the same
            size or a dict of such; in evaluation mode while measured.
        n_channels: channels that the network takes, for made pictures.
        size_px: side of made pictures; should be twice the expected reach or more, and a multiple of the stride.
        images: (b, c, h, w) raw numbers to look at instead of made ones.
        share: of the effect that may lie beyond `effective_px`.
        n_pictures: made pictures.
        seed: of the made pictures and of the signs with which output channels are added.

    Raises:
        ValueError: no output is as large as the input.

    Edges: derivatives of several output channels are taken together with random signs. Made pictures are white noise
        of unit variance, as normalised channels are.

    Source: Luo et al., 2016, Understanding the effective receptive field, arXiv:1701.04128.
    """
    random = torch.Generator().manual_seed(seed)
    shape = (1, n_channels, size_px, size_px)
    made = [torch.randn(shape, generator=random) for _ in range(0 if images else n_pictures)]
    with _evaluated(member) as (network, channels, device):
        pictures = [channels(image.to(device)) for image in images or ()]
        pictures += [picture.to(device) for picture in made]
        effects = _Effects()
        for picture in pictures:
            effects.add(network, picture, _places(member, picture), random)
    return effects.reach(share)


class _Effects:
    """Summed effects by distance, of each target and place in the stride."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], Tensor] = {}
        self._edge = math.inf

    def add(
        self, network: _Network, x_bchw: Tensor, places: Mapping[str, int], random: torch.Generator
    ) -> None:
        """Add the effects on the output pixels in these rows and columns."""
        x_bchw = x_bchw.detach().requires_grad_()
        size = x_bchw.shape[-2:]
        dense = {name: y for name, y in network(x_bchw).items() if y.shape[-2:] == size}
        if not dense:
            raise ValueError("expected an output as large as the input; got none")
        for (name, y_bchw), (place, at) in product(dense.items(), places.items()):
            pixel = y_bchw[0, :, at, at]
            signs = torch.randint(0, 2, pixel.shape, generator=random).to(pixel) * 2 - 1
            (slope,) = torch.autograd.grad((pixel * signs).sum(), x_bchw, retain_graph=True)
            effect = by_distance(slope.abs().sum((0, 1)).double().cpu(), at)
            kept = self._sums.get((name, place), torch.zeros(0, dtype=torch.float64))
            self._sums[name, place] = _padded_sum(kept, effect)
            self._edge = min(self._edge, at, min(size) - 1 - at)

    def reach(self, share: float) -> Reach:
        """Return the worst of all."""
        sums = list(self._sums.values())
        effective = max(_radius(one / one.sum(), share) for one in sums)
        bound = max(_radius(one, 0.0) for one in sums)
        worst = max(sums, key=lambda one: _radius(one / one.sum(), share))
        return Reach(
            effective if effective <= _INSIDE * self._edge else None,
            bound if bound < self._edge else None,
            tuple((worst / worst.sum()).tolist()),
        )


def by_distance(effect_hw: Tensor, at: int) -> Tensor:
    """Sum an (h, w) effect over the squares of pixels that are equally far from (at, at): (greatest distance + 1,)."""
    rows, cols = (torch.arange(length).sub(at).abs() for length in effect_hw.shape)
    distance = torch.maximum(rows[:, None], cols[None, :])
    return torch.bincount(distance.flatten(), weights=effect_hw.flatten())


def _radius(profile: Tensor, share: float) -> int:
    """Return the smallest radius beyond which no more than a share lies."""
    beyond = profile.flip(0).cumsum(0).flip(0)  # from each distance on
    within = torch.nonzero(beyond <= share)
    return int(within[0]) - 1 if len(within) else len(profile) - 1


def _padded_sum(one: Tensor, other: Tensor) -> Tensor:
    """Add two profiles of unlike length."""
    total = torch.zeros(max(len(one), len(other)), dtype=torch.float64)
    total[: len(one)] += one
    total[: len(other)] += other
    return total


def _places(member: nn.Module, x_bchw: Tensor) -> dict[str, int]:
    """Return pixels that stand first and last in a cell of the stride, near the middle of a picture."""
    stride = member.network.stride if isinstance(member, Model) else _ANY_STRIDE_PX
    middle = min(x_bchw.shape[-2:]) // 2
    cell = middle // stride * stride or middle
    return {"first": cell, "last": cell - 1}


@contextmanager
def _evaluated(
    member: nn.Module,
) -> Iterator[tuple[_Network, Callable[[Tensor], Tensor], torch.device]]:
    """Put a module into evaluation mode for a while; yield its network, what leads to its channels, and its device."""
    first = next(member.parameters(), torch.empty(0))
    training = {module: module.training for module in member.modules()}
    member.eval()
    try:
        if isinstance(member, Model):
            model = member
            unknown = torch.full((1,), math.nan, device=first.device)
            yield (
                lambda z: model.forward_channels(z, unknown),
                model.preprocess,
                first.device,
            )
        else:
            yield lambda x: _named(member(x)), lambda x: x, first.device
    finally:
        for module, was in training.items():
            module.training = was


def _named(output: Tensor | Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return outputs by name."""
    return {"": output} if isinstance(output, Tensor) else output
