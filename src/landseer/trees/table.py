"""The pixel table on disk: Parquet files of one fold each, written sample by sample, read file by file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from landseer.core.files import atomic_path, read_json, write_json
from landseer.errors import FileReadError

FIXED = ("sample", "fold", "group", "row", "col", "class", "weight")
"""Columns before the channels."""

MARK = "table.json"
"""Beside the table: its key, its channels and its files."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """Pixels of one sample.

    Attributes:
        row, col: where they lie.
        truth: class numbers.
        weight: how many pixels each stands for.
        channels: (n, f) float32, NaN where something is missing.
    """

    row: NDArray[np.integer]
    col: NDArray[np.integer]
    truth: NDArray[np.uint8]
    weight: NDArray[np.float32]
    channels: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Block:
    """A file of the table in memory.

    Attributes:
        samples: (n,) position of each pixel's sample among those of the table.
        truth: (n,) class numbers.
        weight: (n,) how many pixels each stands for.
        channels: (n, f) float32.
    """

    samples: NDArray[np.int64]
    truth: NDArray[np.uint8]
    weight: NDArray[np.float32]
    channels: NDArray[np.float32]

    def only(self, keep: NDArray[np.bool_]) -> Block:
        """Return some of the pixels."""
        if keep.all():
            return self
        return Block(self.samples[keep], self.truth[keep], self.weight[keep], self.channels[keep])


@dataclass(frozen=True, slots=True)
class Part:
    """One file to be written: its name, its fold, and the positions of its samples."""

    name: str
    fold: int
    positions: tuple[int, ...]


def plan_parts(folds: Sequence[int], expected: Sequence[float], pixels: int) -> list[Part]:
    """Divide samples among files, none of which mixes folds.

    Args:
        folds: of each sample.
        expected: about how many pixels each gives.
        pixels: a file ends when it has about so many.
    """
    parts: list[Part] = []
    for fold in sorted(set(folds)):
        mine: list[int] = []
        total, number = 0.0, 0
        for position in (i for i, own in enumerate(folds) if own == fold):
            mine.append(position)
            total += expected[position]
            if total >= pixels:
                parts.append(Part(f"fold{fold}-{number:04d}.parquet", fold, tuple(mine)))
                mine, total, number = [], 0.0, number + 1
        if mine:
            parts.append(Part(f"fold{fold}-{number:04d}.parquet", fold, tuple(mine)))
    return parts


def write_table(
    folder: Path,
    key: str,
    names: Sequence[str],
    samples: Sequence[tuple[str, int, str]],
    parts: Sequence[Part],
    pixels_of: Callable[[int], Pixels],
) -> PixelTable:
    """Write the table, or what a run that was stopped has left of it.

    Args:
        folder: a folder of Parquet files; every file appears whole or not at all, and pandas reads the folder as one.
        key: of all that the table depends on; files of another key are thrown away.
        names: of the channels.
        samples: name, fold and group of each.
        parts: of `plan_parts`.
        pixels_of: gives the pixels of the sample at a position.

    Returns:
        The table.

    Raises:
        WriteError: the disk is full or the folder cannot be written.
        LandseerError: as `pixels_of` does.

    Edges: memory holds the pixels of one file.
    """
    folder = Path(folder)
    mark = folder / MARK
    if not mark.exists() or read_json(mark).get("key") != key:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write_json(mark, {"key": key, "done": False})
    for part in parts:
        if not (folder / part.name).exists():
            _write_part(folder / part.name, names, samples, part, pixels_of)
    rows = {part.name: pq.read_metadata(folder / part.name).num_rows for part in parts}
    described = {
        "key": key,
        "done": True,
        "channels": list(names),
        "samples": [list(sample) for sample in samples],
        "parts": {part.name: [rows[part.name], list(part.positions)] for part in parts},
    }
    write_json(mark, described)
    return PixelTable(folder)


def _write_part(
    path: Path,
    names: Sequence[str],
    samples: Sequence[tuple[str, int, str]],
    part: Part,
    pixels_of: Callable[[int], Pixels],
) -> None:
    """Write one file: a row group a sample with pixels."""
    schema = _schema(names)
    with atomic_path(path) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        for position in part.positions:
            found = pixels_of(position)
            if len(found.truth):
                writer.write_table(_arrow(schema, samples[position], found))


def _schema(names: Sequence[str]) -> pa.Schema:
    """Return the columns and their types."""
    word = pa.dictionary(pa.int32(), pa.string())
    types = (word, pa.int16(), word, pa.int32(), pa.int32(), pa.uint8(), pa.float32())
    own = [pa.field(name, kind) for name, kind in zip(FIXED, types, strict=True)]
    return pa.schema([*own, *(pa.field(name, pa.float32()) for name in names)])


def _arrow(schema: pa.Schema, sample: tuple[str, int, str], found: Pixels) -> pa.Table:
    """Lay the pixels of a sample in columns."""
    n = len(found.truth)
    name, fold, group = sample
    code = pa.array(np.zeros(n, np.int32))
    columns = [
        pa.DictionaryArray.from_arrays(code, pa.array([name])),
        pa.array(np.full(n, fold, np.int16)),
        pa.DictionaryArray.from_arrays(code, pa.array([group])),
        pa.array(found.row.astype(np.int32)),
        pa.array(found.col.astype(np.int32)),
        pa.array(found.truth),
        pa.array(found.weight),
        *(pa.array(np.ascontiguousarray(column)) for column in found.channels.T),
    ]
    return pa.Table.from_arrays(columns, schema=schema)


class PixelTable:
    """A table that was written; its pixels stay on disk until a file of them is read.

    Raises:
        FileReadError: there is no whole table.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        described = read_json(self.folder / MARK) if (self.folder / MARK).exists() else {}
        if not described.get("done"):
            raise FileReadError(
                "expected a whole pixel table; got none", where=folder, do="run `landseer trees`"
            )
        self.key: str = described["key"]
        self.names: tuple[str, ...] = tuple(described["channels"])
        self._parts: Mapping[str, Any] = described["parts"]
        self._positions = {name: i for i, (name, _, _) in enumerate(described["samples"])}

    def __len__(self) -> int:
        return sum(rows for rows, _ in self._parts.values())

    def empty(self) -> Block:
        """Return no pixels."""
        none = np.zeros((0, len(self.names)), np.float32)
        return Block(np.zeros(0, np.int64), np.zeros(0, np.uint8), np.zeros(0, np.float32), none)

    def files(self, wanted: NDArray[np.bool_]) -> list[str]:
        """Return the files that hold one of the samples."""
        return [
            name for name, (rows, held) in self._parts.items() if rows and wanted[list(held)].any()
        ]

    def read(self, file: str, wanted: NDArray[np.bool_]) -> Block:
        """Read the wanted samples' pixels of one file."""
        table = pq.read_table(self.folder / file)
        channels = np.empty((len(table), len(self.names)), np.float32)
        for place in range(len(self.names)):
            channels[:, place] = table.column(len(FIXED) + place).to_numpy()
        columns = dict(zip(FIXED, table.columns, strict=False))
        samples = self._codes(columns["sample"])
        truth, weight = columns["class"].to_numpy(), columns["weight"].to_numpy()
        return Block(samples, truth, weight, channels).only(wanted[samples])

    def labels(self, wanted: NDArray[np.bool_]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Read classes and weights of the wanted samples' pixels, in the order of `blocks`."""
        found = [(np.zeros(0, np.uint8), np.zeros(0, np.float32))]
        for file in self.files(wanted):
            table = pq.read_table(self.folder / file, columns=["sample", "class", "weight"])
            keep = wanted[self._codes(table["sample"])]
            found.append((table["class"].to_numpy()[keep], table["weight"].to_numpy()[keep]))
        truth, weight = (np.concatenate(column) for column in zip(*found, strict=True))
        return truth, weight

    def class_px(self, n_classes: int) -> NDArray[np.float64]:
        """Return how many pixels of each class those of each sample stand for, (samples, classes)."""
        found = np.zeros((len(self._positions), n_classes))
        for file in self.files(np.ones(len(found), bool)):
            table = pq.read_table(self.folder / file, columns=["sample", "class", "weight"])
            place = (self._codes(table["sample"]), table["class"].to_numpy())
            np.add.at(found, place, table["weight"].to_numpy())
        return found

    def counts(self, wanted: NDArray[np.bool_]) -> dict[str, int]:
        """Count the wanted samples' pixels in each file that holds one of the samples."""
        return {
            file: int(
                wanted[
                    self._codes(pq.read_table(self.folder / file, columns=["sample"])["sample"])
                ].sum()
            )
            for file in self.files(wanted)
        }

    def _codes(self, column: pa.ChunkedArray) -> NDArray[np.int64]:
        """Turn samples' names into positions."""
        column = column.unify_dictionaries()
        chunks = [
            np.array([self._positions[name] for name in chunk.dictionary.to_pylist()])[
                chunk.indices.to_numpy()
            ]
            for chunk in column.chunks
            if len(chunk)
        ]
        return np.concatenate(chunks) if chunks else np.zeros(0, np.int64)

    def blocks(self, wanted: NDArray[np.bool_]) -> Iterator[Block]:
        """Yield the wanted samples' pixels, a file at a time.

        Args:
            wanted: (samples,) bool.
        """
        for file in self.files(wanted):
            yield self.read(file, wanted)
