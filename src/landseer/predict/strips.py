"""Weighted sums of windows in a strip of rows: finished rows are handed out, the rest moves up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.core.window import Window
from landseer.predict.plan import Plan

Planes = Mapping[str, NDArray[np.float32]]
"""By name, (n, h, w) values."""


@dataclass(frozen=True, slots=True)
class Strip:
    """Finished rows.

    Attributes:
        row: the first.
        height: how many.
        values: by name, (n, height, width) averages; NaN where no window was computed.
    """

    row: int
    height: int
    values: dict[str, NDArray[np.float32]]


class Strips:
    """Add windows in the order of the plan, and take finished rows out.

    Args:
        plan: of the scene.
        planes: number of planes by name.
        row: rows above this one are done already, and what windows say of them is dropped.
    """

    def __init__(self, plan: Plan, planes: Mapping[str, int], row: int = 0) -> None:
        self._plan, self._top = plan, row
        height, width = plan.size[0], plan.shape[1]
        self._sums = {
            n: np.zeros((count, height, width), np.float32) for n, count in planes.items()
        }
        self._weight = np.zeros((height, width), np.float32)
        self._scratch = np.empty((1, 1), np.float32)

    def add(self, window: Window, values: Planes) -> None:
        """Add one window's values; NaN counts as none of it."""
        skip = max(0, self._top - window.row)
        if skip >= window.height:
            return
        down, across = self._plan.weights(window)
        first = window.row + skip - self._top
        rows = slice(first, first + window.height - skip)
        cols = slice(window.col, window.col + window.width)
        weight = down[skip:, None] * across
        self._weight[rows, cols] += weight
        for name, sums in self._sums.items():
            into, new = sums[:, rows, cols], values[name][:, skip:]
            for plane, one in zip(into, new, strict=True):
                plane += np.multiply(one, weight, out=self._room(weight.shape))

    def take(self, row: int) -> Strip | None:
        """Hand out the rows above this one, and move the rest up; None where there are no new ones."""
        count = row - self._top
        if count <= 0:
            return None
        weight = self._weight[:count]
        with np.errstate(invalid="ignore", divide="ignore"):
            done = {
                name: _lengthened(sums[:, :count] / weight, count)
                for name, sums in self._sums.items()
            }
        for buffer in (*self._sums.values(), self._weight):
            _move_up(buffer, count)
        strip = Strip(self._top, count, done)
        self._top = row
        return strip

    def _room(self, shape: tuple[int, ...]) -> NDArray[Any]:
        """Return a piece of memory that is used again."""
        if self._scratch.shape != shape:
            self._scratch = np.empty(shape, np.float32)
        return self._scratch


def _lengthened(values: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Add rows of NaN, which no window covers, until there are so many."""
    more = count - values.shape[-2]
    if more <= 0:
        return values
    return np.pad(values, [(0, 0), (0, more), (0, 0)], constant_values=np.nan)


def _move_up(buffer: NDArray[np.float32], count: int) -> None:
    """Move the rows of a (..., h, w) buffer up by so many, zeros after them, without a second copy of it."""
    kept = max(0, buffer.shape[-2] - count)
    for row in range(0, kept, count):
        stop = min(row + count, kept)
        buffer[..., row:stop, :] = buffer[..., row + count : stop + count, :]
    buffer[..., kept:, :] = 0
