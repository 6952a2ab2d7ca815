"""The files of a geopose data set: by its tables where there are some, by their names where there are none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from landseer.errors import DataError, FileReadError
from landseer.samples.findings import KEPT, Finding

SUFFIXES = (".tif", ".tiff", ".png", ".jp2", ".j2k")
"""Of images; a converted copy goes before the JPEG 2000 original, which is slow to decode."""

KINDS = {
    "rgb": ("_RGB", SUFFIXES),
    "agl": ("_AGL", (".tif", ".tiff")),
    "json": ("_VFLOW", (".json",)),
}
"""Column of the tables -> ending of the names, and suffixes."""

_NOT_USED = "not used"


@dataclass(frozen=True, slots=True)
class Tile:
    """The files of one image, None for those that are not there.

    Attributes:
        name: its id.
        rgb: the image.
        agl, flow: heights above ground; scale and angle.
    """

    name: str
    rgb: Path | None
    agl: Path | None
    flow: Path | None


def find_tiles(root: Path, side: str) -> tuple[list[Tile], list[Finding]]:
    """Find the files of one side.

    Args:
        root: folder of the data set.
        side: train or test.

    Returns:
        One tile per id, sorted; and what does not fit: ids listed twice, files listed but missing, files not listed.

    Raises:
        DataError: the table lacks a column or an id.
        FileReadError: the table cannot be read.

    Edges: without a table every `<id>_RGB.*` is a tile. An image or AGL of another suffix than listed will do, so that
        converted files are found. AGL and VFLOW of test tiles, which the table does not list, are found by name.
    """
    there = _by_name(root / side)
    table = root / f"geopose_{side}.csv"
    if not table.is_file():
        named = [_tile(name, kinds) for name, kinds in sorted(there.items()) if "rgb" in kinds]
        return named, _without_image(there) + _incomplete(side, named, {})
    listed, findings = _listed(table)
    tiles: list[Tile] = []
    missing: dict[tuple[str, str], str] = {}
    for name, files in sorted(listed.items()):
        found: dict[str, Path | None] = dict(there.get(name, {}))
        for kind, wanted in files.items():
            path = _wanted(root / side / wanted, kind)
            found[kind] = path
            if path is None:
                missing[name, kind] = f"listed as {wanted} in {table.name}"
        tiles.append(_tile(name, found))
    findings += _incomplete(side, tiles, missing)
    return tiles, findings + _unlisted(there, listed, table)


def read_table(path: Path, columns: Iterable[str]) -> pd.DataFrame:
    """Read a table of texts, with an id in every row.

    Raises:
        FileReadError: it cannot be read.
        DataError: it lacks one of the columns, or a row has no id.
    """
    try:
        table = pd.read_csv(path, dtype=str)
    except (OSError, ValueError) as error:
        raise FileReadError(f"expected a table (CSV); got: {error}", where=path) from error
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise DataError(
            f"expected the columns {', '.join(columns)}; got none named {', '.join(missing)}",
            where=path,
        )
    empty = table["id"].isna().to_numpy()
    if empty.any():
        raise DataError(
            f"expected an id in every row; line {int(empty.argmax()) + 2} has none", where=path
        )
    return table


def _by_name(folder: Path) -> dict[str, dict[str, Path]]:
    """Sort the files of a folder by id and kind."""
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.glob("[!.]*")):
        for kind, (ending, suffixes) in KINDS.items():
            if path.suffix.lower() in suffixes and path.stem.endswith(ending):
                kinds = found.setdefault(path.stem.removesuffix(ending), {})
                kinds[kind] = min(kinds.get(kind, path), path, key=_rank)
    return found


def _rank(path: Path) -> int:
    """Order files of one kind and id by how soon they are taken."""
    return SUFFIXES.index(path.suffix.lower()) if path.suffix.lower() in SUFFIXES else 0


def _listed(path: Path) -> tuple[dict[str, dict[str, str]], list[Finding]]:
    """Read id -> kind -> file name from a table; of ids listed twice the first row counts."""
    table = read_table(path, ("id", "rgb"))
    kinds = [kind for kind in KINDS if kind in table.columns]
    listed: dict[str, dict[str, str]] = {}
    findings: list[Finding] = []
    for row in table.to_dict("records"):
        files = {kind: str(row[kind]) for kind in kinds if not pd.isna(row[kind])}
        if row["id"] in listed:
            figure = "the same files" if files == listed[row["id"]] else "other files"
            action = f"{KEPT}: the first row counts"
            findings.append(Finding(row["id"], str(path), "", "id is listed twice", figure, action))
        listed.setdefault(row["id"], files)
    return listed, findings


def _wanted(path: Path, kind: str) -> Path | None:
    """Return a listed file, or its copy in another format."""
    copies = [path.with_suffix(suffix) for suffix in KINDS[kind][1]]
    return next((copy for copy in [*copies, path] if copy.is_file()), None)


def _incomplete(
    side: str, tiles: Iterable[Tile], listed: Mapping[tuple[str, str], str]
) -> list[Finding]:
    """Report what tiles lack: training tiles anything, test tiles only what is listed."""
    findings = []
    for tile in tiles:
        files = {"agl": tile.agl, "json": tile.flow} if tile.rgb else {"rgb": None}
        for kind in [kind for kind, path in files.items() if path is None]:
            if side == "test" and (tile.name, kind) not in listed:
                continue
            figure = listed.get((tile.name, kind), "")
            action = f"{KEPT} without {kind}" if tile.rgb is not None else _NOT_USED
            what = f"{kind} file is missing"
            findings.append(Finding(tile.name, str(tile.rgb or ""), "", what, figure, action))
    return findings


def _unlisted(
    there: Mapping[str, Mapping[str, Path]], listed: Mapping[str, object], table: Path
) -> list[Finding]:
    """Report files of ids that the table does not list."""
    what = "file present but not listed"
    return [
        Finding(name, str(path), "", what, f"no row in {table.name}", _NOT_USED)
        for name, kinds in sorted(there.items())
        if name not in listed
        for path in kinds.values()
    ]


def _without_image(there: Mapping[str, Mapping[str, Path]]) -> list[Finding]:
    """Report files of ids that have no image."""
    return [
        Finding(name, str(path), "", f"{kind} file without an image", "", _NOT_USED)
        for name, kinds in sorted(there.items())
        if "rgb" not in kinds
        for kind, path in kinds.items()
    ]


def _tile(name: str, files: Mapping[str, Path | None]) -> Tile:
    """Put the files of one id together."""
    return Tile(name, files.get("rgb"), files.get("agl"), files.get("json"))
