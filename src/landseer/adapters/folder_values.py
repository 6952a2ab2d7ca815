"""Values of a data set in folders: which rasters and which numbers belong to which image."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from landseer.adapters.pattern import Match, fill, find_files, nothing_found
from landseer.adapters.tables import read_column
from landseer.adapters.value_config import NumberSpec, ValueSpec
from landseer.samples.findings import Finding

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rasters:
    """The files of one kind of value.

    Attributes:
        name: of the value.
        pattern: by which they were found.
        files: what the wildcards stand for -> file.
    """

    name: str
    pattern: str
    files: Mapping[Parts, Match]


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of one kind.

    Attributes:
        name: of the number.
        path: the table.
        known: sample -> physical value.
        unread: sample -> text that is no number.
    """

    name: str
    path: Path
    known: Mapping[str, float]
    unread: Mapping[str, str]

    def __contains__(self, sample: str) -> bool:
        """Tell whether a sample stands in the table."""
        return sample in self.known or sample in self.unread


def find_rasters(root: Path, side: str, specs: Iterable[ValueSpec]) -> list[Rasters]:
    """Find the rasters of one side.

    Raises:
        DataError: a pattern matches nothing.
        FileReadError: a folder cannot be read.
    """
    patterns = [(one.name, one.files if side == "train" else one.test_files) for one in specs]
    return [
        Rasters(name, pattern, _files(root, pattern, f"{side} {name} files"))
        for name, pattern in patterns
        if pattern is not None
    ]


def _files(root: Path, pattern: str, role: str) -> dict[Parts, Match]:
    """Find files, at least one."""
    found = find_files(root, pattern)
    if not found:
        raise nothing_found(root, pattern, role)
    return {match.parts: match for match in found}


def read_numbers(root: Path, specs: Iterable[NumberSpec]) -> list[Numbers]:
    """Read the tables of numbers; both sides stand in them.

    Raises:
        FileReadError, DataError: as of `tables.read_column`.
    """
    return [_numbers(root / one.table, one) for one in specs]


def _numbers(path: Path, spec: NumberSpec) -> Numbers:
    """Read one table."""
    known: dict[str, float] = {}
    unread: dict[str, str] = {}
    for sample, text in read_column(path, spec.column_name).items():
        try:
            known[sample] = float(text) * spec.scale + spec.offset
        except ValueError:
            unread[sample] = text
    return Numbers(spec.name, path, known, unread)


def values_of(
    sample: str, parts: Parts, rasters: Iterable[Rasters], numbers: Iterable[Numbers]
) -> dict[str, Path | float | None]:
    """Return the values of one image by name: None or NaN where there is none."""
    files = {one.name: one.files.get(parts) for one in rasters}
    paths = {name: None if match is None else match.path for name, match in files.items()}
    return paths | {one.name: one.known.get(sample, math.nan) for one in numbers}


def missing_values(
    sample: str, parts: Parts, rasters: Sequence[Rasters], numbers: Sequence[Numbers]
) -> Iterator[tuple[str, str]]:
    """Yield what is missing of one image and what was expected, for findings."""
    for raster in rasters:
        if parts not in raster.files:
            yield f"{raster.name} is missing", f"expected {fill(raster.pattern, parts)}"
    for number in numbers:
        if sample in number.unread:
            yield f"{number.name} is no number", f"{number.unread[sample]!r} in {number.path.name}"
        elif sample not in number.known:
            yield f"{number.name} is missing", f"expected a row in {number.path.name}"


def without_image(rasters: Iterable[Rasters], images: Iterable[Match]) -> list[Finding]:
    """Report rasters that belong to no image."""
    used = {match.parts for match in images}
    return [
        Finding("", str(match.path), "", f"{one.name} without an image", "", "not used")
        for one in rasters
        for parts, match in one.files.items()
        if parts not in used
    ]


def without_sample(numbers: Iterable[Numbers], samples: Iterable[str]) -> list[Finding]:
    """Report, once per table, rows that belong to no image."""
    there = set(samples)
    lone = [(one, sorted({*one.known, *one.unread} - there)) for one in numbers]
    return [
        Finding("", str(one.path), "", f"{one.name} without an image",
                f"{len(names)} rows, the first of {names[0]}", "not used")
        for one, names in lone
        if names
    ]  # fmt: skip
