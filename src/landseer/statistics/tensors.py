"""The same counting for torch tensors on any device, without importing torch."""

from __future__ import annotations

import sys
from typing import Any

from landseer.statistics.counting import N_KEYS
from landseer.statistics.floats import FloatCounts
from landseer.statistics.integers import IntegerCounts
from landseer.statistics.moments import Moments

Tensor = Any


def add_float_tensor(counts: FloatCounts, values: Tensor) -> Moments:
    """Count floats; NaN and infinities are left out.

    Args:
        counts: gains the numbers.
        values: any shape and float type, on any device that has float64.

    Returns:
        Their moments: count and extremes equal to numpy's, mean and squares to the last digits of float64.
    """
    torch = sys.modules["torch"]
    values = values.detach().flatten()
    values = values[torch.isfinite(values)]
    if not values.numel():
        return Moments()
    counts.counts += _tally(values.float().view(torch.int32) >> 16)
    wide = values.double()
    mean = wide.mean()
    numbers = torch.stack([wide.min(), wide.max(), mean, ((wide - mean) ** 2).sum()])
    return Moments(values.numel(), *numbers.tolist())


def add_integer_tensor(counts: IntegerCounts, values: Tensor) -> None:
    """Count integers of any shape and type: on their device where they are one page, else on the processor."""
    values = values.detach().flatten()
    if not values.numel():
        return
    page = counts.single_page(int(values.min()), int(values.max()))
    if page is None:
        counts.add(values.cpu().numpy())
    else:
        page += _tally(values)


def _tally(keys: Tensor) -> Any:
    """Count the lower 16 bits of integers."""
    torch = sys.modules["torch"]
    return torch.bincount(keys.to(torch.int64) & 0xFFFF, minlength=N_KEYS).cpu().numpy()
