"""The state of files outside the run folder that stages read: names, sizes and times."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from landseer.core.address import file_of
from landseer.core.files import hash_value
from landseer.run.context import Run
from landseer.samples.schema import is_missing
from landseer.samples.table import read_samples

RUN_MARK = ".stages"
"""Folder by which a run folder is known."""


def data_state(run: Run) -> str:
    """Return a hash of the state of all files of the data.

    Edges: run folders below the data's root do not count, this run's included; hidden files do not either.
    """
    root = Path(run.recipe.data.root)
    tables = [getattr(run.recipe.data, name, None) for name in ("site_table", "date_table")]
    tables += [spec.table for spec in getattr(run.recipe.data, "numbers", ())]
    apart = [root / table for table in tables if table is not None]
    return _state([*_below(root, run.folder.resolve()), *apart])


def training_files(run: Run) -> str:
    """Return a hash of the state of the images, labels and references of all training samples."""
    frame = read_samples(run.path("samples.parquet"))
    rows = frame[(frame["side"] == "train") & frame["excluded"].isna()]
    rasters = [r.column for r in run.references if r.kind == "raster" and r.column in rows.columns]
    names = ("image", "label", *rasters)
    files = (file_of(Path(p)) for name in names for p in rows[name] if not is_missing(p))
    return _state(dict.fromkeys(files))


def split_files(run: Run) -> str:
    """Return a hash of the state of the lists of samples that the split reads."""
    split = run.recipe.split
    listed = [*getattr(split, "files", ()), getattr(split, "holdout_file", None)]
    return _state(Path(path) for path in listed if path is not None)


def _below(root: Path, own: Path) -> Iterator[Path]:
    """List the files below a folder, leaving out run folders and what is hidden."""
    for folder, names, files in os.walk(root, followlinks=True):
        here = Path(folder)
        names[:] = sorted(name for name in names if not _left_out(here / name, own))
        yield from (here / name for name in sorted(files) if not name.startswith("."))


def _left_out(folder: Path, own: Path) -> bool:
    """Say whether a folder holds no data."""
    return folder.name.startswith(".") or (folder / RUN_MARK).is_dir() or folder.resolve() == own


def _state(paths: Iterable[Path]) -> str:
    """Hash names, sizes and modification times; a file that is not there has none."""
    return hash_value([(str(path), *_figures(path)) for path in paths])


def _figures(path: Path) -> tuple[int, int]:
    """Return a file's size and modification time."""
    try:
        stat = path.stat()
    except OSError:
        return -1, -1
    return stat.st_size, stat.st_mtime_ns
