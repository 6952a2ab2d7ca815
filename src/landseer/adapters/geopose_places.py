"""Cities and ground sample distances of a geopose data set, from its metadata table or from the ids."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from landseer.adapters.geopose_files import read_table
from landseer.samples.findings import KEPT, Finding


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image was taken.

    Attributes:
        city: its name, None when unknown.
        gsd_m: ground sample distance, m; None when unknown.
    """

    city: str | None
    gsd_m: float | None


def find_places(root: Path, names: Iterable[str]) -> tuple[dict[str, Place], list[Finding]]:
    """Find out the city and the ground sample distance of every id.

    Args:
        root: folder with metadata.csv (id, city, gsd), or without.
        names: ids; what stands before the first `_` is the prefix of a city.

    Returns:
        A place per id; and what is odd: ids without a row, several rows for an id, cities that are not their prefix's,
        ground sample distances that are no positive number, ids of which no city is known.

    Raises:
        DataError, FileReadError: as of `geopose_files.read_table`.

    Edges: an id without a row takes the city that most ids of its prefix have, else the prefix itself.
    """
    path, ids = root / "metadata.csv", sorted(set(names))
    if not path.is_file():
        places = {name: Place(prefix(name), None) for name in ids}
        return places, _unknown(places, root)
    rows, findings = _read(path)
    usual = _usual_cities(rows)
    places = {}
    for name in ids:
        city, gsd = rows.get(name, ("", ""))
        if name not in rows:
            findings.append(_finding(name, path, "no row in the metadata", ""))
        places[name] = Place(city or usual.get(prefix(name) or "", prefix(name)), _gsd(gsd))
        if name in rows and places[name].gsd_m is None:
            findings.append(_finding(name, path, "gsd is no positive number", repr(gsd)))
        findings += _odd_city(name, city, usual, path)
    return places, findings + _unknown(places, path)


def prefix(name: str) -> str | None:
    """Return what stands before the first `_` of an id, None where there is none."""
    head, line, _ = name.partition("_")
    return head if line and head else None


def _read(path: Path) -> tuple[dict[str, tuple[str, str]], list[Finding]]:
    """Read id -> city, gsd; of ids that stand there twice the first row counts."""
    table = read_table(path, ("id", "city", "gsd")).fillna("")
    rows: dict[str, tuple[str, str]] = {}
    findings = []
    for name, city, gsd in zip(table["id"], table["city"], table["gsd"], strict=True):
        row = (city.strip(), gsd.strip())
        if rows.setdefault(name, row) != row:
            what, figure = "metadata has several rows", f"{rows[name]} and {row}"
            findings.append(
                Finding(name, str(path), "", what, figure, f"{KEPT}: the first row counts")
            )
    return rows, findings


def _usual_cities(rows: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Return prefix -> the city that most of its ids have."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for name, (city, _) in rows.items():
        if city:
            counts[prefix(name) or ""][city] += 1
    return {
        head: min(count, key=lambda city: (-count[city], city)) for head, count in counts.items()
    }


def _odd_city(name: str, city: str, usual: Mapping[str, str], path: Path) -> list[Finding]:
    """Report an id whose city is not that of its prefix."""
    head = prefix(name)
    expected = usual.get(head or "", city)
    if head is None or not city or city == expected:
        return []
    return [_finding(name, path, "city differs from that of its prefix", f"{city}, not {expected}")]


def _gsd(text: str) -> float | None:
    """Return a ground sample distance, None for what cannot be one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < math.inf else None


def _unknown(places: Mapping[str, Place], path: Path) -> list[Finding]:
    """Report ids of which no city is known."""
    return [
        _finding(name, path, "no city for this sample", "")
        for name, place in places.items()
        if place.city is None
    ]


def _finding(name: str, path: Path, what: str, figure: str) -> Finding:
    """Report something and keep the sample."""
    return Finding(name, str(path), "", what, figure, KEPT)
