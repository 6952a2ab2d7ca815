"""Open Cities' STAC 0.8.1 catalogues with their oddities: dates with a space, boxes of collections that miss scenes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from landseer.core.files import write_json
from landseer.synth.buildings_plan import TEST

VERSION = "0.8.1"
_START = "2019-10-29T00:00:00Z"
_TIFF = "image/tiff; application=geotiff; profile=cloud-optimized"

Bounds = tuple[float, float, float, float]
"""West, south, east, north, degrees."""


def _link(rel: str, href: str) -> dict[str, str]:
    """Return a link."""
    return {"rel": rel, "href": href}


def _item(
    name: str, bounds: Bounds, date: str, assets: dict[str, Any], **more: Any
) -> dict[str, Any]:
    """Return an item; `more` goes into its properties."""
    west, south, east, north = bounds
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "stac_version": VERSION,
        "id": name,
        "bbox": list(bounds),
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"datetime": date, **more},
        "assets": assets,
        "links": [],
    }


def image_item(name: str, area: str, bounds: Bounds, date: str) -> dict[str, Any]:
    """Return the item of a scene's image, `NAME.json` beside `NAME.tif`."""
    asset = {"href": f"./{name}.tif", "type": _TIFF, "title": "GeoTIFF"}
    item = _item(name, bounds, date, {"image": asset}, area=area)
    return item | {"collection": area, "links": [_link("collection", "../collection.json")]}


def label_item(name: str, area: str, bounds: Bounds, date: str, count: int) -> dict[str, Any]:
    """Return the item of a scene's labels, `NAME-labels.json` beside `NAME.geojson`."""
    assets = {
        "labels": {"href": f"./{name}.geojson", "type": "application/geo+json"},
        "image": {"href": f"../{name}/{name}.tif", "type": _TIFF},
    }
    own = {
        "area": area,
        "license": "CC-BY-4.0" if area == "znz" else "ODbL-1.0",
        "label:description": "Geojson building labels for scene",
        "label:type": "vector",
        "label:properties": ["building"],
        "label:classes": [{"name": "building", "classes": ["yes"]}],
        "label:overviews": [
            {"property_key": "building", "counts": [{"name": "yes", "count": count}]}
        ],
    }
    item = _item(f"{name}-labels", bounds, date, assets, **own)
    links = [_link("collection", "../collection.json"), _link("source", f"../{name}/{name}.json")]
    return item | {"stac_extensions": ["label"], "collection": area, "links": links}


def chip_item(name: str, bounds: Bounds, date: str) -> dict[str, Any]:
    """Return the item of a test chip."""
    item = _item(name, bounds, date, {"image": {"href": f"./{name}.tif", "type": _TIFF}})
    return item | {"links": [_link("root", "../catalog.json"), _link("parent", "../catalog.json")]}


def write_catalogues(root: Path, scenes: Sequence[tuple[str, str, str, Bounds]]) -> None:
    """Write the catalogue of every tier and the collection of every town.

    Args:
        root: folder of the data set.
        scenes: tier, town, id and box of all training scenes, in this order.

    Edges: a collection's box is that of its first scene alone, as in the contest's files.
    """
    for tier, of_tier in groupby(scenes, key=lambda scene: scene[0]):
        areas = []
        for area, of_area in groupby(of_tier, key=lambda scene: scene[1]):
            areas.append(area)
            _write_collection(root / tier, f"{tier}_{area}", area, list(of_area))
        children = [_link("child", f"./{area}/collection.json") for area in areas]
        write_json(root / tier / "catalog.json", _catalogue(tier, children))


def write_test_catalogue(root: Path, chips: Sequence[str]) -> None:
    """Write `test/catalog.json` with its items."""
    items = [_link("item", f"./{chip}/{chip}.json") for chip in sorted(chips)]
    write_json(root / TEST / "catalog.json", _catalogue(TEST, items))


def _catalogue(name: str, links: list[dict[str, str]]) -> dict[str, Any]:
    """Return a catalogue."""
    return {
        "id": name,
        "stac_version": VERSION,
        "description": f"Open Cities AI Challenge, made up: {name}",
        "links": [_link("root", "./catalog.json"), *links],
    }


def _write_collection(
    folder: Path, name: str, area: str, scenes: list[tuple[str, str, str, Bounds]]
) -> None:
    """Write the collection of a town."""
    links = []
    for _, _, scene, _ in scenes:
        links.append(_link("item", f"./{scene}/{scene}.json"))
        links.append(_link("item", f"./{scene}-labels/{scene}-labels.json"))
    collection = _catalogue(name, []) | {
        "license": "CC-BY-4.0" if area == "znz" else "ODbL-1.0",
        "extent": {
            "spatial": {"bbox": [list(scenes[0][3])]},
            "temporal": {"interval": [[_START, None]]},
        },
        "links": [_link("root", "../catalog.json"), _link("parent", "../catalog.json"), *links],
    }
    write_json(folder / area / "collection.json", collection)
