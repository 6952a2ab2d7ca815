"""Which scenes Open Cities delivers, after its catalogues, its table and its folders together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from landseer.adapters.opencities_stac import read_items
from landseer.errors import DataError, FileReadError
from landseer.samples.findings import KEPT, Finding
from landseer.samples.schema import shorten

TABLE = "train_metadata.csv"
_COLUMNS = ["img_uri", "label_uri", "tier", "area"]
_LABELS = "-labels"

Key = tuple[int, str, str]
"""Tier, area and scene."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One training scene as it is listed.

    Attributes:
        tier: 1 for better labels, 2 for incomplete ones.
        area: short name of the city.
        scene: six hexadecimal digits.
        image, label: where the files are, or should be; None when not known.
        date: as written.
    """

    tier: int
    area: str
    scene: str
    image: Path | None = None
    label: Path | None = None
    date: str | None = None

    @property
    def key(self) -> Key:
        """What tells scenes apart."""
        return self.tier, self.area, self.scene


def list_scenes(root: Path, tiers: Iterable[int]) -> tuple[list[Entry], list[Finding]]:
    """List the training scenes of some tiers.

    Args:
        root: folder with train_tier_1/ and so on.
        tiers: which.

    Returns:
        Scenes by tier, area and name; and findings: files of the catalogue that are not there, and scenes that
        catalogue, table and folders do not all know.

    Raises:
        DataError, FileReadError: the table is not what it should be.

    Edges: where they contradict each other, the catalogue is believed before the table, and the table before the
        folders; but a file that is there before one that is not. Only the catalogue knows dates.
    """
    wanted = sorted(set(tiers))
    listed, findings = _catalogues(root, wanted)
    sources = {
        "catalog.json": listed,
        TABLE: _table(root, wanted),
        "the folders": _folders(root, wanted),
    }
    known = {name: {one.key: one for one in found} for name, found in sources.items() if found}
    merged: dict[Key, Entry] = {}
    for found in known.values():
        for key, entry in found.items():
            merged[key] = _fill(merged[key], entry) if key in merged else entry
    return [merged[key] for key in sorted(merged)], findings + _unknown(root, known, merged)


def list_tests(root: Path) -> tuple[dict[str, Path], list[Finding]]:
    """List the test chips: id -> image, from test/catalog.json and the folders test/ID/ID.tif.

    Returns:
        Chips by id, and findings: chips that are listed but not there.
    """
    folder = root / "test"
    images = {path.stem: path for path in folder.glob("*/*.tif") if _is_own(path)}
    items, findings = read_items(root, folder / "catalog.json")
    listed = {item.name: item.image for item in items if item.image is not None}
    gone = [name for name, path in listed.items() if name not in images and not path.is_file()]
    if gone:
        figure = f"{len(gone)} chips: {shorten(gone)}"
        findings.append(
            Finding("", str(folder), "", "listed test chips are missing", figure, "not used")
        )
    there = {name: path for name, path in listed.items() if path.is_file()} | images
    return dict(sorted(there.items())), findings


def _unknown(
    root: Path, known: dict[str, dict[Key, Entry]], merged: dict[Key, Entry]
) -> list[Finding]:
    """Report scenes that one source knows and another does not."""
    return [
        Finding(scene, str(root), "", f"scene is not in {name}", f"tier {tier}, {area}", KEPT)
        for name, found in known.items()
        for tier, area, scene in sorted(merged.keys() - found.keys())
    ]


def _fill(entry: Entry, other: Entry) -> Entry:
    """Take from another source what is not known, and a file that is there for one that is not."""
    changes: dict[str, Any] = {"date": entry.date or other.date}
    for name in ("image", "label"):
        mine, theirs = getattr(entry, name), getattr(other, name)
        if theirs is not None and (mine is None or (theirs.is_file() and not mine.is_file())):
            changes[name] = theirs
    return replace(entry, **changes)


def _catalogues(root: Path, tiers: list[int]) -> tuple[list[Entry], list[Finding]]:
    """Read the catalogues: an item of imagery and an item of labels are one scene."""
    found: dict[Key, Entry] = {}
    findings: list[Finding] = []
    for tier in tiers:
        items, missing = read_items(root, root / f"train_tier_{tier}" / "catalog.json")
        findings += missing
        for item in items:
            is_label = item.name.endswith(_LABELS)
            files = {"label": item.labels} if is_label else {"image": item.image, "date": item.date}
            entry = Entry(tier, item.area, item.name.removesuffix(_LABELS), **files)
            found[entry.key] = _fill(found[entry.key], entry) if entry.key in found else entry
    return list(found.values()), findings


def _table(root: Path, tiers: list[int]) -> list[Entry]:
    """Read train_metadata.csv; nothing where it is missing."""
    path = root / TABLE
    if not path.is_file():
        return []
    try:
        table = pd.read_csv(path, dtype=str)
    except (OSError, ValueError) as error:
        raise FileReadError(
            f"expected a table of scenes (CSV); got: {error}", where=path
        ) from error
    missing = [name for name in _COLUMNS if name not in table.columns]
    if missing:
        raise DataError(
            f"expected the columns {', '.join(_COLUMNS)}; got none named {', '.join(missing)}",
            where=path,
        )
    numbers = pd.to_numeric(table["tier"], errors="coerce")
    bad = table[_COLUMNS].isna().any(axis=1) | numbers.isna()
    if bad.any():
        raise DataError(
            f"expected {', '.join(_COLUMNS)} in every row, the tier a number; got {int(bad.sum())} rows without, the "
            f"first in line {int(bad.to_numpy().argmax()) + 2}",
            where=path,
        )
    rows = zip(
        numbers.astype(int), table["area"], table["img_uri"], table["label_uri"], strict=True
    )
    return [
        Entry(tier, area, Path(image).stem, root / image, root / label)
        for tier, area, image, label in rows
        if tier in tiers
    ]


def _folders(root: Path, tiers: list[int]) -> list[Entry]:
    """Look for train_tier_T/AREA/SCENE/SCENE.tif."""
    return [_in_folder(tier, path) for tier in tiers for path in _images(root, tier)]


def _images(root: Path, tier: int) -> Iterator[Path]:
    """Find the images of one tier."""
    return (path for path in root.glob(f"train_tier_{tier}/*/*/*.tif") if _is_own(path))


def _in_folder(tier: int, image: Path) -> Entry:
    """Make the entry of an image in its folder."""
    scene = image.stem
    label = image.parent.with_name(scene + _LABELS) / f"{scene}.geojson"
    area = image.parent.parent.name
    return Entry(tier, area, scene, image, label if label.is_file() else None)


def _is_own(path: Path) -> bool:
    """Tell the image of a folder from files beside it."""
    return path.stem == path.parent.name
