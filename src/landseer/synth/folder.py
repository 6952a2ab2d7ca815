"""The folders and files of a made-up kelp data set, laid out as the real one is."""

from __future__ import annotations

import csv
import hashlib
import io
import string
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landseer.core.files import write_text
from landseer.core.seeds import generator
from landseer.raster.write import write_raster
from landseer.synth.made_folder import TRUTH_FOLDER
from landseer.synth.plan import TileSpec
from landseer.synth.settings import KelpSynthConfig
from landseer.synth.view import View

FOLDERS = ("train_satellite", "train_kelp", "test_satellite")
"""Folders of a data set besides the side folder."""

TRUTH_FILE = f"{TRUTH_FOLDER}/truth.csv"
FORMAT = 1
"""Raised whenever the same settings begin to make other files."""


@dataclass(frozen=True)
class FileRow:
    """One row of the metadata table: a file and its MD5 sum."""

    tile_id: str
    filename: str
    md5_hash: str
    filesize_bytes: int
    type: str
    in_train: bool


def write_tile(root: Path, spec: TileSpec, view: View, dtype: str) -> list[FileRow]:
    """Write a tile's image, its label, and its truth in the side folder.

    Args:
        root: folder of the data set.
        spec: which tile.
        view: its arrays.
        dtype: int16 or int32, of the image.

    Returns:
        The metadata rows of the files outside the side folder.
    """
    image = root / f"{spec.side}_satellite" / f"{spec.tile}_satellite.tif"
    write_raster(image, view.image.astype(dtype, copy=False))
    kelp = f"{spec.tile}_kelp.tif"
    write_raster(root / TRUTH_FOLDER / f"{spec.side}_kelp" / kelp, view.truth)
    rows = [_row(spec, image, "satellite")]
    if view.label is not None:
        label = root / f"{spec.side}_kelp" / kelp
        write_raster(label, view.label)
        rows.append(_row(spec, label, "kelp"))
    return rows


def _row(spec: TileSpec, path: Path, kind: str) -> FileRow:
    """Describe a written file."""
    content = path.read_bytes()
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return FileRow(spec.tile, path.name, digest, len(content), kind, spec.side == "train")


def write_metadata(root: Path, rows: Iterable[FileRow], seed: int) -> Path:
    """Write the metadata table under a name with seven random characters; return its path."""
    letters = string.ascii_letters + string.digits
    drawn = generator(seed, "metadata").integers(0, len(letters), 7)
    path = root / f"metadata_{''.join(letters[number] for number in drawn)}.csv"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["tile_id", "filename", "md5_hash", "filesize_bytes", "type", "in_train"])
    for row in rows:
        writer.writerow(
            [row.tile_id, row.filename, row.md5_hash, row.filesize_bytes, row.type, row.in_train]
        )
    write_text(path, text.getvalue())
    return path


def stamp(config: KelpSynthConfig) -> dict[str, Any]:
    """Return what says which data set a folder holds."""
    return {"kind": "kelp", "format": FORMAT, "config": config.model_dump(mode="json")}
