"""Spectral indices: a catalogue with sources, formulas that are safe to evaluate, numpy and torch alike."""

from landseer.spectral.catalogue import Index, band_codes, clashes, constants, load_catalogue
from landseer.spectral.compute import compute, variables_from
from landseer.spectral.formula import Formula
from landseer.spectral.program import Program
from landseer.spectral.resolve import FormulaSpec, ResolvedIndex, resolve

__all__ = [
    "Formula",
    "FormulaSpec",
    "Index",
    "Program",
    "ResolvedIndex",
    "band_codes",
    "clashes",
    "compute",
    "constants",
    "load_catalogue",
    "resolve",
    "variables_from",
]
