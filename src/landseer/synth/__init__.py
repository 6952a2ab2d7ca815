"""Made-up data sets with a known truth: one function per kind, listed in `SYNTHS`."""

from pydantic import BaseModel

from landseer.synth.buildings import make_buildings
from landseer.synth.buildings_settings import BuildingsSynthConfig
from landseer.synth.buildings_summary import BuildingsSummary
from landseer.synth.geopose import make_geopose
from landseer.synth.geopose_settings import GeoposeSynthConfig
from landseer.synth.geopose_summary import GeoposeSummary
from landseer.synth.kelp import make_kelp
from landseer.synth.landcover import make_landcover
from landseer.synth.landcover_settings import LandcoverSynthConfig
from landseer.synth.landcover_summary import LandcoverSummary
from landseer.synth.settings import KelpSynthConfig
from landseer.synth.summary import Summary

SYNTHS = {
    "kelp": make_kelp,
    "geopose": make_geopose,
    "landcover": make_landcover,
    "buildings": make_buildings,
}
"""Name of a kind of data set -> the function `(out, config, workers) -> summary` that makes it."""

SYNTH_CONFIGS: dict[str, type[BaseModel]] = {
    "kelp": KelpSynthConfig,
    "geopose": GeoposeSynthConfig,
    "landcover": LandcoverSynthConfig,
    "buildings": BuildingsSynthConfig,
}
"""Name of a kind of data set -> its settings."""

__all__ = [
    "SYNTHS",
    "SYNTH_CONFIGS",
    "BuildingsSummary",
    "BuildingsSynthConfig",
    "GeoposeSummary",
    "GeoposeSynthConfig",
    "KelpSynthConfig",
    "LandcoverSummary",
    "LandcoverSynthConfig",
    "Summary",
    "make_buildings",
    "make_geopose",
    "make_kelp",
    "make_landcover",
]
