"""Tables of a data set: one value per sample in a CSV."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from landseer.errors import DataError, FileReadError
from landseer.samples.schema import shorten


def read_column(path: Path, key: str) -> dict[str, str]:
    """Read sample -> value from a CSV with the columns sample and `key`; rows without either are left out.

    Raises:
        FileReadError: the file cannot be read.
        DataError: a column is missing, or a sample has several values.
    """
    try:
        table = pd.read_csv(path, dtype=str)
    except (OSError, ValueError) as error:
        raise FileReadError(
            f"expected a table (CSV) with the columns sample and {key}; got: {error}", where=path
        ) from error
    missing = [name for name in ("sample", key) if name not in table.columns]
    if missing:
        raise DataError(
            f"expected the columns sample and {key}; got {', '.join(table.columns)}", where=path
        )
    table = table.dropna(subset=["sample", key])
    counts = table.groupby("sample")[key].nunique()
    if (counts > 1).any():
        raise DataError(
            f"expected one {key} per sample; got several for {shorten(counts.index[counts > 1])}",
            where=path,
        )
    return dict(zip(table["sample"], table[key], strict=True))
