"""Losses of vectors: their direction, their length, and both at once."""

from __future__ import annotations

import torch
from torch import Tensor

from landseer.losses.value_config import Cosine, UnitNorm, VectorMse
from landseer.losses.values import Values, average

_SHORT = 1e-3
"""Vectors shorter than this count as this long, which bounds the gradient at 0."""


def cosine(values: Values, config: Cosine) -> Tensor:
    """Average 1 - cos of the angle between predicted and true vector.

    Edges: a true vector of length 0 has no direction and does not count. A predicted one shorter than 0.001 counts as
        that long: at 0 the loss is 1, with a gradient that leads towards the truth.
    Source: own; the direction loss of the geopose system.
    """
    length_b1 = _length(values.truth_bn)
    toward_bn = values.truth_bn / torch.where(length_b1 > 0, length_b1, 1.0)
    along_b1 = (values.value_bn * toward_bn).sum(dim=1, keepdim=True)
    cos_b1 = along_b1 / _length(values.value_bn).clamp_min(_SHORT)
    return average(1 - cos_b1, values.valid_b1 & (length_b1 > 0), config.mean)


def unit_norm(values: Values, config: UnitNorm) -> Tensor:
    """Average (|v| - 1)² of the predicted vectors: no direction is preferred.

    Edges: counts where the truth is known, as all losses do; a vector of length 0 has a gradient of 0.
    Source: own.
    """
    return values.mean((_length(values.value_bn) - 1).square(), config.mean)


def vector_mse(values: Values, config: VectorMse) -> Tensor:
    """Average the squared errors of the vector's components: direction and length at once.

    Source: the geopose system's published loss on the raw direction vector; `torch.nn.MSELoss`.
    """
    return values.mean(values.error_bn.square(), config.mean)


def _length(vector_bn: Tensor) -> Tensor:
    """Return lengths (b, 1, …); the gradient at 0 is 0."""
    return torch.linalg.vector_norm(vector_bn, dim=1, keepdim=True)
