"""Computing in float32 where a network runs in half precision."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def in_float32(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Call a function or module of one tensor in float32, with autocast off.

    Metres and ratios need it: bfloat16 has 8 bits, so that heights around 100 m lie 0.5 m apart.
    """
    with torch.autocast(x.device.type, enabled=False):
        return function(x.float())
