"""Made-up data sets with a known truth: one function per kind, listed in `SYNTHS`."""

from landseer.synth.kelp import make_kelp
from landseer.synth.settings import KelpSynthConfig
from landseer.synth.summary import Summary

SYNTHS = {"kelp": make_kelp}
"""Name of a kind of data set -> the function `(out, config, workers) -> Summary` that makes it."""

__all__ = ["SYNTHS", "KelpSynthConfig", "Summary", "make_kelp"]
