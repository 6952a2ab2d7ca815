"""Ground sample distances of the images to be predicted: given, from a table, or from their georeference."""

from __future__ import annotations

import csv
import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from landseer.errors import DataError, FileReadError, GridError, UsageError
from landseer.predict.inputs import Job
from landseer.predict.journal import FOLDER
from landseer.predict.options import PredictOptions
from landseer.predict.spec import ModelSpec, Naming
from landseer.raster.read import RasterInfo
from landseer.raster.stack import write_stack
from landseer.samples.footprint import ground_sample_distance_m

_IDS, _VALUES = ("id", "sample"), ("gsd", "gsd_m")


class GsdLookup:
    """Finds an image's ground sample distance.

    Args:
        spec: whether any of its heads asks for the distance, or it reads at one; and how images are named.
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
        self._is_used = self._is_needed or spec.gsd_m is not None

    def __call__(self, info: RasterInfo) -> float:
        """Return the distance in metres; NaN where it is neither known nor needed.

        Raises:
            UsageError: the model asks for it, and nothing tells it.
            GridError: the model uses it, and the georeference gives none.
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
        try:
            return georeferenced_m(info)
        except GridError:
            if self._is_used:
                raise
            return math.nan


def georeferenced_m(info: RasterInfo) -> float:
    """Return the ground sample distance that a georeference gives, m; NaN where there is none.

    Raises:
        GridError: the image has no place on the Earth by it, or is not to be measured there.
    """
    if info.crs is None or info.transform is None:
        return math.nan
    try:
        found = ground_sample_distance_m(info.crs, info.transform, info.height, info.width)
    except GridError as error:
        raise _unplaced(info, error.message) from error
    if not (math.isfinite(found) and found > 0):
        came = f"expected an image that lies on the Earth; got one that cannot be measured in {info.crs[:60]}"
        raise _unplaced(info, came)
    return found


def _unplaced(info: RasterInfo, message: str) -> GridError:
    """Say that a georeference is wrong."""
    return GridError(
        message,
        where=info.path,
        do="correct the CRS and the transform of the file, or give --gsd-m or --gsd-table",
    )


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


SAME = 0.01
"""Ground sample distances that differ by less than this share are one."""


def at_gsd(job: Job, own_m: float, gsd_m: float | None, folder: Path | None = None) -> Job:
    """Have an image read at a ground sample distance.

    Args:
        job: the image and its files.
        own_m: the image's own, m; NaN where not known.
        gsd_m: wanted, m; None leaves the image as it is.
        folder: of virtual rasters; None takes a hidden one beside the map.

    Returns:
        The job with a virtual raster in the place of the image, where that has another distance; the job itself where
        it has not, or where its own is not known.

    Raises:
        FileReadError: the image cannot be read.
    """
    if gsd_m is None or math.isnan(own_m) or abs(own_m / gsd_m - 1) < SAME:
        return job
    path = (folder or job.output.parent / _GRIDS) / f"{job.output.stem}.vrt"
    path.parent.mkdir(parents=True, exist_ok=True)
    return replace(job, image=write_stack(path, [job.image], scale=own_m / gsd_m))


@contextmanager
def grids_of(out: Path) -> Iterator[None]:
    """Remove the virtual rasters of a folder of maps in the end."""
    try:
        yield
    finally:
        shutil.rmtree(out / _GRIDS, ignore_errors=True)


_GRIDS = f"{FOLDER}-grids"
"""Hidden folder of virtual rasters; journals have another one, and names that images give them."""
