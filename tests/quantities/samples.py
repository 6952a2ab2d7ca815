"""Every quantity with made-up values, and made-up maps of images."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from landseer.quantities import (
    ClassMask,
    DenseValue,
    Direction,
    FlowScale,
    Gsd,
    Height,
    ImageValue,
    Magnitude,
    Motion,
    MultiLabelMask,
    Presence,
    Quantity,
    SoftMask,
)
from landseer.quantities.direction import to_vector

BATCH = 5
ALL: dict[str, Quantity] = {
    "mask": ClassMask(3),
    "multi_label": MultiLabelMask(2),
    "soft_mask": SoftMask(2),
    "presence": Presence(2),
    "height": Height(),
    "magnitude": Magnitude(),
    "direction": Direction(),
    "flow_scale": FlowScale(),
    "gsd": Gsd(),
    "dense_value": DenseValue("t/ha"),
    "image_value": ImageValue("K"),
}
SEEDS = range(4)


def drawn(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def values_of(quantity: Quantity, seed: int = 0, size=(3, 4)) -> Tensor:
    """Values as a network gives them, of several samples."""
    shape = size if quantity.extent == "dense" else ()
    return torch.rand(BATCH, quantity.n_outputs, *shape, generator=drawn(seed)) + 0.2


def targets_of(quantity: Quantity, seed: int = 0) -> Tensor:
    """Targets as the feed gives them: without an axis for a single plane or number."""
    values = values_of(quantity, seed)
    return values[:, 0] if quantity.n_outputs == 1 else values


def similarity(seed: int) -> Motion:
    """Turns by any angle, zooms, and mirrors of every other sample."""
    generator = drawn(seed)
    angle = 2 * math.pi * torch.rand(BATCH, generator=generator)
    zoom = 0.3 + 3 * torch.rand(BATCH, generator=generator)
    mirror = torch.where(torch.arange(BATCH) % 2 == 0, 1.0, -1.0)
    cos, sin = angle.cos(), angle.sin()
    rows = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
    return Motion(
        zoom[:, None, None] * rows @ torch.diag_embed(torch.stack([mirror, mirror**2], 1))
    )


def affine(seed: int) -> Motion:
    """Any map that can be undone well."""
    matrix = torch.randn(BATCH, 2, 2, generator=drawn(seed)) * 0.4
    return Motion(matrix + similarity(seed).forward_b22)


def directions(seed: int, length: float = 1.0) -> Tensor:
    return length * to_vector(6.3 * torch.rand(BATCH, generator=drawn(seed)))
