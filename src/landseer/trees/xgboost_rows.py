"""The pixel table as xgboost reads it: file by file, into a matrix of one byte per pixel and channel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.models.tree_files import tree_library
from landseer.trees.table import PixelTable


def xgboost_data(
    table: PixelTable,
    wanted: NDArray[np.bool_],
    n_classes: int,
    threads: int,
    *,
    like: Any = None,
    one_hot: bool = False,
) -> Any:
    """Make xgboost's quantile matrix.

    Args:
        table: the pixels.
        wanted: (samples,) bool, whose pixels.
        n_classes: classes of their labels.
        threads: of the making.
        like: another matrix whose bins hold here too.
        one_hot: labels are 0 or 1 for each class where there are more than two.

    Raises:
        UsageError: the library is not installed.
    """
    library = tree_library("xgboost")
    files = table.files(wanted)
    scale = np.float32(1 / table.labels(wanted)[1].mean())

    class Files(library.DataIter):  # type: ignore[misc, name-defined]
        """Hand over one file after another."""

        def __init__(self) -> None:
            super().__init__()
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

    return library.QuantileDMatrix(Files(), ref=like, nthread=threads)
