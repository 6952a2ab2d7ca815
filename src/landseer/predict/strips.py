"""Weighted sums of windows in a strip of rows: finished rows are handed out, the rest moves up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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
        values: by name, (n, height, width) averages, good until the next window is added; they mean nothing where a
            window was left out.
    """

    row: int
    height: int
    values: dict[str, NDArray[np.float32]]


class Strips:
    """Add windows in the order of the plan, and take finished rows out.

    Weights add up to 1 at each pixel (`Plan.weights`), so that sums are averages as they are. A window may only be left
    out when no pixel of it is wanted. What its border discards is never looked at.

    Args:
        plan: of the scene.
        planes: number of planes by name.
        row: rows above this one are done already, and what windows say of them is dropped.
    """

    def __init__(self, plan: Plan, planes: Mapping[str, int], row: int = 0) -> None:
        self._plan, self._top, self._taken = plan, row, 0
        height, width = plan.size[0], plan.shape[1]
        self._sums = {
            n: np.zeros((count, height, width), np.float32) for n, count in planes.items()
        }

    def add(self, window: Window, values: Planes) -> None:
        """Add one window's values."""
        self._move_up()
        skip = max(0, self._top - window.row)
        down, across = self._plan.weights(window)
        for rows in _parts(down, skip):
            into_rows = _moved(rows, window.row - self._top)
            for cols in _parts(across):
                weight = (
                    None
                    if down[rows.start] == across[cols.start] == 1
                    else (down[rows, None] * across[cols])
                )
                for name, sums in self._sums.items():
                    into = sums[:, into_rows, _moved(cols, window.col)]
                    new = values[name][:, rows, cols]
                    if weight is None:
                        into[:] = new  # nothing else is ever added here
                    else:
                        into += new * weight

    def take(self, row: int) -> Strip | None:
        """Hand out the rows above this one; None where there are no new ones."""
        self._move_up()
        count = row - self._top
        if count <= 0:
            return None
        self._taken = count
        done = {name: _lengthened(sums[:, :count], count) for name, sums in self._sums.items()}
        return Strip(self._top, count, done)

    def _move_up(self) -> None:
        """Forget the rows that were handed out."""
        if self._taken:
            for sums in self._sums.values():
                _move_up(sums, self._taken)
            self._top, self._taken = self._top + self._taken, 0


def _parts(weights: NDArray[np.float32], first: int = 0) -> Iterator[slice]:
    """Yield the parts of a side from pixel `first` on, but for weights of 0: before, where and after weights are 1."""
    counting = np.flatnonzero(weights)
    alone = np.flatnonzero(weights == 1)
    if not counting.size:
        return
    start, stop = int(counting[0]), int(counting[-1]) + 1
    inner = (int(alone[0]), int(alone[-1]) + 1) if alone.size else (stop, stop)
    for low, high in ((start, inner[0]), inner, (inner[1], stop)):
        if max(low, first) < high:
            yield slice(max(low, first), high)


def _moved(part: slice, by: int) -> slice:
    """Return a slice moved by so many pixels."""
    return slice(part.start + by, part.stop + by)


def _lengthened(values: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Add rows that no window covers until there are so many."""
    more = count - values.shape[-2]
    return values if more <= 0 else np.pad(values, [(0, 0), (0, more), (0, 0)])


def _move_up(buffer: NDArray[np.float32], count: int) -> None:
    """Move the rows of a (..., h, w) buffer up by so many, zeros after them, without a second copy of it."""
    kept = max(0, buffer.shape[-2] - count)
    for row in range(0, kept, count):
        stop = min(row + count, kept)
        buffer[..., row:stop, :] = buffer[..., row + count : stop + count, :]
    buffer[..., kept:, :] = 0
