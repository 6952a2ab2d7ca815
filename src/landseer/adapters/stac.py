"""Any static STAC catalogue: items are scenes, collections are sites, the label extension tells what labels what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from pathlib import Path

import geopandas as gpd

from landseer.adapters.folder_config import class_table
from landseer.adapters.scene import Scene, scan_scenes
from landseer.adapters.stac_bands import band_specs
from landseer.adapters.stac_catalogue import Asset, StacItem, read_catalogue
from landseer.adapters.stac_config import StacConfig
from landseer.adapters.unlabelled import exclude_unlabelled
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.references import Reference
from landseer.errors import DataError
from landseer.samples.findings import EXCLUDED, Finding

_DATA = "data"


def bands(config: StacConfig) -> tuple[Band, ...]:
    """Return the bands of the recipe, or those of the catalogue's first scene.

    Raises:
        UsageError, FileReadError, DataError: as of `scan`, where the catalogue is read.
    """
    specs = config.bands or band_specs(_images(config, _scene_items(config)[0][0]))
    return tuple(spec.band(place) for place, spec in enumerate(specs, 1))


def classes(config: StacConfig) -> ClassTable:
    """Return the classes of the recipe."""
    return class_table(config.classes, config.ignore)


def references(config: StacConfig) -> tuple[Reference, ...]:
    """Return nothing: class labels only."""
    return ()


def scan(config: StacConfig, work: Path) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Make the sample table of a catalogue.

    Args:
        config: recipe key `data`.
        work: folder for burnt labels and virtual rasters.

    Returns:
        The sample table, and what was found on the way. Scenes have the ids of their items, after that of the
        collection where several collections have an item of one id; the site is the collection.

    Raises:
        UsageError: pystac is not installed.
        FileReadError: a file of the catalogue is not on this disk.
        DataError: it is no STAC, or no item has the assets.

    Edges: items whose images are on a server only are excluded, for nothing is fetched; items without the assets are no
        scenes, nor are those that label another with images, whatever pictures they have of it.
    """
    items, every = _scene_items(config)
    labels = _labels(config, every, {item.file for item in items})
    often = Counter(item.name for item in items)
    scenes = [_scene(config, item, labels, often[item.name] > 1) for item in items]
    scenes, lone = exclude_unlabelled(scenes) if config.classes else (scenes, [])
    rules = config.objects.rules(config.classes) if config.classes and not config.is_rgb else None
    frame, found = scan_scenes(
        scenes, config.windows, work, rules=rules, bands=bands(config), align=config.align
    )
    return frame, [*(f for item in items for f in _elsewhere(config, item)), *lone, *found]


def _scene_items(config: StacConfig) -> tuple[list[StacItem], list[StacItem]]:
    """Read the catalogue; return the items that have the images, and all items."""
    every = read_catalogue(config.root)
    shown = [item for item in every if _images(config, item)]
    files = {item.file for item in shown}
    found = [item for item in shown if not _labels_another(config, item, files)]
    if not found:
        wanted = (
            f"the assets {', '.join(config.assets)}"
            if config.assets
            else f"an asset of role {_DATA}"
        )
        keys = Counter(key for item in every for key in item.assets)
        there = ", ".join(f"{key} ({count})" for key, count in keys.most_common(6)) or "none"
        raise DataError(
            f"expected items with {wanted}; {len(every)} items have the assets: {there}",
            where=config.root,
            do="name the images' keys by `assets`",
        )
    return found, every


def _labels_another(config: StacConfig, item: StacItem, shown: Set[Path]) -> bool:
    """Whether an item labels others that have images, whose files are given: an image in it is one of theirs."""
    return config.labels in item.assets and bool(shown & (set(item.sources) - {item.file}))


def _images(config: StacConfig, item: StacItem) -> list[tuple[str, Asset]]:
    """Return the images of an item in the order of the recipe; none where one is missing."""
    if config.assets:
        if not set(config.assets) <= item.assets.keys():
            return []
        return [(key, item.assets[key]) for key in config.assets]
    return [
        (key, asset)
        for key, asset in item.assets.items()
        if _DATA in asset.roles and key != config.labels
    ]


def _labels(
    config: StacConfig, items: Iterable[StacItem], scenes: Set[Path]
) -> dict[Path, list[Path]]:
    """Return file of an item -> its labels: a scene's own, else those of items that name it as their source."""
    labels: dict[Path, list[Path]] = {}
    for item in items:
        asset = item.assets.get(config.labels)
        if asset is not None:
            is_own = item.file in scenes or not item.sources
            for file in (item.file,) if is_own else item.sources:
                labels.setdefault(file, []).append(asset.path)
    return labels


def _scene(
    config: StacConfig, item: StacItem, labels: Mapping[Path, list[Path]], is_repeated: bool
) -> Scene:
    """Make the scene of an item."""
    name = f"{item.collection}_{item.name}" if is_repeated and item.collection else item.name
    is_test = item.split == "test" or item.collection in config.test_collections
    return Scene(
        name.replace("/", "_"),
        tuple(asset.path for _, asset in _images(config, item)),
        tuple(labels.get(item.file, ())),
        side="test" if is_test else "train",
        site=item.collection,
        date=item.date,
    )


def _lost(config: StacConfig, item: StacItem) -> list[Asset]:
    """List the images of an item that are on a server only."""
    images = [asset for _, asset in _images(config, item)]
    return [asset for asset in images if "://" in asset.href and not asset.path.is_file()]


def _elsewhere(config: StacConfig, item: StacItem) -> list[Finding]:
    """Report images that are on a server only."""
    what = "image is on a server, not on this disk"
    return [
        Finding(
            item.name, str(item.file), "", what, asset.href, f"{EXCLUDED}: fetch it to {asset.path}"
        )
        for asset in _lost(config, item)
    ]
