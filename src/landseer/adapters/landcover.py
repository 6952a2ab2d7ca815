"""The LandCover.ai data set: orthophotos of Poland with five classes, read without writing chips."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd

from landseer.adapters.headers import Scanned, Source, scan_headers
from landseer.adapters.landcover_config import (
    WINDOW_PX,
    LandcoverConfig,
    bands,
    classes,
    references,
)
from landseer.adapters.landcover_lists import apply_lists, read_lists
from landseer.adapters.landcover_windows import window_records
from landseer.adapters.pattern import find_files
from landseer.errors import DataError
from landseer.samples.findings import EXCLUDED, KEPT, Finding
from landseer.samples.table import make_samples

__all__ = ["bands", "classes", "references", "scan"]

_NO_LABEL = "label is missing"


def scan(config: LandcoverConfig) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Make the sample table: one row per full window of 512 px, named `<orthophoto>_<number>` as in the lists.

    Returns:
        The sample table, and what was found on the way. The site is the orthophoto. `list` says train, val or test;
        `official` serves `split: {kind: fixed, column: official, unlisted: train_only}`.

    Raises:
        DataError: there are neither orthophotos nor chips, or a window is in two lists.
        FileReadError: a folder or a list cannot be read.

    Edges: the official lists draw windows of one orthophoto for all three sides. An orthophoto without mask, or with
        one of another size, is excluded window by window.
    """
    root = Path(config.root).absolute()
    photos = _files(root, "images", ".tif")
    read = _from_photos if _reads_photos(config, photos) else _from_chips
    records, findings = read(root, photos)
    if not records:
        raise DataError(
            f"expected orthophotos images/*.tif of {WINDOW_PX} px or more, or chips output/*.jpg; found none that fits "
            f"`chips: {config.chips}`",
            where=root,
            do="correct `root`, or let `chips` be auto",
        )
    listed, listing = apply_lists(records, read_lists(root), root)
    return make_samples(listed), findings + listing


def _reads_photos(config: LandcoverConfig, photos: Mapping[str, Path]) -> bool:
    """Tell whether windows are read from the orthophotos."""
    return config.chips == "never" or (config.chips == "auto" and bool(photos))


def _from_photos(
    root: Path, photos: Mapping[str, Path]
) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Make the rows of all windows of all orthophotos."""
    masks = _files(root, "masks", ".tif")
    scanned = scan_headers(
        Source(stem, "train", path, masks.get(stem), site=stem) for stem, path in photos.items()
    )
    heads = scan_headers(Source(stem, "train", path, None) for stem, path in masks.items())
    sizes = {head.record["sample"]: head for head in heads}
    records, findings = [], [f for item in scanned for f in item.findings]
    for item in scanned:
        found = _mask_faults(item, sizes.get(item.record["sample"]))
        findings += found
        reason = next((one.what for one in found if one.action == EXCLUDED), None)
        records += window_records(item, reason)
    return records, findings + _alone(masks, photos)


def _mask_faults(photo: Scanned, mask: Scanned | None) -> list[Finding]:
    """Compare an orthophoto's mask with it."""
    name, file = photo.record["sample"], photo.record["image"]
    if photo.info is None:
        return []
    if mask is None:
        return [Finding(name, file, "", _NO_LABEL, f"expected masks/{name}.tif", EXCLUDED)]
    if mask.info is None:
        figure = mask.record["excluded"].removeprefix("image cannot be read: ")
        return [Finding(name, mask.record["image"], "", "label cannot be read", figure, EXCLUDED)]
    ours, theirs = photo.info, mask.info
    file = mask.record["image"]
    if (ours.height, ours.width) != (theirs.height, theirs.width):
        figure = f"{theirs.height} x {theirs.width} px, image {ours.height} x {ours.width} px"
        return [Finding(name, file, "", "label and image differ in size", figure, EXCLUDED)]
    if (ours.crs, ours.transform) != (theirs.crs, theirs.transform):
        what = "label and image differ in georeference"
        return [Finding(name, file, "", what, "", f"{KEPT}: pixels are paired by row and column")]
    return []


def _from_chips(
    root: Path, photos: Mapping[str, Path]
) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Make the rows of the chips that split.py wrote; their place is their orthophoto's where it is there."""
    chips, masks = _files(root, "output", ".jpg"), _files(root, "output", "_m.png")
    sources = [
        Source(
            name,
            "train",
            path,
            masks.get(name),
            site=_stem(name),
            excluded=None if name in masks else _NO_LABEL,
        )
        for name, path in chips.items()
    ]
    scanned = scan_headers(sources)
    used = {_stem(name) for name in chips}
    heads = scan_headers(Source(s, "train", path, None) for s, path in photos.items() if s in used)
    places = {row["sample"]: row for head in heads for row in window_records(head, None)}
    kept = ("crs", "transform", "gsd_m", "geometry")
    records = [
        item.record | {key: place[key] for key in kept if key in place}
        for item in scanned
        for place in [places.get(item.record["sample"], {})]
    ]
    findings = [f for item in scanned for f in item.findings]
    findings += [
        Finding(name, str(path), "", _NO_LABEL, f"expected {name}_m.png", EXCLUDED)
        for name, path in chips.items()
        if name not in masks
    ]
    return records, findings + _alone(masks, chips)


def _alone(masks: Mapping[str, Path], images: Mapping[str, Path]) -> list[Finding]:
    """Report masks without an image."""
    return [
        Finding("", str(path), "", "label without an image", "", "not used")
        for name, path in masks.items()
        if name not in images
    ]


def _files(root: Path, folder: str, ending: str) -> dict[str, Path]:
    """Return name without ending -> file; empty when the folder is missing."""
    if not (root / folder).is_dir():
        return {}
    return {match.name: match.path for match in find_files(root, f"{folder}/*{ending}")}


def _stem(name: str) -> str:
    """Return the orthophoto of a window."""
    return name.rpartition("_")[0] or name
