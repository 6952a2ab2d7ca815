"""The folders and files of a made-up kelp data set, laid out as the real one is."""

from __future__ import annotations

import csv
import hashlib
import io
import string
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

from landseer.core.files import read_json, write_json, write_text
from landseer.core.seeds import derive, generator
from landseer.errors import WriteError
from landseer.raster.write import write_raster
from landseer.synth.plan import TileSpec
from landseer.synth.settings import KelpSynthConfig
from landseer.synth.truth import TRUTH_FOLDER
from landseer.synth.view import View

CONFIG_FILE = f"{TRUTH_FOLDER}/config.json"
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


def is_made(out: Path, config: KelpSynthConfig) -> bool:
    """Say whether the folder already holds exactly this data set.

    Raises:
        WriteError: it holds something else.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return False
    stamp = out / CONFIG_FILE
    if stamp.is_file() and read_json(stamp) == _stamp(config):
        return True
    raise WriteError(
        "expected an empty folder, or one that holds this very data set; got other content",
        where=out,
        do="choose another folder, or remove this one",
    )


@contextmanager
def fresh_folder(out: Path, config: KelpSynthConfig) -> Iterator[Path]:
    """Yield a folder beside `out` that takes its place when the block ends well, and goes otherwise."""
    token = derive(config.seed, config.model_dump_json()) % 0xFFFFFF
    partial = out.parent / f".{out.name}.{token:06x}.partial"
    rmtree(partial, ignore_errors=True)
    try:
        for name in ("train_satellite", "train_kelp", "test_satellite", TRUTH_FOLDER):
            (partial / name).mkdir(parents=True)
        yield partial
        write_json(partial / CONFIG_FILE, _stamp(config))
        partial.replace(out)
    except OSError as error:
        raise WriteError(
            f"could not make the folder: {error.strerror or error}",
            where=out,
            do="free disk space or choose a folder you may write to",
        ) from error
    finally:
        rmtree(partial, ignore_errors=True)


def _stamp(config: KelpSynthConfig) -> dict[str, object]:
    """Return what says which data set a folder holds."""
    return {"kind": "kelp", "format": FORMAT, "config": config.model_dump(mode="json")}
