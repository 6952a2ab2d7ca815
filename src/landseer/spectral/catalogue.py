"""The catalogue: every index of the Awesome Spectral Indices and the 59 of the kelp system, with their sources."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

Source = Literal["asi", "kelp"]

KELP_PREFIX = "kelp:"
"""What stands before a name to take its meaning in the kelp system."""

SAME_AS_ASI = frozenset(
    "BWDRVI CVI GBNDVI GNDVI GRNDVI MSAVI NDVI NLI NormG NormNIR NormR WDRVI".split()
)
"""Names that give the same numbers in both systems with the default constants."""

_DOI = re.compile(r"(?:doi\.org/)(10\.\S+)")


@dataclass(frozen=True, slots=True)
class Index:
    """A published spectral index.

    Attributes:
        name: as the source writes it.
        formula: its text; names are band codes and constants.
        source: `asi` (Awesome Spectral Indices) or `kelp`.
        reference: where it was published, as the source gives it.
        doi: of that publication, where the reference is one.
        long_name: in words.
        domain: vegetation, water, burn, …; `kelp` for those of the kelp system.
        constants: constant → default, None where the user must give one.
        terms: every name in the formula as the source lists them.
        masked: whether a mask of usable pixels applies to it (not for indices that are masks themselves).
    """

    name: str
    formula: str
    source: Source
    reference: str
    doi: str | None = None
    long_name: str = ""
    domain: str = ""
    constants: Mapping[str, float | None] = field(default_factory=dict)
    terms: tuple[str, ...] = ()
    masked: bool = True


def load_catalogue() -> dict[str, Index]:
    """Return every index by the names under which it can be asked for.

    Returns:
        `NAME` → the Awesome Spectral Indices' index where there is one, else the kelp system's;
        `kelp:NAME` → the kelp system's. `clashes()` lists the names for which the two differ.
    """
    kelp = _kelp_indices()
    prefixed = {KELP_PREFIX + name: index for name, index in kelp.items()}
    return {**kelp, **_asi_indices(), **prefixed}


def clashes() -> dict[str, tuple[Index, Index]]:
    """Return the names that mean two things: name → (plain meaning, meaning under `kelp:`).

    Three of them share a formula but not its result: ATSAVI (default soil line), EVI (clamped) and
    GVMI (first or second SWIR).
    """
    asi, kelp = _asi_indices(), _kelp_indices()
    names = sorted((asi.keys() & kelp.keys()) - SAME_AS_ASI)
    return {name: (asi[name], kelp[name]) for name in names}


def band_codes() -> dict[str, str]:
    """Return the band codes of the Awesome Spectral Indices: code → name in words."""
    return {code: entry["long_name"] for code, entry in _read("asi.json")["bands"].items()}


def constants() -> dict[str, float | None]:
    """Return the constants of the Awesome Spectral Indices with their defaults."""
    return {name: entry["default"] for name, entry in _read("asi.json")["constants"].items()}


@cache
def _asi_indices() -> Mapping[str, Index]:
    """Return the indices of the Awesome Spectral Indices."""
    defaults = constants()
    return MappingProxyType(
        {
            name: Index(
                name=name,
                formula=entry["formula"],
                source="asi",
                reference=entry["reference"],
                doi=_doi(entry["reference"]),
                long_name=entry["long_name"],
                domain=entry["domain"],
                constants={term: defaults[term] for term in entry["bands"] if term in defaults},
                terms=tuple(entry["bands"]),
            )
            for name, entry in _read("asi.json")["indices"].items()
        }
    )


@cache
def _kelp_indices() -> Mapping[str, Index]:
    """Return the indices of the kelp system."""
    data = _read("kelp.json")
    return MappingProxyType(
        {
            name: Index(
                name=name,
                formula=entry["formula"],
                source="kelp",
                domain="kelp",
                long_name=entry["long_name"],
                masked=entry.get("masked", True),
                **data["references"][entry["reference"]],
            )
            for name, entry in data["indices"].items()
        }
    )


def _doi(reference: str) -> str | None:
    """Return the DOI in a link, or None."""
    match = _DOI.search(reference)
    return match[1] if match else None


@cache
def _read(name: str) -> dict[str, Any]:
    """Read a data file of the package."""
    return json.loads((files("landseer.spectral") / "data" / name).read_text(encoding="utf-8"))
