"""Tables of what is true, one row a dataclass, as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any, TypeVar

from landseer.synth.geopose_files import write_table

Row = TypeVar("Row")

_CAST = {"int": int, "float": float, "str": str}


def write_rows(path: Path, kind: type[Row], rows: Iterable[Row]) -> None:
    """Write rows of a dataclass whose fields are numbers and texts."""
    table: Iterable[Any] = rows
    write_table(path, [field.name for field in fields(kind)], map(astuple, table))  # type: ignore[arg-type]


def read_rows(path: Path, kind: type[Row]) -> list[Row]:
    """Read a table of such rows back."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        return [
            kind(**{f.name: _CAST[str(f.type)](row[f.name]) for f in fields(kind)})  # type: ignore[arg-type]
            for row in csv.DictReader(file)
        ]
