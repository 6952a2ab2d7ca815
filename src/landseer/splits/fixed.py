"""Fixed folds: read from a column, or from one file of sample names per fold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd

from landseer.errors import FileReadError, RecipeError
from landseer.samples.schema import is_missing, shorten
from landseer.splits.config import FixedConfig
from landseer.splits.parts import HOLDOUT, TRAIN_ONLY


def fixed_folds(rows: gpd.GeoDataFrame, config: FixedConfig) -> list[int]:
    """Look up the fold of each row.

    Args:
        rows: usable training samples.
        config: where the folds are written.

    Returns:
        per row: fold number, -1 for trained on only, -2 for put aside.

    Raises:
        RecipeError: a sample is in two lists or in none, a name is unknown, or the column is not there.
        FileReadError: a list cannot be read.
    """
    folds = _by_column(rows, config) if config.column else _by_files(rows, config)
    missing = [name for name in rows["sample"] if name not in folds]
    if missing and config.unlisted == "error":
        raise RecipeError(
            f"expected a fold for every training sample; {len(missing)} have none ({shorten(missing)})",
            where="split",
            do="list them, or set split.unlisted to train_only",
        )
    return [folds.get(name, TRAIN_ONLY) for name in rows["sample"]]


def _by_column(rows: gpd.GeoDataFrame, config: FixedConfig) -> dict[str, int]:
    """Number the distinct values of a column in order, and add the list of those put aside."""
    if config.column not in rows.columns:
        raise RecipeError(
            f"expected a column of the sample table; got {config.column!r}",
            where="split.column",
            do=f"use one of: {', '.join(map(str, rows.columns))}",
        )
    values = {
        name: value
        for name, value in zip(rows["sample"], rows[config.column], strict=True)
        if not is_missing(value)
    }
    number = {value: n for n, value in enumerate(sorted(set(values.values())))}
    aside = _read_list(config.holdout_file) if config.holdout_file else []
    return {name: number[value] for name, value in values.items()} | dict.fromkeys(aside, HOLDOUT)


def _by_files(rows: gpd.GeoDataFrame, config: FixedConfig) -> dict[str, int]:
    """Read one list per fold, and the list of those put aside."""
    lists = {number: _read_list(path) for number, path in enumerate(config.files)}
    if config.holdout_file:
        lists[HOLDOUT] = _read_list(config.holdout_file)
    _check_lists(set(rows["sample"]), list(lists.values()))
    return {name: number for number, names in lists.items() for name in names}


def _check_lists(known: set[str], lists: Sequence[list[str]]) -> None:
    """Refuse names that are listed twice or are no training samples."""
    every = [name for names in lists for name in names]
    twice = (
        {name for name in every if every.count(name) > 1} if len(set(every)) < len(every) else ()
    )
    unknown = set(every) - known
    if twice or unknown:
        faults = [
            f"{len(names)} {what} ({shorten(names)})"
            for names, what in ((twice, "listed twice"), (unknown, "no usable training samples"))
            if names
        ]
        raise RecipeError(
            f"expected each training sample in one list; got {' and '.join(faults)}",
            where="split.files",
            do="correct the lists",
        )


def _read_list(path: Path) -> list[str]:
    """Read a text file of one name per line; blank lines do not count."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileReadError(
            f"expected a text file of sample names; got: {error}", where=path
        ) from error
    return [line.strip() for line in lines if line.strip()]
