"""References among each other: other types than the rest, nodata that the recipe lacks, the same one twice."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from landseer.audit.examined import Examined
from landseer.audit.reference_pass import ReferenceReading
from landseer.core.encoding import as_stored
from landseer.core.references import Reference
from landseer.raster.read import RasterInfo
from landseer.samples.findings import KEPT, Finding

Pair = tuple[Examined, ReferenceReading]


def compare_references(
    samples: Sequence[Examined], references: Iterable[Reference]
) -> list[Finding]:
    """Compare the reference rasters of a data set with each other.

    A sample is left out where its raster holds whole numbers and most others decimals, or the other way round: it is of
    another unit then, such as cm among m.

    Args:
        samples: what was read; findings about single samples go into their verdicts.
        references: of the data set.

    Returns:
        Findings about several samples: nodata values that files declare and the recipe lacks, once per value; rasters
        that are the same under images that differ, and differ under images that are the same.

    Source: own.
    """
    findings: list[Finding] = []
    for reference in references:
        read = [
            (one, one.references[reference.name])
            for one in samples
            if reference.name in one.references and one.verdict.excluded is None
        ]
        _exclude_odd(read, reference)
        findings += _undeclared(read, reference)
        findings += _copies([pair for pair in read if pair[0].verdict.excluded is None], reference)
    return findings


def _exclude_odd(read: Sequence[Pair], reference: Reference) -> None:
    """Leave out whole numbers among decimals and decimals among whole numbers."""
    kinds = Counter(_is_decimal(reading.info) for _, reading in read)
    if len(kinds) < 2:
        return
    common = kinds[True] >= kinds[False]
    for one, reading in read:
        if _is_decimal(reading.info) != common:
            figure = f"{reading.info.dtype}; {kinds[common]} of {len(read)} rasters hold "
            figure += "decimals" if common else "whole numbers"
            what = f"{reference.name} has another pixel type than the rest"
            one.verdict.exclude(reading.info.path, what, figure)


def _is_decimal(info: RasterInfo) -> bool:
    """Tell whether a raster's pixels are decimals."""
    return np.dtype(info.dtype).kind == "f"


def _undeclared(read: Sequence[Pair], reference: Reference) -> list[Finding]:
    """Report, once per value, nodata values that files declare and the recipe does not have."""
    nodata = reference.encoding.nodata
    lone = [
        reading.info
        for _, reading in read
        if reading.info.nodata is not None
        and not math.isnan(reading.info.nodata)
        and (nodata is None or as_stored(nodata, np.dtype(reading.info.dtype)) != reading.info.nodata)
    ]  # fmt: skip
    first = {info.nodata: info.path for info in reversed(lone)}
    what = f"{reference.name} files declare a nodata value that the recipe lacks"
    return [
        Finding("", str(first[value]), "", what, f"{value!r} in {count} files",
                f"{KEPT}: give it as `nodata` of {reference.name}")
        for value, count in Counter(info.nodata for info in lone).items()
    ]  # fmt: skip


def _copies(read: Sequence[Pair], reference: Reference) -> list[Finding]:
    """Report rasters that are copies, and images with several rasters."""
    findings = []
    for first, *others in _alike(read, lambda pair: pair[1].content):
        for one in others:
            if one[0].content != first[0].content:
                what = f"the same {reference.name} as under another image"
                findings.append(_finding(one, what, first))
    for first, *others in _alike(read, lambda pair: pair[0].content):
        for one in others:
            if one[1].content != first[1].content:
                what = f"the same image has another {reference.name}"
                findings.append(_finding(one, what, first))
    return findings


def _alike(read: Sequence[Pair], key: Callable[[Pair], str]) -> list[list[Pair]]:
    """Gather what has the same key; "" is none."""
    groups: dict[str, list[Pair]] = defaultdict(list)
    for pair in read:
        groups[key(pair)].append(pair)
    return [group for text, group in groups.items() if text and len(group) > 1]


def _finding(one: Pair, what: str, first: Pair) -> Finding:
    """Name the first of several samples."""
    path = str(one[1].info.path)
    return Finding(one[0].row["sample"], path, "", what, first[0].row["sample"], KEPT)
