"""Spectral signatures: what each class looks like in each band, with how far its pixels spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from landseer.core.bands import Band
from landseer.core.classes import IGNORE
from landseer.report.hues import CLOSE, DASHES, MARKERS, least_distance, line_colour
from landseer.report.look import Look
from landseer.report.parts import Part, Section, number, section, table
from landseer.report.plots import plot
from landseer.report.style import dress, new_figure
from landseer.report.weighted import weighted_mean, weighted_quantiles
from landseer.track.figures import INK
from landseer.track.pixels import class_colours

WAVELENGTHS_NM = {
    "A": 443, "B": 490, "G1": 530, "G": 560, "Y": 600, "R": 665, "RE1": 705, "RE2": 740, "RE3": 783, "N": 842,
    "N2": 865, "WV": 945, "S1": 1610, "S2": 2200, "T": 10900, "T1": 10900, "T2": 12000,
}  # fmt: skip
"""Nominal centre of a band by its code, nm: about those of Sentinel-2 and Landsat 8; a sensor's own differ a little."""

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
LEAST_PIXELS = 30
"""Classes with fewer pixels drawn have no signature."""

_TOGETHER = 3
_MOST_CLASSES = 24
_WIDE = 9.9


@dataclass(frozen=True, slots=True)
class Signature:
    """One class in each band.

    Attributes:
        name: of the class.
        colour, marker, dash: how it is drawn.
        mean: (band,).
        quantiles: (level, band) at `LEVELS`.
        n_pixels: drawn.
    """

    name: str
    colour: str
    marker: str
    dash: object
    mean: NDArray[np.float64]
    quantiles: NDArray[np.float64]
    n_pixels: int


def signature_bands(look: Look) -> tuple[Band, ...]:
    """Return the bands of a signature by wavelength; in their own order where a code is not known."""
    own = [band for band in look.bands if band.name in look.pixels.channels]
    optical = [band for band in own if band.kind == "reflectance"]
    bands = optical if len(optical) > 1 else [b for b in own if b.kind in ("reflectance", "other")]
    if all(wavelength_nm(band) for band in bands):
        bands = sorted(bands, key=lambda band: wavelength_nm(band) or 0)
    return tuple(bands)


def wavelength_nm(band: Band) -> int | None:
    """Return the nominal wavelength of a band, nm; None where its codes tell none."""
    return next((WAVELENGTHS_NM[code] for code in band.codes if code in WAVELENGTHS_NM), None)


def signatures(look: Look) -> tuple[list[Signature], list[str]]:
    """Return the signatures of the classes with pixels enough, and the names of the others.

    Edges: without any label there is one signature, of all pixels.
    """
    columns = [look.pixels.channels.index(band.name) for band in signature_bands(look)]
    shown: list[Signature] = []
    left: list[str] = []
    for name, colour, place, chosen in _classes(look):
        if int(chosen.sum()) < LEAST_PIXELS or len(shown) == _MOST_CLASSES:
            left.append(name)
            continue
        weight = look.pixels.weight[chosen]
        layers = [look.pixels.values[chosen, column] for column in columns]
        shown.append(
            Signature(
                name, line_colour(colour), MARKERS[place % len(MARKERS)], "-",
                np.array([weighted_mean(layer, weight) for layer in layers]),
                np.array([weighted_quantiles(layer, weight, LEVELS) for layer in layers]).T.reshape(len(LEVELS), -1),
                int(chosen.sum()),
            )
        )  # fmt: skip
    return _with_dashes(shown), left


def signatures_figure(look: Look) -> Figure:
    """Draw the classes' means over the bands, and the spread of up to three classes."""
    shown, _ = signatures(look)
    bands = signature_bands(look)
    figure = new_figure(_WIDE, 3.6)
    axis = _band_axis(figure.subplots(), bands, y=_unit(bands))
    for one in shown:
        if len(shown) <= _TOGETHER:
            _ribbons(axis, one)
        _line(axis, one)
    _end_labels(figure, axis, shown)
    return figure


