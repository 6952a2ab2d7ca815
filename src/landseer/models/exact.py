"""Computing in float32 where a network runs in half precision."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def no_autocast(device: torch.device) -> AbstractContextManager[object]:
    """Return a context in which autocast is off.

    Metres and ratios need it: bfloat16 has 8 bits, so that heights around 100 m lie 0.5 m apart.
    """
    if not torch.amp.is_autocast_available(device.type):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


def in_float32(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Call a function or module of one tensor in float32."""
    with no_autocast(x.device):
        return function(x.float())
