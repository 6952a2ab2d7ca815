"""What the values of a class map are called, and which of them are wanted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from landseer.core.classes import IGNORE
from landseer.errors import UsageError
from landseer.raster.opening import open_raster
from landseer.raster.read import read_info, read_strips

_STRIP_BYTES = 8 * 2**20
_TAG = re.compile(r"CLASS_(\d+)")


def read_names(path: Path) -> dict[int, str]:
    """Read the names that a map brings along: the items `CLASS_n` of its band's metadata; none where it has none."""
    with open_raster(path) as dataset:
        tags = dataset.tags(1) if dataset.count else {}
    found = {int(m[1]): name for key, name in tags.items() if (m := _TAG.fullmatch(key))}
    return dict(sorted(found.items()))


def wanted_values(
    classes: Sequence[str], names: Mapping[int, str], path: Path, *, are_own: bool = False
) -> list[int] | None:
    """Return the values of classes given by name or number; None of none.

    Args:
        classes: names and numbers.
        names: of the classes, by value.
        path: the map.
        are_own: whether the names are those that the map brings along, so that there are no other classes.

    Raises:
        UsageError: a name is not among the map's; or a number is not, where the map names its classes.
    """
    if not classes:
        return None
    by_name = {name: value for value, name in names.items()}
    strange = [one for one in classes if one not in by_name and not _is_number(one, names, are_own)]
    if strange:
        known = ", ".join(f"{value} {name}" for value, name in names.items())
        raise UsageError(
            f"expected classes of the map ({known or 'no names: give numbers, or --names'}); got "
            f"{', '.join(strange)}",
            where=path,
        )
    return [by_name[one] if one in by_name else int(one) for one in classes]


def _is_number(text: str, names: Mapping[int, str], are_own: bool) -> bool:
    """Whether a text can be the number of a class."""
    return text.isdecimal() and (not are_own or not names or int(text) in names)


def note_absent(wanted: Mapping[int, str], maps: Sequence[Path]) -> list[str]:
    """Say which of the wanted classes no map has, and which there are.

    Args:
        wanted: names by value, of classes of which there is no polygon.
        maps: class maps; they are read.
    """
    if not wanted:
        return []
    there = set[int]().union(*(_values_in(one) for one in maps))
    absent = [
        f"{v} {name}" if name != str(v) else name for v, name in wanted.items() if v not in there
    ]
    if not absent:
        return []
    has = ", ".join(map(str, sorted(there))) or "none"
    which = "the map" if len(maps) == 1 else f"any of {len(maps)} maps"
    return [f"no pixel of class {', '.join(absent)} in {which}; the classes there are {has}"]


def _values_in(path: Path) -> set[int]:
    """Find the values of a map's pixels, but for missing ones."""
    missing = {IGNORE, read_info(path).nodata}
    found: set[float] = set()
    for _, strip in read_strips(path, strip_bytes=_STRIP_BYTES):
        found |= set(np.unique(strip[np.isfinite(strip)]).tolist())
    return {int(value) for value in found - missing}
