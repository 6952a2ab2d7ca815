"""Any data set of image and label files in folders, described by patterns in the recipe."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from landseer.adapters.folder_config import FolderConfig
from landseer.adapters.headers import Scanned, Source, scan_headers
from landseer.adapters.pattern import Match, fill, find_files, nothing_found
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.errors import DataError, FileReadError
from landseer.samples.findings import EXCLUDED, KEPT, Finding
from landseer.samples.schema import shorten
from landseer.samples.table import make_samples

Lookup = Callable[[str, str], str | None]
"""(sample, relative path) -> site or date, None when unknown."""

_NO_LABEL = "label is missing"


@dataclass(frozen=True, slots=True)
class _Known:
    """What the recipe knows of every sample besides its files."""

    config: FolderConfig
    site: Lookup
    date: Lookup

    def source(self, match: Match, side: str, label: Match | None, labels: str | None) -> Source:
        """Put together what is known of one image."""
        sample = match.name if side == "train" else self.config.test_prefix + match.name
        return Source(
            sample,
            side,
            match.path,
            None if label is None else label.path,
            site=self.site(sample, match.relative),
            date=self.date(sample, match.relative),
            gsd_m=self.config.gsd_m,
            excluded=_NO_LABEL
            if side == "train" and labels is not None and label is None
            else None,
        )


def bands(config: FolderConfig) -> tuple[Band, ...]:
    """Return the bands of the recipe."""
    return config.band_table()


def classes(config: FolderConfig) -> ClassTable:
    """Return the classes of the recipe."""
    return config.class_table()


def scan(config: FolderConfig) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Make the sample table from the files that the patterns match.

    Returns:
        The sample table, and what was found on the way.

    Raises:
        DataError: a pattern matches nothing, two files give one sample name, or a site table is wrong.
        FileReadError: the root, a folder or a table cannot be read.

    Edges: a training image without its label is excluded, a test image is not; a label without an image is reported;
        without a pattern for labels no sample has one and none is excluded for it.
    """
    root = Path(config.root).absolute()
    known = _Known(config, _lookup(root, config, "site"), _lookup(root, config, "date"))
    train, findings = _side(root, "train", config.images, config.labels, known)
    test, test_findings = _side(root, "test", config.test_images, config.test_labels, known)
    sources = train + test
    scanned = scan_headers(sources)
    findings += test_findings + [finding for item in scanned for finding in item.findings]
    findings += _without(sources, config, "site") + _without(sources, config, "date")
    findings += _undeclared_nodata(scanned, bands(config))
    return make_samples([item.record for item in scanned]), findings


def _side(
    root: Path, side: str, images: str | None, labels: str | None, known: _Known
) -> tuple[list[Source], list[Finding]]:
    """Find the images and labels of one side."""
    if images is None:
        return [], []
    found_labels = (
        {}
        if labels is None
        else {match.parts: match for match in _find(root, labels, f"{side} labels")}
    )
    label_paths = {match.relative for match in found_labels.values()}
    found = [
        match
        for match in _find(root, images, f"{side} images")
        if match.relative not in label_paths
    ]
    if labels is not None and not any(match.parts in found_labels for match in found):
        raise _no_pairs(root, found, labels, len(found_labels))
    sources = [known.source(match, side, found_labels.get(match.parts), labels) for match in found]
    return sources, _unpaired(sources, found, found_labels, labels)


def _find(root: Path, pattern: str, role: str) -> list[Match]:
    """Find files, at least one."""
    matches = find_files(root, pattern)
    if not matches:
        raise nothing_found(root, pattern, role)
    return matches


def _no_pairs(root: Path, images: list[Match], labels: str, n_labels: int) -> DataError:
    """Say that no image has its label."""
    if not images:
        return DataError(
            f"expected images besides the labels; every image that the pattern matches is a label ({labels!r})",
            where=root,
            do="narrow the pattern of the images",
        )
    return DataError(
        f"expected the label {fill(labels, images[0].parts)!r} for the image {images[0].relative!r}; "
        f"none of {len(images)} images has its label among {n_labels} files",
        where=root,
        do="let the wildcards of images and labels stand for the same text",
    )


def _unpaired(
    sources: list[Source],
    images: list[Match],
    labels: dict[tuple[str, ...], Match],
    pattern: str | None,
) -> list[Finding]:
    """Report images without a label, and labels without an image."""
    if pattern is None:
        return []
    without_label = [
        Finding(source.sample, str(source.image), "", _NO_LABEL, f"expected {fill(pattern, match.parts)}",
                EXCLUDED if source.excluded else KEPT)
        for source, match in zip(sources, images, strict=True)
        if source.label is None
    ]  # fmt: skip
    used = {match.parts for match in images}
    without_image = [
        Finding("", str(label.path), "", "label without an image", "", "not used")
        for parts, label in labels.items()
        if parts not in used
    ]
    return without_label + without_image


def _lookup(root: Path, config: FolderConfig, key: str) -> Lookup:
    """Make the function that knows a sample's site or date."""
    expression: str | None = getattr(config, key)
    table: Path | None = getattr(config, f"{key}_table")
    if table is not None:
        known = _read_table(root / table, key)
        return lambda sample, _: known.get(sample)
    if expression is not None:
        compiled = re.compile(expression)
        return lambda _, relative: (found := compiled.search(relative)) and found.group(1)
    return lambda _, __: None


def _read_table(path: Path, key: str) -> dict[str, str]:
    """Read sample -> site (or date) from a CSV."""
    try:
        table = pd.read_csv(path, dtype=str)
    except (OSError, ValueError) as error:
        raise FileReadError(
            f"expected a table (CSV) with the columns sample and {key}; got: {error}", where=path
        ) from error
    missing = [name for name in ("sample", key) if name not in table.columns]
    if missing:
        raise DataError(
            f"expected the columns sample and {key}; got {', '.join(table.columns)}", where=path
        )
    table = table.dropna(subset=["sample", key])
    counts = table.groupby("sample")[key].nunique()
    if (counts > 1).any():
        raise DataError(
            f"expected one {key} per sample; got several for {shorten(counts.index[counts > 1])}",
            where=path,
        )
    return dict(zip(table["sample"], table[key], strict=True))


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
    known = {band.nodata for band in table}
    infos = [item.info for item in scanned if item.info is not None]
    values = Counter(
        info.nodata for info in infos if info.nodata is not None and info.nodata == info.nodata
    )
    first = {info.nodata: info.path for info in reversed(infos)}
    return [
        Finding("", str(first[value]), "", "files declare a nodata value that no band of the recipe has",
                f"{value!r} in {count} files", f"{KEPT}: give it as `nodata` of the bands it marks")
        for value, count in values.items()
        if value not in known
    ]  # fmt: skip
