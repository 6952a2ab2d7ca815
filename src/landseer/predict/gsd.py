"""Ground sample distances of the images to be predicted: given, from a table, or from their georeference."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from landseer.errors import DataError, FileReadError, UsageError
from landseer.predict.options import PredictOptions
from landseer.predict.spec import ModelSpec, Naming
from landseer.raster.read import RasterInfo
from landseer.samples.footprint import ground_sample_distance_m

_IDS, _VALUES = ("id", "sample"), ("gsd", "gsd_m")


class GsdLookup:
    """Finds an image's ground sample distance.

    Args:
        spec: whether any of its heads asks for the distance, and how images are named.
        options: `gsd_m` and `gsd_table`.

    Raises:
        FileReadError, DataError: the table cannot be read, or is none.
    """

    def __init__(self, spec: ModelSpec, options: PredictOptions) -> None:
        self._given = options.gsd_m
        self._naming = options.naming or spec.naming or Naming()
        self._table = {} if options.gsd_table is None else read_gsd_table(options.gsd_table)
        self._is_needed = any(
            getattr(target.the_head, "gsd_cue", False) for target in spec.targets.values()
        )

    def __call__(self, info: RasterInfo) -> float:
        """Return the distance in metres; NaN where it is neither known nor needed.

        Raises:
            UsageError: the model asks for it, and nothing tells it.
        """
        found = self._find(info)
        if self._is_needed and math.isnan(found):
            raise UsageError(
                "expected the ground sample distance, which this model asks for; got an image without georeference",
                where=info.path,
                do="give --gsd-m, or --gsd-table with the columns id and gsd",
            )
        return found

    def _find(self, info: RasterInfo) -> float:
        """Look in the table, then take what was given, then the georeference."""
        sample = self._naming.id_of(info.path.stem)
        if sample in self._table:
            return self._table[sample]
        if self._given is not None:
            return self._given
        if info.crs is None or info.transform is None:
            return math.nan
        return ground_sample_distance_m(info.crs, info.transform, info.height, info.width)


def read_gsd_table(path: Path) -> dict[str, float]:
    """Read image id -> ground sample distance, m.

    Args:
        path: CSV with the columns id (or sample) and gsd (or gsd_m); others are left alone.

    Raises:
        FileReadError: the file cannot be read.
        DataError: a column is missing, or a distance is no number above 0.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileReadError(f"expected a CSV; got: {error}", where=path) from error
    columns = list(rows[0]) if rows else []
    key = next((name for name in _IDS if name in columns), None)
    value = next((name for name in _VALUES if name in columns), None)
    if key is None or value is None:
        raise DataError(
            f"expected the columns id and gsd; got {', '.join(columns) or 'no rows'}", where=path
        )
    return {row[key]: _number(row[value], path) for row in rows}


def _number(text: str, path: Path) -> float:
    """Return a distance."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise DataError(f"expected a distance above 0 m; got {text!r}", where=path)
    return value
