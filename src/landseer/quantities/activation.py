"""From a network's output, any number, to the range a quantity can have."""

from __future__ import annotations

from typing import Literal

import torch
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


def before_softplus(value: Tensor) -> Tensor:
    """Return the outputs of which softplus makes these values, float32.

    Formula: log(exp(v) - 1) = v + log(1 - exp(-v)).

    Args:
        value: above 0; what is less than 1e-30 counts as that.
    """
    value = value.float().clamp_min(1e-30)
    return value + torch.log(-torch.expm1(-value))
