"""The geopose layout: oblique RGB images with heights above ground, one flow scale and one flow angle each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np

from landseer.adapters.geopose_config import GeoposeConfig
from landseer.adapters.geopose_files import Tile, find_tiles
from landseer.adapters.geopose_flow import Flow, read_flow
from landseer.adapters.geopose_places import Place, find_places
from landseer.adapters.headers import Source, scan_headers
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.parallel import parallel_map
from landseer.core.references import Reference
from landseer.errors import DataError
from landseer.raster.read import read_info
from landseer.samples.findings import EXCLUDED, Finding
from landseer.samples.table import make_samples

_NOTHING = "neither heights nor scale nor angle is known"


def bands(config: GeoposeConfig) -> tuple[Band, ...]:
    """Return red, green and blue."""
    return (Band("red", 1, ("R",)), Band("green", 2, ("G",)), Band("blue", 3, ("B",)))


def classes(config: GeoposeConfig) -> ClassTable:
    """Return no class: there are no class labels."""
    return ClassTable((), ())


def references(config: GeoposeConfig) -> tuple[Reference, ...]:
    """Return heights above ground (m), flow angle (radians, 0 = down, counter-clockwise) and flow scale (px/m)."""
    return (
        config.agl(),
        Reference("angle", "angle", "rad"),
        Reference("scale", "number", "px/m", minimum=0.0),
    )


def scan(config: GeoposeConfig) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Make the sample table from the tables and folders; the city is the site.

    Returns:
        The sample table, and what was found on the way.

    Raises:
        DataError: there is no image at all, a table is not what it should be, or the AGL files are of another unit than
            the recipe says, judged by the type of the first.
        FileReadError: a table cannot be read.

    Edges: a training image of which nothing is known is excluded; an id on both sides is used for testing only. Test
        images have references where truth lies beside them.

    Source: the layout of the Overhead Geopose Challenge (DrivenData 2021; Christie et al., CVPR 2021).
    """
    root = Path(config.root).absolute()
    train, findings = find_tiles(root, "train")
    test, more = find_tiles(root, "test")
    if not any(tile.rgb for tile in (*train, *test)):
        raise DataError(
            "expected images <id>_RGB.j2k (or .tif, .png) in train/ or test/; found none",
            where=root,
            do="unpack the data set there, or correct `root`",
        )
    train, twice = _without_test(train, test)
    _check_unit(config, [*train, *test])
    places, odd = find_places(root, [tile.name for tile in (*train, *test)])
    findings += more + twice + odd
    sources: list[Source] = []
    for side, tiles in (("train", train), ("test", test)):
        found, flaws = _sources(side, tiles, places, config)
        sources, findings = sources + found, findings + flaws
    scanned = scan_headers(sources)
    findings += [finding for item in scanned for finding in item.findings]
    return make_samples([item.record for item in scanned]), findings


def _without_test(train: Sequence[Tile], test: Sequence[Tile]) -> tuple[list[Tile], list[Finding]]:
    """Take ids that are test images out of the training images."""
    held = {tile.name for tile in test}
    findings = [
        Finding(tile.name, str(tile.rgb), "", "id is listed for training and for testing", "", "not used for training")
        for tile in train
        if tile.name in held
    ]  # fmt: skip
    return [tile for tile in train if tile.name not in held], findings


def _check_unit(config: GeoposeConfig, tiles: Sequence[Tile]) -> None:
    """Refuse heights in decimals that the recipe takes for centimetres, and whole numbers that it takes for metres."""
    path = next((tile.agl for tile in tiles if tile.agl is not None), None)
    if path is None:
        return
    dtype = read_info(path).dtype
    is_decimal = np.dtype(dtype).kind == "f"
    if is_decimal != (config.agl_unit == "m"):
        expected = "decimals (m)" if config.agl_unit == "m" else "whole numbers (cm)"
        raise DataError(
            f"expected AGL files of {expected}; got {dtype}",
            where=path,
            do=f"set data.agl_unit to {'m' if is_decimal else 'cm'}",
        )


def _sources(
    side: str, tiles: Sequence[Tile], places: dict[str, Place], config: GeoposeConfig
) -> tuple[list[Source], list[Finding]]:
    """Put together what is known of the images of one side."""
    there = [tile for tile in tiles if tile.rgb is not None]
    flows = parallel_map(lambda tile: _flow(tile, config), there, label=f"{side} flows")
    sources: list[Source] = []
    findings: list[Finding] = []
    for tile, (flow, flaws) in zip(there, flows, strict=True):
        source = _source(side, tile, flow, places[tile.name])
        sources.append(source)
        findings += flaws
        if source.excluded:
            findings.append(Finding(tile.name, str(tile.rgb), "", _NOTHING, "", EXCLUDED))
    return sources, findings


def _flow(tile: Tile, config: GeoposeConfig) -> tuple[Flow, list[Finding]]:
    """Read the flow of an image, if there is one."""
    if tile.flow is None:
        return Flow(), []
    return read_flow(tile.name, tile.flow, config.scale_factor)


def _source(side: str, tile: Tile, flow: Flow, place: Place) -> Source:
    """Put together what is known of one image."""
    is_known = tile.agl is not None or not (math.isnan(flow.scale) and math.isnan(flow.angle))
    return Source(
        tile.name,
        side,
        tile.rgb or Path(),
        None,
        site=place.city,
        gsd_m=place.gsd_m,
        excluded=None if is_known or side == "test" else _NOTHING,
        references={"agl": tile.agl, "angle": flow.angle, "scale": flow.scale},
    )
