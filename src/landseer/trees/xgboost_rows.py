"""The pixel table as xgboost reads it: file by file, into one byte per pixel and channel, which lie on disk if many."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.errors import WriteError
from landseer.models.tree_files import tree_library
from landseer.trees.table import PixelTable

MOST_HELD = 2**26
"""So many numbers of a table are held in memory, a byte each and twice; of a larger one none are."""

_ROOM = 4
"""Bytes of room for each number that lies on disk; 2.7 were measured. On a full disk xgboost ends the process."""


@contextmanager
def pages(table: PixelTable) -> Iterator[None]:
    """Give large tables room on disk, beside the table, for as long as trees grow."""
    folder = _pages(table)
    shutil.rmtree(folder, ignore_errors=True)  # of a process that was killed
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pages(table: PixelTable) -> Path:
    """Return the folder of what lies on disk while trees grow."""
    return table.folder.with_name(f"{table.folder.name}-pages")


def xgboost_data(
    table: PixelTable,
    wanted: NDArray[np.bool_],
    n_classes: int,
    threads: int,
    *,
    like: Any = None,
    one_hot: bool = False,
) -> Any:
    """Make xgboost's quantile matrix; trees are the same, bit for bit, whether it is held or lies on disk.

    Args:
        table: the pixels.
        wanted: (samples,) bool, whose pixels.
        n_classes: classes of their labels.
        threads: of the making.
        like: another matrix whose bins hold here too.
        one_hot: labels are 0 or 1 for each class where there are more than two.

    Raises:
        UsageError: the library is not installed.
        WriteError: a table that must lie on disk has no room there.

    Edges: a table of more than `MOST_HELD` numbers needs `pages` around its use, and takes twice the time.
    """
    library = tree_library("xgboost")
    files = table.files(wanted)
    weights = table.labels(wanted)[1]
    scale, n_numbers = np.float32(1 / weights.mean()), len(weights) * len(table.names)

    class Files(library.DataIter):  # type: ignore[misc, name-defined]
        """Hand over one file after another."""

        def __init__(self, prefix: str | None = None) -> None:
            super().__init__(cache_prefix=prefix)
            self._next = 0

        def next(self, input_data: Any) -> bool:
            """Hand over the next file; false where there is none."""
            if self._next == len(files):
                return False
            block = table.read(files[self._next], wanted)
            self._next += 1
            label = block.truth.astype(np.float32)
            if one_hot and n_classes > 2:
                label = np.eye(n_classes, dtype=np.float32)[block.truth]
            input_data(data=block.channels, label=label, weight=block.weight * scale)
            return True

        def reset(self) -> None:
            """Begin again."""
            self._next = 0

    if n_numbers <= MOST_HELD:
        return library.QuantileDMatrix(Files(), ref=like, nthread=threads)
    prefix = str(_room(_pages(table), n_numbers) / "pages")
    return library.ExtMemQuantileDMatrix(Files(prefix), ref=like, nthread=threads)


def _room(folder: Path, n_numbers: int) -> Path:
    """Return a new folder in this one, where so many numbers have room."""
    folder.mkdir(exist_ok=True)
    free, needed = shutil.disk_usage(folder).free, _ROOM * n_numbers
    if free < needed:
        raise WriteError(
            f"expected room for {needed / 1e6:,.0f} MB while trees grow; got {free / 1e6:,.0f} MB",
            where=folder,
            do="free disk space, or take fewer pixels (`trees.pixels`)",
        )
    return Path(tempfile.mkdtemp(dir=folder))
