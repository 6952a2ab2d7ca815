"""Any data set of images, labels and values in folders, described by patterns in the recipe."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np

from landseer.adapters.folder_config import FolderConfig
from landseer.adapters.folder_values import (
    Numbers,
    Parts,
    Rasters,
    find_rasters,
    missing_values,
    read_numbers,
    values_of,
    without_image,
    without_sample,
)
from landseer.adapters.headers import Scanned, Source, scan_headers
from landseer.adapters.pattern import Match, fill, find_files, nothing_found
from landseer.adapters.tables import read_column
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.encoding import as_stored
from landseer.core.references import Reference
from landseer.errors import DataError
from landseer.raster.read import RasterInfo
from landseer.samples.findings import EXCLUDED, KEPT, Finding
from landseer.samples.schema import is_missing
from landseer.samples.table import make_samples

Lookup = Callable[[str, str], str | None]
"""(sample, relative path) -> site or date, None when unknown."""

_NO_LABEL = "label is missing"
_NOTHING = "neither label nor value is known"


@dataclass(frozen=True, slots=True)
class _Known:
    """What the recipe knows of every sample besides its files."""

    config: FolderConfig
    site: Lookup
    date: Lookup
    numbers: Sequence[Numbers]


@dataclass(frozen=True, slots=True)
class _Side:
    """The files of one side.

    Attributes:
        name: train or test.
        images: images without those files that are labels or values.
        pattern: of the labels, None where there are none.
        labels: what the wildcards stand for -> label.
        rasters: files of values.
        numbers: tables in which every image of this side should stand.
    """

    name: str
    images: Sequence[Match]
    pattern: str | None
    labels: Mapping[Parts, Match]
    rasters: Sequence[Rasters]
    numbers: Sequence[Numbers]


def bands(config: FolderConfig) -> tuple[Band, ...]:
    """Return the bands of the recipe."""
    return config.band_table()


def classes(config: FolderConfig) -> ClassTable:
    """Return the classes of the recipe."""
    return config.class_table()


def references(config: FolderConfig) -> tuple[Reference, ...]:
    """Return the values and numbers of the recipe."""
    return config.reference_table()


def scan(config: FolderConfig) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Make the sample table from the files that the patterns match.

    Returns:
        The sample table, and what was found on the way.

    Raises:
        DataError: a pattern matches nothing, two files give one sample name, or a table is wrong.
        FileReadError: the root, a folder or a table cannot be read.

    Edges: a training image of which neither label nor value is known is excluded, a test image is not; what is missing,
        and a label or a value without an image, is reported; where the recipe has neither labels nor values, no sample
        is excluded for it.
    """
    root = Path(config.root).absolute()
    numbers = read_numbers(root, config.numbers)
    known = _Known(config, _lookup(root, config, "site"), _lookup(root, config, "date"), numbers)
    train, findings = _side(root, "train", config.images, config.labels, known)
    test, test_findings = _side(root, "test", config.test_images, config.test_labels, known)
    sources = train + test
    scanned = scan_headers(sources)
    findings += test_findings + [finding for item in scanned for finding in item.findings]
    findings += without_sample(numbers, (source.sample for source in sources))
    findings += _without(sources, config, "site") + _without(sources, config, "date")
    findings += _undeclared_nodata(scanned, bands(config))
    return make_samples([item.record for item in scanned]), findings


def _side(
    root: Path, name: str, images: str | None, labels: str | None, known: _Known
) -> tuple[list[Source], list[Finding]]:
    """Find the images of one side and what belongs to them."""
    if images is None:
        return [], []
    side = _find_side(root, name, images, labels, known)
    sources, findings = [], []
    for match in side.images:
        source, missing = _source(side, match, known)
        sources.append(source)
        findings += missing
    return sources, findings + _lone_labels(side) + without_image(side.rasters, side.images)


def _find_side(root: Path, name: str, images: str, labels: str | None, known: _Known) -> _Side:
    """Find the files of one side; each kind must fit an image at least."""
    found = [] if labels is None else _find(root, labels, f"{name} labels")
    rasters = find_rasters(root, name, known.config.values)
    taken = {match.relative for match in found}
    taken |= {match.relative for raster in rasters for match in raster.files.values()}
    every = _find(root, images, f"{name} images")
    left = [match for match in every if match.relative not in taken]
    by_parts = {match.parts: match for match in found}
    kinds = [] if labels is None else [("label", labels, by_parts)]
    for role, pattern, files in [*kinds, *((one.name, one.pattern, one.files) for one in rasters)]:
        if not any(match.parts in files for match in left):
            raise _no_pairs(root, left, role, pattern, len(files))
    names = [_sample(name, match, known.config) for match in left]
    numbers = [
        one for one in known.numbers if name == "train" or any(sample in one for sample in names)
    ]
    return _Side(name, left, labels, by_parts, rasters, numbers)


