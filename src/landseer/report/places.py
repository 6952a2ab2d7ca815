"""Where the samples are: the map where there is a georeference, the layout in pixels where there is none."""

from __future__ import annotations

from landseer.report.footprint_map import clusters, details_figure, map_figure, placed
from landseer.report.layout_figure import layout_figure
from landseer.report.look import Look
from landseer.report.map_frame import frame_for
from landseer.report.parts import Part, Section, section
from landseer.report.plots import plot

_MOST_LAYOUTS = 6


def places_section(look: Look) -> Section:
    """Show where the samples are, in which fold, and which are one place."""
    rows = placed(look)
    lead = "Samples of one place stay on one side of every split; look whether neighbours do."
    parts: list[Part] = []
    if len(rows):
        parts += _maps(look)
    without = len(look.samples) - len(rows)
    if without:
        counted = (
            "No sample has"
            if not len(rows)
            else f"{without:,} of {len(look.samples):,} samples have no"
        )
        text = f"{counted} a georeference" if not len(rows) else f"{counted} georeference"
        parts.append({"kind": "note", "text": f"{text}: where on the Earth they lie is not known."})
        figure = layout_figure(look, _MOST_LAYOUTS)
        if figure is not None:
            parts.append(
                plot(figure, "layout", "The largest places, tile by tile", _layout_caption())
            )
    return section("map", "Where the samples are", lead, *parts)


def _maps(look: Look) -> list[Part]:
    """Make the map and its details."""
    rows = placed(look)
    frame = frame_for(rows)
    lettered = clusters(rows)
    caption = (
        f"Projection: {frame.name}; a scale bar holds at the middle. Coloured by fold; numbers are folds, dark "
        "outlines hold the samples of one place; red ones lie in several folds. Samples too small to be seen are "
        "drawn as marks. No coastlines: they would have to be fetched."
        + (" Letters: shown larger below." if lettered else "")
    )
    parts = [plot(map_figure(look), "map", "Footprints by fold", caption)]
    figure = details_figure(look)
    if figure is not None:
        left = "Each in a projection of its own."
        parts.append(plot(figure, "map_details", "The largest clusters", left))
    return parts


def _layout_caption() -> str:
    """Explain the layout."""
    return (
        "How the samples of one place lie to each other, from the shifts that the audit found; rows and columns in "
        "pixels. Where dates are known, or a place lies in several folds: frames in the colour of the date or fold, "
        "those at one spot inside each other. Else: the deeper the tint of the fold's colour, the more samples lie on "
        "top of each other."
    )
