"""How windows of a class mask are averaged where they overlap: as probabilities, or as logarithms of odds."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from landseer.quantities import ClassMask

Blend = Literal["probability", "logit"]
"""What is averaged where windows overlap."""

_LEAST = 1e-6
"""Probabilities nearer to 0 or 1 than this count as so far away: one window cannot overrule all others."""


def to_mix(quantity: Any, values: Tensor, blend: Blend) -> Tensor:
    """Return what is averaged of values: of a class mask, with `logit`, their logarithms; else the values themselves.

    Args:
        quantity: what they are.
        values: (b, n, h, w); of a class mask probabilities.
        blend: how windows are averaged.
    """
    if blend == "probability" or not isinstance(quantity, ClassMask):
        return values
    if _exclusive(quantity):
        return values.clamp(min=_LEAST).log()
    return values.logit(_LEAST)


def from_mix(quantity: Any, mixed: NDArray[np.float32], blend: Blend) -> NDArray[np.float32]:
    """Return values again from the average of what `to_mix` gave: (n, h, w)."""
    if blend == "probability" or not isinstance(quantity, ClassMask):
        return mixed
    if not _exclusive(quantity):
        return np.asarray(1 / (1 + np.exp(-mixed)), np.float32)
    shares = np.exp(mixed - mixed.max(axis=0))
    return np.asarray(shares / shares.sum(axis=0), np.float32)


def _exclusive(mask: ClassMask) -> bool:
    """Whether the probabilities of a mask add up to 1."""
    return mask.activation == "softmax" or (mask.activation == "twin" and mask.n_classes == 2)
