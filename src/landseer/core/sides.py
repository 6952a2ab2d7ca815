"""Along one side of a grid: where windows start, and how much each of their pixels counts beside its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from landseer.core.window import spread

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


def starts(length: int, size: int, overlap: int, stride: int = 1) -> tuple[int, ...]:
    """Spread windows evenly, all but the last on multiples of the stride where they still overlap enough.

    Args:
        length: of the side, px.
        size: of a window, px.
        overlap: the least that neighbours share, px.
        stride: of the networks, px.
    """
    even = spread(length, size, overlap)
    last, most = length - size, size - overlap
    for count in (len(even), len(even) + 1):
        if count < 2 or stride < 2:
            break
        step = last / (count - 1)
        # on the cell before the even place, or on the first from which the last window can still be reached
        needed = [-(-(last - most * (count - 1 - i)) // stride) * stride for i in range(count - 1)]
        cells = {max(int(step * i) // stride * stride, needed[i]) for i in range(count - 1)}
        places = sorted({place for place in cells if place < last} | {last})
        if places[0] == 0 and max(b - a for a, b in pairwise(places)) <= most:
            return tuple(places)
    return tuple(even)


def shares(
    places: Sequence[int], size: int, border_px: int | None = None
) -> dict[int, NDArray[np.float32]]:
    """Return the weights of `taper` along the windows that start at these places; they add up to 1 everywhere.

    Args:
        places: where windows start.
        size: of each, px.
        border_px: as of `taper`.
    """
    shared = [0, *(max(0, a + size - b) for a, b in pairwise(places)), 0]
    tapers = {
        start: taper(size, before, after, border_px)
        for start, before, after in zip(places, shared, shared[1:], strict=False)
    }
    total = np.zeros(places[-1] + size)
    for start, weights in tapers.items():
        total[start : start + size] += weights
    return {
        start: (weights / total[start : start + size]).astype(np.float32)
        for start, weights in tapers.items()
    }


def _rise(overlap_px: int, border_px: int | None) -> NDArray[np.float64]:
    """Return zeros, then a raised-cosine ramp, then ones: (overlap_px,)."""
    border = int(DISCARDED * overlap_px) if border_px is None else border_px
    border = max(0, min(border, (overlap_px - 1) // 2))
    length = overlap_px - 2 * border
    rise = np.sin(0.5 * np.pi * (np.arange(length) + 0.5) / max(length, 1)) ** 2
    return np.concatenate([np.zeros(border), rise, np.ones(border)])[:overlap_px]
