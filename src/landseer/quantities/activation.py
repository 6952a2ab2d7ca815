"""From a network's output, any number, to the range a quantity can have."""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn import functional

Activation = Literal["none", "relu", "softplus"]
"""`none` leaves numbers alone; `relu` cuts below 0, `softplus` comes near 0 smoothly and never reaches it."""


def activate(raw: Tensor, activation: Activation) -> Tensor:
    """Apply an activation in float32."""
    raw = raw.float()
    if activation == "relu":
        return raw.relu()
    return functional.softplus(raw) if activation == "softplus" else raw