def _sample(side: str, match: Match, config: FolderConfig) -> str:
    """Name the sample of an image."""
    return match.name if side == "train" else config.test_prefix + match.name


def _source(side: _Side, match: Match, known: _Known) -> tuple[Source, list[Finding]]:
    """Put together what is known of one image, and report what is missing."""
    config, label = known.config, side.labels.get(match.parts)
    sample = _sample(side.name, match, config)
    values = values_of(sample, match.parts, side.rasters, known.numbers)
    missing = [] if side.pattern is None or label is not None else [
        (_NO_LABEL, f"expected {fill(side.pattern, match.parts)}")
    ]  # fmt: skip
    missing += missing_values(sample, match.parts, side.rasters, side.numbers)
    is_known = label is not None or not all(is_missing(value) for value in values.values())
    is_left_out = side.name == "train" and bool(missing) and not is_known
    reason = missing[0][0] if len(missing) == 1 else _NOTHING
    findings = [
        Finding(sample, str(match.path), "", what, figure, EXCLUDED if is_left_out else KEPT)
        for what, figure in missing
    ]
    source = Source(
        sample,
        side.name,
        match.path,
        None if label is None else label.path,
        site=known.site(sample, match.relative),
        date=known.date(sample, match.relative),
        gsd_m=config.gsd_m,
        excluded=reason if is_left_out else None,
        references=values,
    )
    return source, findings


def _lone_labels(side: _Side) -> list[Finding]:
    """Report labels without an image."""
    used = {match.parts for match in side.images}
    return [
        Finding("", str(label.path), "", "label without an image", "", "not used")
        for parts, label in side.labels.items()
        if parts not in used
    ]


def _find(root: Path, pattern: str, role: str) -> list[Match]:
    """Find files, at least one."""
    matches = find_files(root, pattern)
    if not matches:
        raise nothing_found(root, pattern, role)
    return matches


def _no_pairs(root: Path, images: list[Match], role: str, pattern: str, count: int) -> DataError:
    """Say that no image has its label, or none its value."""
    if not images:
        return DataError(
            f"expected images besides the {role}s; every image that the pattern matches is a {role} ({pattern!r})",
            where=root,
            do="narrow the pattern of the images",
        )
    return DataError(
        f"expected the {role} {fill(pattern, images[0].parts)!r} for the image {images[0].relative!r}; "
        f"none of {len(images)} images has its {role} among {count} files",
        where=root,
        do=f"let the wildcards of images and {role}s stand for the same text",
    )


def _lookup(root: Path, config: FolderConfig, key: str) -> Lookup:
    """Make the function that knows a sample's site or date."""
    expression: str | None = getattr(config, key)
    table: Path | None = getattr(config, f"{key}_table")
    if table is not None:
        known = read_column(root / table, key)
        return lambda sample, _: known.get(sample)
    if expression is not None:
        compiled = re.compile(expression)
        return lambda _, relative: (found := compiled.search(relative)) and found.group(1)
    return lambda _, __: None


def _without(sources: Iterable[Source], config: FolderConfig, key: str) -> list[Finding]:
    """Report samples to which the recipe's site or date does not reach."""
    if getattr(config, key) is None and getattr(config, f"{key}_table") is None:
        return []
    return [
        Finding(
            source.sample,
            str(source.image),
            "",
            f"no {key} for this sample",
            "",
            f"{KEPT} without {key}",
        )
        for source in sources
        if getattr(source, key) is None
    ]


def _undeclared_nodata(scanned: Iterable[Scanned], table: tuple[Band, ...]) -> list[Finding]:
    """Report, once per value, nodata values that files declare and the recipe's bands do not have."""
    infos = [item.info for item in scanned if item.info is not None]
    lone = [info for info in infos if not _is_declared(info, table)]
    values = Counter(info.nodata for info in lone)
    first = {info.nodata: info.path for info in reversed(lone)}
    return [
        Finding("", str(first[value]), "", "files declare a nodata value that no band of the recipe has",
                f"{value!r} in {count} files", f"{KEPT}: give it as `nodata` of the bands it marks")
        for value, count in values.items()
    ]  # fmt: skip


def _is_declared(info: RasterInfo, table: tuple[Band, ...]) -> bool:
    """Tell whether a file declares no nodata value but NaN, or one that a band of the recipe has."""
    if info.nodata is None or math.isnan(info.nodata):
        return True
    dtype = np.dtype(info.dtype)
    return info.nodata in {as_stored(one.nodata, dtype) for one in table if one.nodata is not None}
