"""Composites of a sample: true and false colour, an index, flags, heights, any band, with the legend they need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.core.bands import Band
from landseer.errors import BandError
from landseer.raster.read import read_bands
from landseer.report.flag_colours import flag_picture
from landseer.report.pictures import Composite
from landseer.report.ramps import index_picture, plain_picture
from landseer.report.relief import relief_picture
from landseer.report.stretching import Stretch, fit_stretch
from landseer.spectral.catalogue import load_catalogue
from landseer.spectral.compute import physical, variables_from
from landseer.spectral.resolve import resolve

Variables = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Options:
    """How composites are drawn.

    Attributes:
        gsd_m: side of a pixel on the ground, m; None where it is not known: shading of heights is then not to scale.
        flags: what is marked in quality bands, name -> formula that is true there; the first that holds wins.
        limits: lower and upper end of the colours of an index, a band or heights; None takes them from the picture.
        stretch: of true and false colour, to compare pictures; None fits one to each.
        contours: whether heights have contour lines.
    """

    gsd_m: float | None = None
    flags: Mapping[str, str] = field(default_factory=dict)
    limits: tuple[float, float] | None = None
    stretch: Stretch | None = None
    contours: bool = True


_DEFAULTS = Options()

COLOURS: dict[str, tuple[tuple[str, ...], str]] = {
    "true": (("R", "G", "B"), "true colour"),
    "false": (("N", "R", "G"), "near infrared, red, green"),
    "swir": (("S2 S1", "N", "R"), "shortwave infrared, near infrared, red"),
}
"""Composites of three bands: key -> codes for red, green and blue (alternatives in order of wish), and their name."""


def available(bands: Sequence[Band]) -> tuple[str, ...]:
    """List the composites that these bands allow without an index: keys of `COLOURS`, names of other bands."""
    colours = [key for key in COLOURS if colour_bands(bands, key) is not None]
    others = [band.name for band in bands if band.kind in ("quality", "elevation")]
    return (*colours, *others) if colours or others else tuple(band.name for band in bands)


def colour_bands(bands: Sequence[Band], key: str) -> tuple[Band, Band, Band] | None:
    """Return the three bands of a composite of `COLOURS`, or None where one is missing."""
    by_code = {code: band for band in reversed(bands) for code in band.codes}
    found = [
        next((by_code[code] for code in wish.split() if code in by_code), None)
        for wish in COLOURS[key][0]
    ]
    red, green, blue = found
    return None if red is None or green is None or blue is None else (red, green, blue)


def natural_bands(bands: Sequence[Band]) -> tuple[tuple[Band, ...], str]:
    """Return what comes nearest to true colour, and its name: red, green and blue; else three bands; else one."""
    chosen = colour_bands(bands, "true")
    if chosen is not None:
        return chosen, COLOURS["true"][1]
    plain = [band for band in bands if band.kind in ("reflectance", "other")] or list(bands)
    few = tuple(plain[:3]) if len(plain) >= 3 else (plain[0],)
    return few, ", ".join(band.name for band in few)


def read_colours(path: Path, chosen: Sequence[Band]) -> NDArray[np.float32]:
    """Read bands for a composite: (band, h, w) float32 in physical values, NaN where missing.

    Raises:
        FileReadError, BandError: the file cannot be read.
    """
    raw = read_bands(path, [band.index for band in chosen])
    layers = [physical(layer, band) for layer, band in zip(raw, chosen, strict=True)]
    return np.stack(layers).astype(np.float32)


def read_variables(path: Path, bands: Sequence[Band]) -> dict[str, NDArray[np.generic]]:
    """Read all bands of a sample: name and codes -> (h, w) in physical values, NaN where missing.

    Raises:
        FileReadError, BandError: the file cannot be read.
    """
    return variables_from(read_bands(path, [band.index for band in bands]), bands)


def compose(
    variables: Variables, bands: Sequence[Band], what: str, options: Options = _DEFAULTS
) -> Composite:
    """Draw one composite.

    Args:
        variables: name and codes of the bands -> (h, w), NaN where missing (`read_variables`).
        bands: of the image.
        what: `true`, `false` or `swir`; a band's name (flags if it is of quality, relief if of elevation); an index
            of the catalogue (`NDVI`); or a formula over the bands (`nir / red`).
        options: how it is drawn.

    Raises:
        BandError: the composite needs a band that is not there.
        FormulaError: it is neither a composite nor a band, an index or a formula.

    Edges: pixels that are missing in a band that is shown are hatched. A name that is a band and an index is the band.
    """
    if what in COLOURS:
        return _colours(variables, bands, what, options)
    by_name = {band.name: band for band in bands}
    if what in by_name:
        return _BANDS[by_name[what].kind](variables, by_name[what], options)
    return _index(variables, bands, what, options)


def _colours(variables: Variables, bands: Sequence[Band], key: str, options: Options) -> Composite:
    """Draw three bands; what stands nearest to true colour where that is asked for and not there."""
    chosen: tuple[Band, ...] | None = colour_bands(bands, key)
    title = COLOURS[key][1]
    if chosen is None and key == "true":
        chosen, title = natural_bands(bands)
    if chosen is None:
        raise BandError(
            f"expected bands with the codes {', '.join(COLOURS[key][0])} for {title}; "
            f"got {', '.join(band.name for band in bands)}",
            do=f"choose among {', '.join(available(bands))}, or name an index or formula",
        )
    image = np.stack([np.asarray(variables[band.name], np.float32) for band in chosen])
    return Composite((options.stretch or fit_stretch([image]))(image), title)


def _flags(variables: Variables, band: Band, options: Options) -> Composite:
    """Draw a band of quality."""
    return flag_picture(variables, band.name, options.flags)


def _relief(variables: Variables, band: Band, options: Options) -> Composite:
    """Draw a band of heights."""
    height = np.asarray(variables[band.name], np.float32)
    return relief_picture(
        height, band.name, options.gsd_m, limits=options.limits, contours=options.contours
    )


def _plain(variables: Variables, band: Band, options: Options) -> Composite:
    """Draw one band in one colour ramp."""
    return plain_picture(np.asarray(variables[band.name], np.float32), band.name, options.limits)


_BANDS: dict[str, Callable[[Variables, Band, Options], Composite]] = {
    "quality": _flags,
    "elevation": _relief,
    "reflectance": _plain,
    "other": _plain,
}


def _index(variables: Variables, bands: Sequence[Band], what: str, options: Options) -> Composite:
    """Draw an index of the catalogue or a formula."""
    known = what in load_catalogue()
    (index,) = resolve([what], {} if known or what.isidentifier() else {what: what}, bands)
    return index_picture(np.asarray(index.formula(variables)), what, options.limits)
