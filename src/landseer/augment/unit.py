"""Making a change that is defined for values from 0 to 1 on channels that may reach beyond.

Legend of shapes: k channels, h rows, w columns.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor


def in_unit(z_khw: Tensor, change: Callable[[Tensor], Tensor], *, together: bool = False) -> Tensor:
    """Scale each channel's range to 0…1, change it, and scale it back.

    The range is 0 to 1, or as much wider as the channel's own values are: channels that were scaled to 0…1 are changed
    as the textbook has it, others (z-scores, indices from -1) as a whole and not only where they happen to lie in 0…1.

    Args:
        z_khw: normalised channels without NaN; not changed.
        change: from values in 0…1 to values.
        together: one range for all channels, so that they keep their proportions (colours).
    """
    axes = (0, 1, 2) if together else (1, 2)
    low = z_khw.amin(axes, keepdim=True).clamp(max=0.0)
    high = z_khw.amax(axes, keepdim=True).clamp(min=1.0)
    return change((z_khw - low) / (high - low)) * (high - low) + low
