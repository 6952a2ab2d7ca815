"""One file per data set: each turns files on disk into the sample table, the bands and the classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import geopandas as gpd
from pydantic import Field

from landseer.adapters import folder, kelp
from landseer.adapters.folder_config import FolderConfig
from landseer.adapters.kelp import KelpConfig
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.samples.findings import Finding

AdapterConfig = Annotated[KelpConfig | FolderConfig, Field(discriminator="adapter")]
"""What a recipe says under `data`."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """What every adapter is: a config and three functions of it.

    Attributes:
        config: pydantic model with the key `adapter`.
        scan: config -> sample table and findings; reads headers only.
        bands: config -> bands.
        classes: config -> class table.
    """

    config: type[KelpConfig] | type[FolderConfig]
    scan: Callable[[Any], tuple[gpd.GeoDataFrame, list[Finding]]]
    bands: Callable[[Any], tuple[Band, ...]]
    classes: Callable[[Any], ClassTable]


ADAPTERS: dict[str, Adapter] = {
    "folder": Adapter(FolderConfig, folder.scan, folder.bands, folder.classes),
    "kelp": Adapter(KelpConfig, kelp.scan, kelp.bands, kelp.classes),
}
"""Adapters by name."""


def scan_samples(config: AdapterConfig) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Make the sample table of a data set, reading headers only.

    Returns:
        The sample table, and what was found on the way; files that cannot be read are excluded rows.

    Raises:
        DataError: the data set as a whole is not what the config says.
    """
    return ADAPTERS[config.adapter].scan(config)


def config_bands(config: AdapterConfig) -> tuple[Band, ...]:
    """Return the bands of a data set's images."""
    return ADAPTERS[config.adapter].bands(config)


def config_classes(config: AdapterConfig) -> ClassTable:
    """Return the classes of a data set's labels."""
    return ADAPTERS[config.adapter].classes(config)
