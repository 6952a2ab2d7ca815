"""The kelp data set: Landsat tiles of 350 x 350 px around the Falkland Islands with kelp masks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import geopandas as gpd
from pydantic import BaseModel, ConfigDict

from landseer.adapters.headers import Source, scan_headers
from landseer.adapters.kelp_metadata import Delivery, check_metadata
from landseer.adapters.pattern import find_files
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.references import Reference
from landseer.errors import DataError
from landseer.samples.findings import EXCLUDED, Finding
from landseer.samples.table import make_samples

GSD_M = 30.0
NODATA = -32768.0
_NO_LABEL = "label is missing"


class KelpConfig(BaseModel):
    """Where the kelp data set lies."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    adapter: Literal["kelp"]
    """Name of the adapter."""
    root: Path
    """Folder with train_satellite/, train_kelp/ and test_satellite/, or with train/images, train/masks and test/images;
    a metadata*.csv in it is checked against the files."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Folders of one arrangement of the data set."""

    images: str
    masks: str
    test_images: str
    test_masks: str


_LAYOUTS = (
    _Layout("train_satellite", "train_kelp", "test_satellite", "test_kelp"),
    _Layout("train/images", "train/masks", "test/images", "test/masks"),
)


def bands(config: KelpConfig) -> tuple[Band, ...]:
    """Return the seven bands in the order of the files.

    Source: the Kelp Wanted competition; its one SWIR band stands for both of the spectral indices' SWIRs.
    """
    optical = {"swir": ("S1", "S2"), "nir": ("N",), "red": ("R",), "green": ("G",), "blue": ("B",)}
    return (
        *(
            Band(name, index, codes, nodata=NODATA)
            for index, (name, codes) in enumerate(optical.items(), 1)
        ),
        Band("qa", 6, ("QA",), kind="quality"),
        Band("dem", 7, ("DEM",), kind="elevation", nodata=NODATA),
    )


def classes(config: KelpConfig) -> ClassTable:
    """Return background and kelp."""
    return ClassTable(("background", "kelp"), (0, 1), ("#0b3c5d", "#3fbf5f"))


def references(config: KelpConfig) -> tuple[Reference, ...]:
    """Return nothing: the data set has class labels only."""
    return ()


def scan(config: KelpConfig) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Make the sample table from the folders, and compare them with the metadata table where there is one.

    Returns:
        The sample table, and what was found on the way.

    Raises:
        DataError: the folders are not there, are there in both arrangements, hold no tiles, or hold one twice.
        FileReadError: a folder or the metadata table cannot be read.

    Edges: a training tile without a mask is excluded; a test tile needs none.
    """
    root = Path(config.root).absolute()
    layout = _layout(root)
    images = _tiles(root, layout.images, "satellite")
    masks = _tiles(root, layout.masks, "kelp")
    tests = _tiles(root, layout.test_images, "satellite")
    test_masks = _tiles(root, layout.test_masks, "kelp")
    if not images and not tests:
        raise DataError(
            f"expected files <tile>_satellite.tif in {layout.images} or {layout.test_images}; found none",
            where=root,
            do="unpack the data set there",
        )
    findings = _unpaired(images, masks)
    findings += check_metadata(
        root, Delivery(images, masks, tests, (root / layout.test_images).is_dir())
    )
    sources = [
        Source(
            tile,
            "train",
            path,
            masks.get(tile),
            gsd_m=GSD_M,
            excluded=None if tile in masks else _NO_LABEL,
        )
        for tile, path in images.items()
    ]
    sources += [
        Source(tile, "test", path, test_masks.get(tile), gsd_m=GSD_M)
        for tile, path in tests.items()
    ]
    scanned = scan_headers(sources)
    findings += [finding for item in scanned for finding in item.findings]
    return make_samples([item.record for item in scanned]), findings


def _layout(root: Path) -> _Layout:
    """Find out how the folders are arranged."""
    if not root.is_dir():
        raise DataError(
            "expected the folder of the kelp data set; there is none",
            where=root,
            do="correct `root`",
        )
    present = [
        layout
        for layout in _LAYOUTS
        if (root / layout.images).is_dir() or (root / layout.test_images).is_dir()
    ]
    if len(present) != 1:
        came = "none of them" if not present else "both arrangements"
        raise DataError(
            "expected the folders train_satellite/, train_kelp/, test_satellite/, or train/images, train/masks, "
            f"test/images; found {came}",
            where=root,
            do="correct `root`, or remove one arrangement",
        )
    return present[0]


def _tiles(root: Path, folder: str, kind: str) -> dict[str, Path]:
    """Return tile -> file for the files of one kind in a folder; empty when the folder is missing."""
    if not (root / folder).is_dir():
        return {}
    return {match.name: match.path for match in find_files(root, f"{folder}/*_{kind}.tif")}


def _unpaired(images: dict[str, Path], masks: dict[str, Path]) -> list[Finding]:
    """Report training images without a mask, and masks without an image."""
    without_label = [
        Finding(tile, str(path), "", _NO_LABEL, "", EXCLUDED)
        for tile, path in images.items()
        if tile not in masks
    ]
    without_image = [
        Finding(tile, str(path), "", "label without an image", "", "not used")
        for tile, path in masks.items()
        if tile not in images
    ]
    return without_label + without_image
