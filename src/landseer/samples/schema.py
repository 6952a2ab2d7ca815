"""The columns of the sample table: their names, what they may hold, and the check that they do."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from landseer.core.references import PREFIX
from landseer.errors import DataError

SIDES = ("train", "test")
CRS_OF_FOOTPRINTS = "EPSG:4326"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the sample table.

    Attributes:
        kind: `text`, `integer`, `real`, `transform` (six numbers) or `geometry`.
        optional: whether a row may leave it empty (None; NaN for `real`).
        meaning: what it holds, for people.
    """

    kind: str
    optional: bool
    meaning: str


COLUMNS: dict[str, Column] = {
    "sample": Column("text", False, "unique name of the sample; the table is sorted by it"),
    "side": Column("text", False, "train or test, as the data set was delivered"),
    "image": Column("text", False, "absolute path of the image"),
    "label": Column("text", True, "absolute path of the label"),
    "height": Column("integer", False, "rows of the image, px; 0 when it cannot be read"),
    "width": Column("integer", False, "columns of the image, px; 0 when it cannot be read"),
    "crs": Column("text", True, "EPSG:n or WKT"),
    "transform": Column("transform", True, "a, b, c, d, e, f from (col, row) to (x, y)"),
    "gsd_m": Column("real", True, "ground sample distance, m"),
    "site": Column("text", True, "the group that the data set itself names"),
    "date": Column("text", True, "when the image was taken, as the data set writes it"),
    "excluded": Column("text", True, "why the sample is left out; empty when it is used"),
    "geometry": Column("geometry", True, "footprint in EPSG:4326"),
}


def is_missing(value: object) -> bool:
    """Tell None, NaN and pandas' NA from a value."""
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def normalise_columns(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Bring every column into its in-memory type, whatever a file or an assignment made of it.

    Returns:
        A copy: optional texts are objects with None, `height` and `width` int64, `gsd_m` float64, `transform` lists.
        References (`ref_*`) are objects with None where they are paths, and float64 where they are numbers. Columns of
        later stages are left alone, but those of type `str` get None for what is missing.
    """
    frame = frame.copy()
    for name in frame.columns:
        kind = column_kind(frame, name)
        if kind in _CONVERTERS:
            frame[name] = _CONVERTERS[kind](frame[name])
    return frame


def column_kind(frame: gpd.GeoDataFrame, name: str) -> str:
    """Return the kind of a column, as of `Column.kind`; "" for what is to be left as it is.

    Edges: a reference is text where it holds paths or nothing at all, real where it holds numbers.
    """
    if name in COLUMNS:
        return COLUMNS[name].kind
    values = frame[name]
    if isinstance(values.dtype, pd.StringDtype):
        return "text"
    if not name.startswith(PREFIX):
        return ""
    if pd.api.types.is_numeric_dtype(values.dtype):
        return "real"
    return {frozenset(): "text", frozenset([str]): "text", frozenset([float]): "real"}.get(
        _forms(values), ""
    )


def _forms(values: pd.Series) -> frozenset[type]:
    """Say whether texts, numbers or both are among a column's values."""
    there = (value for value in values if not is_missing(value))
    return frozenset(str if isinstance(value, str) else float for value in there)


def _texts(values: pd.Series) -> pd.Series:
    """Objects: a str, or None."""
    return _objects(values, str)


def _transforms(values: pd.Series) -> pd.Series:
    """Objects: a list of six floats, or None."""
    return _objects(values, lambda value: [float(number) for number in value])


def _objects(values: pd.Series, convert: Callable[[Any], Any]) -> pd.Series:
    """Convert what is there, None for what is not, dtype object."""
    converted = [None if is_missing(value) else convert(value) for value in values]
    return pd.Series(converted, index=values.index, dtype=object)


_CONVERTERS: dict[str, Callable[[pd.Series], pd.Series]] = {
    "text": _texts,
    "transform": _transforms,
    "integer": lambda values: values.astype(np.int64),
    "real": lambda values: values.astype(np.float64),
}


def check_schema(frame: gpd.GeoDataFrame, *, where: object = "") -> None:
    """Refuse a table that is not a sample table.

    Raises:
        DataError: columns are missing, names repeat, a side is unknown, a required value is empty, a transform has not
            six numbers, a reference is here a path and there a number, rows are not sorted, or footprints are not in
            EPSG:4326. All faults are listed.
    """
    faults = list(_faults(frame))
    if faults:
        raise DataError(
            "expected a sample table; got one with these faults: " + "; ".join(faults),
            where=where,
            do="run `landseer samples` again",
        )


def _faults(frame: gpd.GeoDataFrame) -> list[str]:
    """List what is wrong with a table."""
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        return [f"no column {', '.join(missing)}"]
    faults = [
        f"{name} is empty in {int(frame[name].isna().sum())} rows"
        for name, column in COLUMNS.items()
        if not column.optional and frame[name].isna().any()
    ]
    if frame["sample"].duplicated().any():
        faults.append(
            f"sample names repeat: {shorten(frame['sample'][frame['sample'].duplicated()])}"
        )
    elif not frame["sample"].is_monotonic_increasing:
        faults.append("rows are not sorted by sample")
    sides = set(frame["side"]) - set(SIDES)
    if sides:
        faults.append(f"side is {shorten(sides)} (expected train or test)")
    faults += [
        f"{name} holds both paths and numbers"
        for name in frame.columns
        if name.startswith(PREFIX) and len(_forms(frame[name])) > 1
    ]
    if any(len(value) != 6 for value in frame["transform"] if not is_missing(value)):
        faults.append("a transform has not six numbers")
    if not isinstance(frame, gpd.GeoDataFrame) or frame.crs != CRS_OF_FOOTPRINTS:
        faults.append("footprints are not in EPSG:4326")
    return faults


def shorten(values: Any) -> str:
    """List a few values for a message, sorted, and say how many more there are."""
    ordered = sorted(map(str, values))
    rest = f" and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else ""
    return ", ".join(ordered[:_SHOWN]) + rest
