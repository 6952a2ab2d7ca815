"""Strata: the make-up that every fold should share, as counts per group."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from landseer.errors import RecipeError
from landseer.samples.schema import is_missing

MOST_VALUES = 20
"""Columns with more distinct values than this are measurements, not strata."""

JOINT = " | "


def stratum_keys(rows: gpd.GeoDataFrame, columns: Sequence[str]) -> dict[str, list[str]]:
    """Return the strata of each row: of each column, and of all columns together.

    Args:
        rows: sample table.
        columns: flags or categories; a missing value is a value of its own.

    Returns:
        name of the stratification -> one key per row, such as `has_kelp=True`. The last one joins all columns.

    Raises:
        RecipeError: a column is not in the table, or has more than 20 distinct values.
    """
    single = {name: _keys(rows, name) for name in columns}
    if len(columns) < 2:
        return single
    joined = [JOINT.join(parts) for parts in zip(*single.values(), strict=True)]
    return single | {JOINT.join(columns): joined}


def count_matrix(
    units: Sequence[str], names: Sequence[str], stratifications: dict[str, list[str]]
) -> tuple[NDArray[np.float64], list[str]]:
    """Count, for each unit that must stay whole, its samples in all and in each stratum.

    Args:
        units: unit of each sample.
        names: the distinct units, in the order of the rows wanted.
        stratifications: as `stratum_keys` returns.

    Returns:
        (n_units, n_strata) counts, column 0 counting all samples; and the strata's names.
    """
    position = {name: n for n, name in enumerate(names)}
    rows = np.array([position[unit] for unit in units], np.intp)
    labels, columns = ["samples"], [np.bincount(rows, minlength=len(names))]
    for keys in stratifications.values():
        for key in sorted(set(keys)):
            inside = rows[np.array([one == key for one in keys], bool)]
            labels.append(key)
            columns.append(np.bincount(inside, minlength=len(names)))
    return np.stack(columns, axis=1).astype(np.float64), labels


def _keys(rows: gpd.GeoDataFrame, name: str) -> list[str]:
    """Spell the values of one column."""
    if name not in rows.columns:
        raise RecipeError(
            f"expected a column of the sample table; got {name!r}",
            where="split.strata",
            do=f"use some of: {', '.join(_candidates(rows))}",
        )
    keys = [f"{name}={_spell(value)}" for value in rows[name]]
    if len(set(keys)) > MOST_VALUES:
        raise RecipeError(
            f"expected flags or categories (at most {MOST_VALUES} values); {name} has {len(set(keys))}",
            where="split.strata",
            do="use a flag made from it, such as high_corrupted_pixels_pct",
        )
    return keys


def _spell(value: object) -> str:
    """Spell a value alike whatever type a file has made of it."""
    if is_missing(value):
        return "none"
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _candidates(rows: gpd.GeoDataFrame) -> list[str]:
    """List the columns that could be strata."""
    return [name for name in rows.columns if pd.api.types.is_bool_dtype(rows[name].dtype)] or [
        str(name) for name in rows.columns
    ]
