"""Which ground of an oblique picture is hidden behind what stands in front of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.synth.camera import View
from landseer.synth.scan import NOTHING, scan
from landseer.synth.solids import World

_SLACK_M = 0.25


@dataclass(frozen=True)
class Ground:
    """The ground under a picture, on the picture's own grid: every pixel is a footprint.

    Attributes:
        top_m: (h, w) float32, height of the highest surface over each footprint; NaN where nothing is.
        hidden: (h, w) bool: the picture shows something else in front of that surface.
        outside: (h, w) bool: that surface falls beyond the picture's border.
    """

    top_m: NDArray[np.float32]
    hidden: NDArray[np.bool_]
    outside: NDArray[np.bool_]


def ground_truth(world: World, view: View) -> Ground:
    """Find out what of the ground a picture shows.

    Args:
        world: the solids.
        view: the camera.

    Edges: exact where the surface is the ground itself; elsewhere the four pixels around the seen
        place decide, and the lowest counts, so that roofs do not hide their own rims.
    """
    above = scan(world, view.straight_down())
    seen = scan(world, view).height_m
    rows, cols = np.indices(view.size, dtype=np.float64)
    down, right = view.flow_per_m
    row, col = rows - above.height_m * down, cols - above.height_m * right
    lowest = np.full(view.size, np.inf)
    outside = np.zeros(view.size, bool)
    for round_row in (np.floor, np.ceil):
        for round_col in (np.floor, np.ceil):
            r, c = round_row(row).astype(int), round_col(col).astype(int)
            beyond = (r < 0) | (r >= view.size[0]) | (c < 0) | (c >= view.size[1])
            outside |= beyond
            at = seen[np.clip(r, 0, view.size[0] - 1), np.clip(c, 0, view.size[1] - 1)]
            lowest = np.minimum(lowest, np.where(beyond, np.inf, at))
    there = above.number != NOTHING
    hidden = ~outside & there & (lowest > above.height_m + _SLACK_M)
    top = np.where(there, above.height_m, np.nan).astype(np.float32)
    return Ground(top, hidden, outside)
