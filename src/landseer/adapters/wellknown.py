"""Band names that need no explanation: their codes in spectral formulas, and what they measure."""

from __future__ import annotations

from landseer.core.bands import BandKind

CODES: dict[str, tuple[str, ...]] = {
    "coastal": ("A",), "aerosol": ("A",), "blue": ("B",), "green": ("G",), "green1": ("G1",), "yellow": ("Y",),
    "red": ("R",), "rededge1": ("RE1",), "rededge2": ("RE2",), "rededge3": ("RE3",),
    "nir": ("N",), "nir2": ("N2",), "water_vapour": ("WV",),
    "swir": ("S1", "S2"), "swir1": ("S1",), "swir2": ("S2",),
    "thermal": ("T",), "thermal1": ("T1",), "thermal2": ("T2",),
    "qa": ("QA",), "dem": ("DEM",),
}  # fmt: skip
"""Codes per band name.

Source: the standard band names of Awesome Spectral Indices (doi 10.1038/s41597-023-02096-0); QA and DEM are own. A lone
`swir` stands for both SWIRs.
"""

_KINDS: dict[BandKind, tuple[str, ...]] = {
    "quality": ("qa", "quality", "fmask", "scl", "cloud", "cloud_mask", "mask"),
    "elevation": ("dem", "dsm", "dtm", "elevation", "height", "chm"),
}


def codes_of(name: str) -> tuple[str, ...]:
    """Return the codes of a well-known band name, or none."""
    return CODES.get(name.lower(), ())


def kind_of(name: str) -> BandKind:
    """Return what a band measures, judged by its name: reflectance when the name is a known optical one, else other."""
    for kind, names in _KINDS.items():
        if name.lower() in names:
            return kind
    return "reflectance" if name.lower() in CODES else "other"
