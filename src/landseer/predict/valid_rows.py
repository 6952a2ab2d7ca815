"""Which pixels of a scene's rows have data, kept from when rows are read until they are written."""

from __future__ import annotations

from threading import Lock

import numpy as np
from numpy.typing import NDArray

Valid = NDArray[np.bool_]


def everywhere(height: int, width: int) -> Valid:
    """Return that all of (h, w) pixels have data, in the memory of one."""
    return np.broadcast_to(np.True_, (height, width))


def is_everywhere(valid: Valid) -> bool:
    """Whether this is one value for all pixels, which is that all have data."""
    return valid.strides == (0, 0)


class ValidRows:
    """Where rows have data, from the first row that is not finished on; one thread may put while another takes.

    Args:
        height, width: of the scene, px.
        row: the first that is asked for.
    """

    def __init__(self, height: int, width: int, row: int) -> None:
        self._height, self._width = height, width
        self._rows: dict[int, Valid] = {}
        self._stop = row
        self._lock = Lock()

    def put(self, row: int, valid: Valid) -> None:
        """Take the rows that are new: (h, width) from `row` on."""
        with self._lock:
            skip = self._stop - row
            if skip < 0:
                self._fill(row)
                skip = 0
            if skip < len(valid):
                self._rows[self._stop] = valid[skip:]
                self._stop = row + len(valid)

    def _fill(self, row: int) -> None:
        """Say that nothing is known up to this row: no window covers it."""
        if row > self._stop:
            self._rows[self._stop] = np.zeros((row - self._stop, self._width), bool)
            self._stop = row

    def take(self, row: int, height: int) -> Valid:
        """Return rows that were put, not to be written into, and forget what lies above their end."""
        with self._lock:
            return self._take(row, height)

    def _take(self, row: int, height: int) -> Valid:
        """Return rows, and forget them."""
        stop = row + height
        self._fill(min(stop, self._height))
        parts = {start: valid for start, valid in self._rows.items() if start < stop}
        found = everywhere(height, self._width)
        if not all(map(is_everywhere, parts.values())):
            found = np.zeros((height, self._width), bool)
            for start, valid in parts.items():
                low, high = max(start, row), min(start + len(valid), stop)
                if low < high:
                    found[low - row : high - row] = valid[low - start : high - start]
        for start, valid in parts.items():
            if start + len(valid) <= stop:
                del self._rows[start]
        return found
