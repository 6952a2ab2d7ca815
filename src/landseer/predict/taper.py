"""How much each pixel along a window's side counts, beside its neighbours: a discarded border, then a ramp."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DISCARDED = 0.4
"""Share of an overlap that is discarded at each side where the network's reach is not known.

Measured on the networks of benchmarks/bench_seams.py, which look further than half the overlap: 0.375 to 0.425 change
the fewest classes; no border changes three times as many, no ramp a tenth more."""


def taper(
    size_px: int, before_px: int, after_px: int, border_px: int | None = None
) -> NDArray[np.float32]:
    """Return the weights along one side of a window.

    Args:
        size_px: length of the side.
        before_px, after_px: what it shares with the window before and after it, as they really lie; 0 at the edge of
            the scene, where nothing is taken away.
        border_px: to discard where there is a neighbour: the network's reach. None takes two fifths of what is shared.

    Returns:
        (size_px,) in [0, 1]; the weights of neighbours add up to more than 0 everywhere.

    Edges: no more is discarded than leaves one shared pixel; a ramp takes what is left of the overlap.
    """
    weights = np.ones(size_px)
    weights[:before_px] *= _rise(before_px, border_px)
    weights[size_px - after_px :] *= _rise(after_px, border_px)[::-1]
    return weights.astype(np.float32)


def _rise(overlap_px: int, border_px: int | None) -> NDArray[np.float64]:
    """Return zeros, then a raised-cosine ramp, then ones: (overlap_px,)."""
    border = int(DISCARDED * overlap_px) if border_px is None else border_px
    border = max(0, min(border, (overlap_px - 1) // 2))
    length = overlap_px - 2 * border
    rise = np.sin(0.5 * np.pi * (np.arange(length) + 0.5) / max(length, 1)) ** 2
    return np.concatenate([np.zeros(border), rise, np.ones(border)])[:overlap_px]
