"""The official lists of LandCover.ai: which window belongs to training, validation and test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from landseer.adapters.landcover_config import LISTS
from landseer.errors import DataError, FileReadError
from landseer.samples.findings import EXCLUDED, KEPT, Finding
from landseer.samples.schema import shorten

_UNLISTED = "in none of train.txt, val.txt and test.txt"


def read_lists(root: Path) -> dict[str, str] | None:
    """Read window -> list (`train`, `val` or `test`); None where there is no list at all.

    Raises:
        FileReadError: a list cannot be read.
        DataError: a window is in two lists.
    """
    there = [name for name in LISTS if (root / f"{name}.txt").is_file()]
    found: dict[str, str] = {}
    for name in there:
        for window in _names(root / f"{name}.txt"):
            if found.setdefault(window, name) != name:
                raise DataError(
                    f"expected each window in one list; {window} is in {found[window]}.txt and in {name}.txt",
                    where=root / f"{name}.txt",
                    do="take the lists from the archive",
                )
    return found if there else None


def apply_lists(
    records: Iterable[dict[str, Any]], lists: Mapping[str, str] | None, root: Path
) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Give every window its side and its list.

    Args:
        records: rows of the sample table, one a window.
        lists: as `read_lists` gives them.
        root: folder of the data set, for the findings.

    Returns:
        The rows with `side` and, where there are lists, `list` and `official`, which says `val` where val.txt has the
        window and nothing elsewhere, so that a split by this column trains on train.txt and judges on val.txt; and
        findings: listed windows that there are not, windows that no list has.

    Edges: without lists every window is for training; where there are some, windows that none has are excluded, for
        they may be anybody's test.
    """
    rows = list(records)
    if lists is None:
        what = "train.txt, val.txt and test.txt are missing"
        action = f"{KEPT}: all {len(rows)} windows on the train side"
        return [row | {"side": "train"} for row in rows], [
            Finding("", str(root), "", what, "", action)
        ]
    sided = [_sided(row, lists.get(row["sample"])) for row in rows]
    return sided, _compare(rows, lists, root)


def _sided(row: dict[str, Any], name: str | None) -> dict[str, Any]:
    """Give one window its side; its own reason to be excluded stays."""
    side = "test" if name == "test" else "train"
    reason = row.get("excluded") or (None if name else _UNLISTED)
    official = "val" if name == "val" else None
    return row | {"side": side, "list": name, "official": official, "excluded": reason}


def _compare(rows: list[dict[str, Any]], lists: Mapping[str, str], root: Path) -> list[Finding]:
    """Report what is listed but not there, and what is there but not listed."""
    known = {row["sample"] for row in rows}
    findings = []
    for name in LISTS:
        gone = sorted(window for window, at in lists.items() if at == name and window not in known)
        if gone:
            figure = f"{len(gone)} windows: {shorten(gone)}"
            file = str(root / f"{name}.txt")
            findings.append(
                Finding("", file, "", "listed windows that no image has", figure, "not used")
            )
    usable = {row["sample"] for row in rows if not row.get("excluded")}
    unlisted = sorted(usable - lists.keys())
    if unlisted:
        figure = f"{len(unlisted)} windows: {shorten(unlisted)}"
        findings.append(Finding("", str(root), "", f"windows {_UNLISTED}", figure, EXCLUDED))
    return findings


def _names(path: Path) -> list[str]:
    """Read one name per line; blank lines do not count."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileReadError(
            f"expected a text file of window names; got: {error}", where=path
        ) from error
    return [line.strip() for line in lines if line.strip()]
