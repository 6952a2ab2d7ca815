"""Kinds of noise: of photons, of the sensor, and of speckle; each pixel and channel has its own.

Legend of shapes: k channels, h rows, w columns.
"""

from __future__ import annotations

import torch
from torch import Tensor


def shot_noise(z_khw: Tensor, std: float, seed: int) -> Tensor:
    """Add noise whose variance grows with the signal, as photons are counted; high "ISO" stands for few of them.

    Formula: z + std sqrt(max(z, 0)) n, n normal: a Poisson count of 1 / std^2 photons at z = 1.

    Source: Foi and others 2008, doi:10.1109/TIP.2008.2001399.
    """
    return z_khw.clamp(min=0).sqrt_().mul_(std).mul_(_normal(z_khw, seed)).add_(z_khw)


def even_noise(z_khw: Tensor, std: float, seed: int) -> Tensor:
    """Add normal noise of the same deviation everywhere."""
    return _normal(z_khw, seed).mul_(std).add_(z_khw)


def speckle(z_khw: Tensor, reach: float, seed: int) -> Tensor:
    """Multiply by factors drawn evenly from 1 - reach to 1 + reach."""
    factor = torch.empty_like(z_khw)
    return factor.uniform_(1 - reach, 1 + reach, generator=_generator(z_khw, seed)).mul_(z_khw)


def _normal(like: Tensor, seed: int) -> Tensor:
    """Draw normal numbers."""
    return torch.empty_like(like).normal_(generator=_generator(like, seed))


def _generator(like: Tensor, seed: int) -> torch.Generator:
    """Make a generator on the tensor's device."""
    return torch.Generator(like.device).manual_seed(seed)
