"""The names that an archive must hold: one of each, none missing, none too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from landseer.errors import DataError, FileReadError
from landseer.samples.schema import shorten


def unique_ids(ids: Iterable[str]) -> list[str]:
    """Return the ids sorted.

    Raises:
        DataError: an id is given twice, or there are none.
    """
    counts = Counter(iter(ids))
    twice = [sample for sample, count in counts.items() if count > 1]
    if twice or not counts:
        raise DataError(f"expected every test id once; got {shorten(twice) or 'no ids at all'}")
    return sorted(counts)


def check_folder(folder: Path) -> None:
    """Refuse a folder of predictions that is not there.

    Raises:
        FileReadError: there is no such folder.
    """
    if not folder.is_dir():
        raise FileReadError(
            "expected a folder of predictions; there is no such folder",
            where=folder,
            do="correct its path, or write it with `landseer predict MODEL IMAGES -o FOLDER`",
        )


def compare_names(expected: Iterable[str], found: Iterable[str], what: str, where: object) -> None:
    """Refuse missing, extra and repeated files.

    Args:
        expected: the names that must be there.
        found: those that are.
        what: what was expected, for the message.
        where: folder or archive.

    Raises:
        DataError: they differ, or a name is there twice.
    """
    wanted, counts = set(expected), Counter(iter(found))
    faults = [
        f"{len(names)} {fault} ({shorten(names)})"
        for fault, names in (
            ("missing", wanted - counts.keys()),
            ("too many", counts.keys() - wanted),
            ("twice", [name for name, count in counts.items() if count > 1]),
        )
        if names
    ]
    if faults:
        raise DataError(
            f"expected {what}; got {', '.join(faults)}",
            where=where,
            do="predict all test images into an empty folder",
        )
