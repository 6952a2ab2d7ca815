"""Make, read, write and filter the sample table (GeoParquet)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa

from landseer.core.files import atomic_path
from landseer.errors import DataError, FileReadError
from landseer.samples.schema import (
    COLUMNS,
    CRS_OF_FOOTPRINTS,
    check_schema,
    column_kind,
    is_missing,
    normalise_columns,
    shorten,
)

_DEFAULTS: dict[str, Any] = {
    "label": None, "crs": None, "transform": None, "gsd_m": float("nan"), "site": None, "date": None,
    "excluded": None, "geometry": None,
}  # fmt: skip


def empty_frame() -> gpd.GeoDataFrame:
    """Return a sample table without rows."""
    return make_samples([])


def make_samples(records: Sequence[Mapping[str, Any]]) -> gpd.GeoDataFrame:
    """Make a sample table of one record per sample.

    Args:
        records: mappings with the columns of `schema.COLUMNS`; optional ones may be left out, further ones, such as
            references (`ref_<name>`: an absolute path, or a number), are kept.

    Returns:
        The table, sorted by sample, with a fresh index.

    Raises:
        DataError: a required value is missing, a name is given twice (both files are named), or a side is unknown.
    """
    _check_unique(records)
    rows = [_DEFAULTS | dict(record) for record in records]
    names = list(dict.fromkeys([*COLUMNS, *(key for row in rows for key in row)]))
    data = {name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names}
    later = {name: data[name].infer_objects() for name in names if name not in COLUMNS}
    frame = gpd.GeoDataFrame(data | later, geometry="geometry", crs=CRS_OF_FOOTPRINTS)
    if frame[["height", "width"]].isna().any(axis=None):
        raise DataError("expected height and width for every sample; got none for some")
    frame = normalise_columns(frame).sort_values("sample", kind="stable", ignore_index=True)
    check_schema(frame)
    return frame


def _check_unique(records: Sequence[Mapping[str, Any]]) -> None:
    """Refuse two records of one name."""
    images: dict[str, list[str]] = {}
    for record in records:
        images.setdefault(str(record.get("sample")), []).append(str(record.get("image")))
    twice = {name: paths for name, paths in images.items() if len(paths) > 1}
    if twice:
        name, paths = min(twice.items())
        raise DataError(
            f"expected one image per sample name; got {len(twice)} names with several ({shorten(twice)})",
            where=f"{name}: {' and '.join(paths)}",
            do="let the pattern's wildcards cover what tells the files apart, or give test samples a prefix",
        )


def read_samples(path: Path) -> gpd.GeoDataFrame:
    """Read a sample table.

    Raises:
        FileReadError: the file is missing or not GeoParquet.
        DataError: it is no sample table; all faults are listed.
    """
    path = Path(path)
    try:
        frame = gpd.read_parquet(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        came = "there is no such file" if isinstance(error, FileNotFoundError) else f"got: {error}"
        raise FileReadError(
            f"expected a sample table (GeoParquet); {came}", where=path, do="run `landseer samples`"
        ) from error
    if all(name in frame.columns for name in COLUMNS):
        frame = normalise_columns(frame)
    check_schema(frame, where=path)
    return frame


def write_samples(path: Path, frame: gpd.GeoDataFrame) -> None:
    """Write a sample table whole or not at all.

    Raises:
        DataError: the frame is no sample table.
        WriteError: the file cannot be written.
    """
    check_schema(frame, where=path)
    # Texts get pandas' str type so that a column without any value is still text in the file.
    typed = normalise_columns(frame)
    typed = typed.astype(
        {name: "str" for name in typed.columns if column_kind(typed, name) == "text"}
    )
    with atomic_path(path) as temporary:
        typed.to_parquet(temporary, index=False)


def usable(frame: gpd.GeoDataFrame, side: str | None = "train") -> gpd.GeoDataFrame:
    """Return the rows that are not excluded, of one side or (None) of both; the index is kept."""
    kept = frame["excluded"].map(is_missing).astype(bool)
    return frame[kept if side is None else kept & (frame["side"] == side)]
