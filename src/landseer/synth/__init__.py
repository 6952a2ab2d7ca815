"""Made-up data sets with a known truth: one function per kind, listed in `SYNTHS`."""

from pydantic import BaseModel

from landseer.synth.geopose import make_geopose
from landseer.synth.geopose_settings import GeoposeSynthConfig
from landseer.synth.geopose_summary import GeoposeSummary
from landseer.synth.kelp import make_kelp
from landseer.synth.settings import KelpSynthConfig
from landseer.synth.summary import Summary

SYNTHS = {"kelp": make_kelp, "geopose": make_geopose}
"""Name of a kind of data set -> the function `(out, config, workers) -> summary` that makes it."""

SYNTH_CONFIGS: dict[str, type[BaseModel]] = {
    "kelp": KelpSynthConfig,
    "geopose": GeoposeSynthConfig,
}
"""Name of a kind of data set -> its settings."""

__all__ = [
    "SYNTHS",
    "SYNTH_CONFIGS",
    "GeoposeSummary",
    "GeoposeSynthConfig",
    "KelpSynthConfig",
    "Summary",
    "make_geopose",
    "make_kelp",
]
