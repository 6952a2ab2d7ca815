"""One file per data set: each turns files on disk into the sample table, the bands, the classes and the references."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import geopandas as gpd
from pydantic import BaseModel, Field

from landseer.adapters import (
    folder,
    geopose,
    kelp,
    landcover,
    opencities,
    scenes,
    spacenet,
    stac,
)
from landseer.adapters.folder_config import FolderConfig
from landseer.adapters.geopose_config import GeoposeConfig
from landseer.adapters.kelp import KelpConfig
from landseer.adapters.landcover_config import LandcoverConfig
from landseer.adapters.opencities_config import OpencitiesConfig
from landseer.adapters.scenes_config import ScenesConfig
from landseer.adapters.spacenet_config import SpacenetConfig
from landseer.adapters.stac_config import StacConfig
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.references import Reference
from landseer.samples.findings import Finding

AdapterConfig = Annotated[
    KelpConfig
    | LandcoverConfig
    | OpencitiesConfig
    | SpacenetConfig
    | GeoposeConfig
    | StacConfig
    | ScenesConfig
    | FolderConfig,
    Field(discriminator="adapter"),
]
"""What a recipe says under `data`."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """What every adapter is: a config and four functions of it.

    Attributes:
        config: pydantic model with the key `adapter`.
        scan: config -> sample table and findings; reads headers only. Where it `prepares`, (config, folder), and
            writes what windows need beside the files into the folder.
        bands: config -> bands.
        classes: config -> class table; empty where a data set has references only.
        references: config -> what is known of its samples besides class labels.
        prepares: whether scanning writes files.
    """

    config: type[BaseModel]
    scan: Callable[..., tuple[gpd.GeoDataFrame, list[Finding]]]
    bands: Callable[[Any], tuple[Band, ...]]
    classes: Callable[[Any], ClassTable]
    references: Callable[[Any], tuple[Reference, ...]]
    prepares: bool = False


ADAPTERS: dict[str, Adapter] = {
    "folder": Adapter(FolderConfig, folder.scan, folder.bands, folder.classes, folder.references),
    "geopose": Adapter(
        GeoposeConfig, geopose.scan, geopose.bands, geopose.classes, geopose.references
    ),
    "kelp": Adapter(KelpConfig, kelp.scan, kelp.bands, kelp.classes, kelp.references),
    "landcover": Adapter(
        LandcoverConfig, landcover.scan, landcover.bands, landcover.classes, landcover.references
    ),
    "opencities": Adapter(
        OpencitiesConfig,
        opencities.scan,
        opencities.bands,
        opencities.classes,
        opencities.references,
        prepares=True,
    ),
    "scenes": Adapter(
        ScenesConfig, scenes.scan, scenes.bands, scenes.classes, scenes.references, prepares=True
    ),
    "spacenet": Adapter(
        SpacenetConfig,
        spacenet.scan,
        spacenet.bands,
        spacenet.classes,
        spacenet.references,
        prepares=True,
    ),
    "stac": Adapter(
        StacConfig, stac.scan, stac.bands, stac.classes, stac.references, prepares=True
    ),
}
"""Adapters by name."""


def scan_samples(
    config: AdapterConfig, folder: Path | None = None
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Make the sample table of a data set, reading headers only.

    Args:
        config: recipe key `data`.
        folder: for files that windows of scenes need, burnt labels and virtual rasters; only data sets of
            scenes ask for it.

    Returns:
        The sample table, and what was found on the way; files that cannot be read are excluded rows.

    Raises:
        DataError: the data set as a whole is not what the config says.
    """
    adapter = ADAPTERS[config.adapter]
    return adapter.scan(config, folder) if adapter.prepares else adapter.scan(config)


def config_bands(config: AdapterConfig) -> tuple[Band, ...]:
    """Return the bands of a data set's images."""
    return ADAPTERS[config.adapter].bands(config)


def config_classes(config: AdapterConfig) -> ClassTable:
    """Return the classes of a data set's labels."""
    return ADAPTERS[config.adapter].classes(config)


def config_references(config: AdapterConfig) -> tuple[Reference, ...]:
    """Return what a data set knows of its samples besides class labels."""
    return ADAPTERS[config.adapter].references(config)
