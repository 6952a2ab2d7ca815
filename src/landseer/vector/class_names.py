"""What the values of a class map are called, and which of them are wanted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from landseer.errors import UsageError
from landseer.raster.opening import open_raster

_TAG = re.compile(r"CLASS_(\d+)")


def read_names(path: Path) -> dict[int, str]:
    """Read the names that a map brings along: the items `CLASS_n` of its band's metadata; none where it has none."""
    with open_raster(path) as dataset:
        tags = dataset.tags(1) if dataset.count else {}
    found = {int(m[1]): name for key, name in tags.items() if (m := _TAG.fullmatch(key))}
    return dict(sorted(found.items()))


def wanted_values(classes: Sequence[str], names: dict[int, str], path: Path) -> list[int] | None:
    """Return the values of classes given by name or number; None of none.

    Raises:
        UsageError: a name is not among the map's.
    """
    if not classes:
        return None
    by_name = {name: value for value, name in names.items()}
    strange = [one for one in classes if one not in by_name and not one.isdecimal()]
    if strange:
        known = ", ".join(by_name) or "no names: give numbers, or --names"
        raise UsageError(
            f"expected classes of the map ({known}); got {', '.join(strange)}", where=path
        )
    return [by_name[one] if one in by_name else int(one) for one in classes]
