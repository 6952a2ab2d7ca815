"""The resolutions of a raster that comes in strips: each a temporary file, each half as fine as the one before."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.io import DatasetReader, DatasetWriter
from rasterio.windows import Window

TILE_PX = 512
"""Side of the tiles, and the height of the strips in which files are written."""

_PIECE_PX = 32
"""Rows that are halved at once, an even number."""

Array = NDArray[np.generic]
Halve = Callable[[Array], Array]
Look = Callable[[Array], None]


def open_levels(folder: Path, profile: Mapping[str, Any], halve: Halve, look: Look) -> list[Level]:
    """Open the files of all resolutions, down to the first that fits into one tile.

    Args:
        folder: takes the files.
        profile: rasterio's, of the finest.
        halve: turns (b, h, w) into half of it; strips of an even height follow each other.
        look: is shown each strip of the finest.
    """
    sizes = [(int(profile["height"]), int(profile["width"]))]
    while max(sizes[-1]) > TILE_PX:
        sizes.append((-(-sizes[-1][0] // 2), -(-sizes[-1][1] // 2)))
    levels: list[Level] = []
    for number, (height, width) in reversed(list(enumerate(sizes))):
        here = {**profile, "height": height, "width": width}
        follows = partial(_halve_into, levels[0], halve) if levels else _nothing
        shown = look if number == 0 else _nothing
        levels.insert(0, Level(folder / f"{number}.tif", here, shown, follows))
    return levels


class Level:
    """One resolution: rows from the top down become strips one tile high, which are written and handed on."""

    def __init__(self, path: Path, profile: Mapping[str, Any], *followers: Look) -> None:
        self.path = path
        self.file = cast("DatasetWriter", rasterio.open(path, "w", **profile))
        self._followers = followers
        self._buffer = np.empty(
            (self.file.count, min(TILE_PX, self.file.height), self.file.width), profile["dtype"]
        )
        self._held = self._row = 0
        self._checksums: list[int] = []

    @property
    def next_row(self) -> int:
        """The row that comes next."""
        return self._row + self._held

    def add(self, rows_bhw: Array) -> None:
        """Take rows."""
        while rows_bhw.shape[1]:
            count = min(rows_bhw.shape[1], self._buffer.shape[1] - self._held)
            self._buffer[:, self._held : self._held + count] = rows_bhw[:, :count]
            self._held += count
            rows_bhw = rows_bhw[:, count:]
            if self._held == self._buffer.shape[1] or self.next_row == self.file.height:
                self._put()

    def is_in(self, file: DatasetReader) -> bool:
        """Say whether a file has the very pixels that were taken."""
        strips = (_checksum(file.read(window=window)) for window in self._windows())
        return (file.height, file.width) == (self.file.height, self.file.width) and all(
            one == other for one, other in zip(strips, self._checksums, strict=True)
        )

    def _put(self) -> None:
        """Write the strip that is held, and hand it on."""
        strip = np.ascontiguousarray(self._buffer[:, : self._held])
        self.file.write(strip, window=Window(0, self._row, self.file.width, self._held))
        self._checksums.append(_checksum(strip))
        self._row, self._held = self.next_row, 0
        for follower in self._followers:
            follower(strip)

    def _windows(self) -> Iterator[Window]:
        """Return where the strips are."""
        for row in range(0, self.file.height, TILE_PX):
            yield Window(0, row, self.file.width, min(TILE_PX, self.file.height - row))


def _halve_into(below: Level, halve: Halve, rows_bhw: Array) -> None:
    """Hand half a strip on, a few rows after the others: what is made on the way takes little memory."""
    for row in range(0, rows_bhw.shape[1], _PIECE_PX):
        below.add(halve(rows_bhw[:, row : row + _PIECE_PX]))


def _checksum(rows_bhw: Array) -> int:
    """Return the CRC-32 of pixels that lie in one piece."""
    return zlib.crc32(rows_bhw.data)


def _nothing(rows_bhw: Array) -> None:
    """Do nothing."""
