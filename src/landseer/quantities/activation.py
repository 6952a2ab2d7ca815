"""From a network's output, any number, to the range a quantity can have."""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn import functional

Activation = Literal["none", "relu", "softplus"]
"""`none` leaves numbers alone; `relu` cuts below 0, `softplus` comes near 0 smoothly and never reaches it."""


def activate(raw: Tensor, activation: Activation, typical: float = 1.0) -> Tensor:
    """Apply an activation in float32, and give the result its unit.

    Args:
        raw: outputs of a network, near 0 when it knows nothing.
        activation: see `Activation`.
        typical: the value for which an activated output of 1 stands: networks learn numbers near 1 sooner than others.
    """
    raw = raw.float()
    if activation == "relu":
        raw = raw.relu()
    elif activation == "softplus":
        raw = functional.softplus(raw)
    return raw if typical == 1.0 else raw * typical
