"""Compare the kelp data set's metadata table with the files that are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from landseer.errors import DataError, FileReadError
from landseer.samples.findings import KEPT, Finding

COLUMNS = ("tile_id", "filename", "md5_hash", "filesize_bytes", "type", "in_train")


@dataclass(frozen=True, slots=True)
class Delivery:
    """The files of the data set: tile -> path for training images, their masks and test images.

    Attributes:
        images, masks, tests: tile -> path.
        has_test_folder: whether the test images were delivered at all.
    """

    images: Mapping[str, Path]
    masks: Mapping[str, Path]
    tests: Mapping[str, Path]
    has_test_folder: bool = True

    def folder(self, kind: str, in_train: bool) -> Mapping[str, Path]:
        """Return the files of one type (`satellite` or `kelp`) and side."""
        if kind == "kelp":
            return self.masks
        return self.images if in_train else self.tests


def check_metadata(root: Path, delivery: Delivery) -> list[Finding]:
    """Compare `metadata*.csv` below the root with the files.

    Args:
        root: folder of the data set.
        delivery: the files found by their names.

    Returns:
        Findings: files listed but missing, present but not listed, of another size than listed, on another side. None
        when there is no table: the folders alone decide.

    Raises:
        DataError: there are several tables, or the table lacks columns or has values that cannot be read.
        FileReadError: the table cannot be read.
    """
    tables = sorted(root.glob("metadata*.csv"))
    if not tables:
        return []
    if len(tables) > 1:
        raise DataError(
            f"expected one metadata*.csv; found {', '.join(table.name for table in tables)}",
            where=root,
            do="remove all but one",
        )
    listed = _read(tables[0])
    findings: list[Finding] = []
    for (kind, in_train), rows in listed.groupby(["type", "in_train"], sort=True):
        files = delivery.folder(str(kind), bool(in_train))
        if not in_train and not delivery.has_test_folder:
            what = "test images listed but their folder is missing"
            findings.append(Finding("", str(root), "", what, f"{len(rows)} files", "not used"))
        else:
            findings += _compare(rows, files, tables[0])
    return findings + _unlisted(listed, delivery, tables[0])


def _read(path: Path) -> pd.DataFrame:
    """Read the table and check its columns."""
    try:
        table = pd.read_csv(path, dtype={"tile_id": str, "filename": str, "type": str})
    except (OSError, ValueError) as error:
        raise FileReadError(f"expected a metadata table (CSV); got: {error}", where=path) from error
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise DataError(
            f"expected the columns {', '.join(COLUMNS)}; got none named {', '.join(missing)}",
            where=path,
        )
    sides = {"true": True, "1": True, "false": False, "0": False}
    in_train = table["in_train"].astype(str).str.lower().map(sides)
    sizes = pd.to_numeric(table["filesize_bytes"], errors="coerce")
    is_bad = table[["tile_id", "filename"]].isna().any(axis=1) | in_train.isna() | sizes.isna()
    is_bad |= ~table["type"].isin(["satellite", "kelp"])
    if is_bad.any():
        raise DataError(
            f"expected tile_id, filename, filesize_bytes, type (satellite, kelp) and in_train in every row; got "
            f"{int(is_bad.sum())} rows without, the first in line {int(is_bad.to_numpy().argmax()) + 2}",
            where=path,
        )
    return table.assign(in_train=in_train.astype(bool), filesize_bytes=sizes.astype("int64"))


def _compare(rows: pd.DataFrame, files: Mapping[str, Path], table: Path) -> list[Finding]:
    """Look for each listed file of one type and side, and compare its size."""
    findings = []
    for tile, filename, size in zip(
        rows["tile_id"], rows["filename"], rows["filesize_bytes"], strict=True
    ):
        path = files.get(tile)
        if path is None or path.name != Path(filename).name:
            what = "file listed in the metadata but missing"
            findings.append(
                Finding(tile, filename, "", what, f"listed in {table.name}", "not used")
            )
        elif path.stat().st_size != size:
            figure = f"{path.stat().st_size} bytes, listed {size}"
            findings.append(
                Finding(tile, str(path), "", "file size differs from the metadata", figure, KEPT)
            )
    return findings


def _unlisted(listed: pd.DataFrame, delivery: Delivery, table: Path) -> list[Finding]:
    """Report files that the table does not list on the side on which they lie."""
    known = set(zip(listed["tile_id"], listed["type"], listed["in_train"], strict=True))
    kinds = (("satellite", True), ("kelp", True), ("satellite", False))
    return [
        Finding(
            tile, str(path), "", "file present but not listed in the metadata", table.name, KEPT
        )
        for kind, in_train in kinds
        for tile, path in delivery.folder(kind, in_train).items()
        if (tile, kind, in_train) not in known
    ]