def spreads_figure(look: Look) -> Figure:
    """Draw each class alone with its spread, the others' means in grey."""
    shown, _ = signatures(look)
    bands = signature_bands(look)
    n_columns = min(4, max(1, len(shown)))
    n_rows = -(-max(1, len(shown)) // n_columns)
    figure = new_figure(_WIDE, 2.15 * n_rows + 0.2)
    axes = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    for place, (axis, one) in enumerate(zip(axes.flat, shown, strict=False)):
        _band_axis(axis, bands, short=True)
        for other in shown:
            axis.plot(range(len(bands)), other.mean, color="#b9c2c6", lw=0.7, zorder=1)
        _ribbons(axis, one)
        _line(axis, one)
        axis.tick_params(labelbottom=place + n_columns >= len(shown))
        axis.set_title(
            f"{one.name} · {one.n_pixels:,} px", fontsize=8.5, color=INK, loc="left", pad=3
        )
    for axis in axes.flat[len(shown) :]:
        axis.set_visible(False)
    return figure


def signatures_section(look: Look) -> Section:
    """Show what the classes look like in the bands."""
    shown, left = signatures(look)
    bands = signature_bands(look)
    has_classes = len(look.classes) > 0
    lead = "What each class looks like in each band, and how far its pixels spread."
    lead = (
        lead
        if has_classes
        else "How bright the images are in each band, and how far pixels spread."
    )
    if not shown or not bands:
        none: Part = {"kind": "note", "text": "No pixel could be drawn, or no band measures light."}
        return section("signatures", "Spectral signatures", lead, none)
    ordered = all(wavelength_nm(band) for band in bands)
    caption = (
        f"{look.pixels.said()}. Lines: means"
        + ("; dark and light ribbons: the middle 50 % and 90 % of the pixels. " if len(shown) <= _TOGETHER else ". ")
        + ("Bands by nominal wavelength, evenly spaced." if ordered else "Bands in the order of the recipe.")
        + (f" Fewer than {LEAST_PIXELS} pixels, not shown: {', '.join(left)}." if left else "")
    )  # fmt: skip
    title = "Mean of each class in each band" if has_classes else "Mean of each band"
    parts = [plot(signatures_figure(look), "signatures", title, caption)]
    if len(shown) > _TOGETHER:
        parts.append(
            plot(
                spreads_figure(look), "signatures_spread", "Spread of each class",
                "Dark and light ribbons: the middle 50 % and 90 % of its pixels; grey: the other classes' means.",
            )
        )  # fmt: skip
    rows = [[one.name, f"{one.n_pixels:,}", *(number(float(m)) for m in one.mean)] for one in shown]
    heads = ["class" if has_classes else "", "pixels drawn", *(band.name for band in bands)]
    parts.append(
        table("Means of the classes" if has_classes else "Means", heads, rows, folded=True)
    )
    return section("signatures", "Spectral signatures", lead, *parts)


def _classes(look: Look) -> list[tuple[str, str, int, NDArray[np.bool_]]]:
    """Return name, colour, place and pixels of each class; all pixels as one where there is no label."""
    numbers = look.pixels.classes
    if not len(look.classes) or (numbers == IGNORE).all():
        return [("all pixels", INK, 0, np.ones(len(numbers), bool))]
    colours = class_colours(look.classes.colours, len(look.classes))
    return [
        (name, colours[place], place, numbers == place)
        for place, name in enumerate(look.classes.names)
    ]


def _with_dashes(shown: list[Signature]) -> list[Signature]:
    """Give lines styles of their own where their colours alone do not tell them apart."""
    if least_distance([one.colour for one in shown]) >= CLOSE:
        return shown
    return [
        Signature(
            one.name, one.colour, one.marker, DASHES[place % len(DASHES)], one.mean, one.quantiles, one.n_pixels
        )
        for place, one in enumerate(shown)
    ]  # fmt: skip


def _band_axis(axis: Axes, bands: Sequence[Band], *, y: str = "", short: bool = False) -> Axes:
    """Give an axis the bands."""
    dress(axis, y=y)
    names = [
        band.name
        if short or not wavelength_nm(band)
        else f"{band.name}\n{wavelength_nm(band):,} nm"
        for band in bands
    ]
    crowded = short and (len(bands) > 4)
    axis.set_xticks(range(len(bands)), names, parse_math=False)
    if crowded:
        axis.tick_params(axis="x", labelrotation=90, labelsize=7.5)
    axis.tick_params(axis="x", labelcolor=INK)
    axis.margins(x=0.03)
    return axis


def _line(axis: Axes, one: Signature) -> None:
    """Draw the mean."""
    axis.plot(
        range(len(one.mean)), one.mean, color=one.colour, ls=one.dash, marker=one.marker, ms=5, lw=1.8, mec="#ffffff",
        mew=0.6, zorder=4,
    )  # fmt: skip


def _ribbons(axis: Axes, one: Signature) -> None:
    """Draw the middle 50 % and 90 %, the latter with fine edges."""
    places = range(len(one.mean))
    for low, high, alpha in ((0, 4, 0.12), (1, 3, 0.26)):
        ends = one.quantiles[low], one.quantiles[high]
        axis.fill_between(places, *ends, color=one.colour, alpha=alpha, lw=0, zorder=2)
    for edge in (one.quantiles[0], one.quantiles[4]):
        axis.plot(places, edge, color=one.colour, lw=0.6, alpha=0.7, zorder=2)


def _end_labels(figure: Figure, axis: Axes, shown: Sequence[Signature]) -> None:
    """Name the lines at their right ends, pushed apart where they would cover each other."""
    figure.draw_without_rendering()
    last = len(shown[0].mean) - 1 if shown else 0
    ends = [axis.transData.transform((last, one.mean[-1]))[1] for one in shown]
    places = spread_apart(ends, figure.dpi * 0.155)
    for one, end, place in zip(shown, ends, places, strict=True):
        axis.annotate(
            one.name, (last, one.mean[-1]), xytext=(14, (place - end) * 72 / figure.dpi), textcoords="offset points",
            va="center", fontsize=8.5, color=INK, parse_math=False, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": one.colour, "lw": 0.8, "shrinkA": 0, "shrinkB": 4},
        )  # fmt: skip


def spread_apart(places: Sequence[float], least: float) -> list[float]:
    """Push numbers apart until neighbours differ by at least this much, moving each as little as is simple.

    Args:
        places: any order.
        least: smallest difference of two neighbours.

    Returns:
        New places in the order given.
    """
    order = np.argsort(places, kind="stable")
    moved = np.array(places, float)[order]
    for _ in range(100):
        gaps = np.diff(moved)
        close = np.flatnonzero(gaps < least - 1e-9)
        if not len(close):
            break
        for i in close:
            push = (least - (moved[i + 1] - moved[i])) / 2
            if push > 0:
                moved[i] -= push
                moved[i + 1] += push
    result = np.empty(len(moved))
    result[order] = moved
    return [float(value) for value in result]


def _unit(bands: Sequence[Band]) -> str:
    """Name what the bands measure."""
    if all(band.kind == "reflectance" and band.scale != 1 for band in bands):
        return "reflectance"
    return "value in the file" if all(band.scale == 1 for band in bands) else "value"
