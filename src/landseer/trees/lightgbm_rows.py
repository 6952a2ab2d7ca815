"""The pixel table as lightgbm reads it: a sequence per file, of which one is in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.models.tree_files import tree_library
from landseer.trees.table import PixelTable


def lightgbm_data(
    table: PixelTable, wanted: NDArray[np.bool_], settings: Mapping[str, Any], *, like: Any = None
) -> Any:
    """Make lightgbm's data set; it bins the files as it reads them.

    Args:
        table: the pixels.
        wanted: (samples,) bool, whose pixels.
        settings: lightgbm's.
        like: another data set whose bins hold here too.

    Raises:
        UsageError: the library is not installed.
    """
    library = tree_library("lightgbm")
    truth, weight = table.labels(wanted)
    held = _Held(table, wanted)

    class File(library.Sequence):  # type: ignore[misc, name-defined]
        """The pixels of one file."""

        batch_size = 65536

        def __init__(self, name: str, rows: int) -> None:
            self._name, self._rows = name, rows

        def __len__(self) -> int:
            return self._rows

        def __getitem__(self, place: Any) -> NDArray[np.float64]:
            return held.channels(self._name)[place].astype(np.float64)

    files = [File(name, rows) for name, rows in table.counts(wanted).items() if rows]
    data = library.Dataset(
        files,
        label=truth.astype(np.float32),
        weight=weight / weight.mean(),
        reference=like,
        params=dict(settings),
    )
    return data.construct()


class _Held:
    """The channels of the file that was read last."""

    def __init__(self, table: PixelTable, wanted: NDArray[np.bool_]) -> None:
        self._table, self._wanted = table, wanted
        self._name, self._channels = "", np.zeros((0, 0), np.float32)

    def channels(self, name: str) -> NDArray[np.float32]:
        """Return the channels of a file."""
        if name != self._name:
            self._name, self._channels = name, self._table.read(name, self._wanted).channels
        return self._channels
