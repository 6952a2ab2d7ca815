"""Suspect references in pictures: image, reference, prediction and error, with outlines of what is contradicted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from landseer.core.files import atomic_path
from landseer.metrics.value_quality import HIGHER, LOWER
from landseer.report.canvas import Panel, Row, draw_sheet, png_bytes, to_image, with_bar
from landseer.report.overlay import CASINGS, edges
from landseer.report.parts import Mark
from landseer.report.tiles import fitted, fitted_numbers, scale_bar, shrunk
from landseer.report.value_tiles import UNKNOWN, laid, value_picture
from landseer.report.value_views import (
    FLOW_MARKS,
    Shown,
    colours_of,
    drawn_targets,
    flow_view,
    pose_names,
    views_of,
)
from landseer.select.value_counts import Trial
from landseer.select.value_suspects import contradicted

SIDES = {LOWER: "#ff2fc0", HIGHER: "#ffe14d"}
"""Colours of outlines: where the reference is too low, and where it is too high."""

LINES_OF = (SIDES[LOWER], SIDES[HIGHER], CASINGS[0])
"""Colours of what `outlines` numbers."""

SIDE_MARKS = (
    Mark("line", SIDES[LOWER], "reference lower than is usual for what is predicted"),
    Mark("line", SIDES[HIGHER], "reference higher"),
)

_SIDE_PX = 384
_NOTHING = 255


def shown_target(trial: Trial, target: str) -> str | None:
    """Return the raster that is drawn of a suspect: its target's, or the first where that is a number; None without."""
    drawn = drawn_targets(trial.specs)
    return target if target in drawn else next(iter(drawn), None)


def outlines(
    look: Shown, target: str, evidence: Mapping[str, Any], side_px: int
) -> NDArray[np.uint8]:
    """Draw the outlines of what is contradicted, finer than the reference's pixels where these are large.

    Args:
        look: the sample.
        target: a raster.
        evidence: of the stage.
        side_px: longer side of the display.

    Returns:
        (h, w) uint8 positions in `LINES_OF`; 255 where there is no line.
    """
    signs = contradicted(look.placed, target, evidence).astype(np.float32)
    shape = (look.picture.shape[0], look.picture.shape[1])
    placed = np.nan_to_num(laid(signs, look.placed.grids.get(target), shape, side_px))
    drawn = np.full(1, _NOTHING, np.uint8)
    for number, sign in enumerate((LOWER, HIGHER)):
        fine = fitted_numbers(shrunk(placed == sign, side_px).astype(np.uint8), side_px).astype(
            bool
        )
        edge, beside = edges(np.where(fine, 0, 254).astype(np.uint8))
        line = np.where(edge, number, np.where(beside, 2, _NOTHING)).astype(np.uint8)
        drawn = np.minimum(drawn, line)
    return drawn


def write_value_picture(
    path: Path, title: str, trial: Trial, look: Shown, target: str, evidence: Mapping[str, Any]
) -> None:
    """Write a suspect as PNG: image with flow, reference, prediction and error side by side.

    Args:
        path: of the PNG; appears whole or not at all.
        title: above all.
        trial: references and predictions.
        look: the sample.
        target: what is contradicted.
        evidence: of the stage.

    Raises:
        WriteError: the file cannot be written.
    """
    shown = shown_target(trial, target)
    is_number = target != shown
    image, words = fitted(look.picture, _SIDE_PX), "image"
    if is_number:
        image, words = flow_view(look, trial.specs, _SIDE_PX)
    bar = scale_bar(look.picture.shape[1], look.gsd_m)
    panels, ramps = [Panel(with_bar(to_image(image), bar), (words,))], []
    marks = [*(FLOW_MARKS if is_number and pose_names(trial.specs) else ()), UNKNOWN]
    if shown is not None:
        colours, views = colours_of(trial, [look], shown), views_of(look, shown, _SIDE_PX)
        lines = outlines(look, shown, evidence, _SIDE_PX)
        end = f", {views.note}" if views.note else ""
        for raster, ramp, what in (
            (views.known, colours.values, f"{shown}, reference{end}"),
            (views.said, colours.values, f"{shown}, predicted out of fold"),
            (views.error, colours.errors, f"prediction − reference{end}: blue too low"),
        ):
            picture = _with_lines(value_picture(raster, ramp, _SIDE_PX), lines)
            panels.append(Panel(to_image(picture), (what,)))
        marks, ramps = [*marks, *SIDE_MARKS], [colours.values, colours.errors]
    width_px = len(panels) * (_SIDE_PX + 8) + 32
    sheet = draw_sheet(
        [Row(tuple(panels))], title=title, marks=marks, ramps=ramps, width_px=width_px
    )
    with atomic_path(path) as temporary:
        temporary.write_bytes(png_bytes(sheet))


def _with_lines(picture: NDArray[np.float32], lines: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Lay outlines over a picture; lines of another size are taken from the nearest pixel."""
    height, width = picture.shape[:2]
    rows = np.arange(height) * lines.shape[0] // height
    cols = np.arange(width) * lines.shape[-1] // width
    fitted_lines = lines[np.ix_(rows, cols)]
    there = fitted_lines < _NOTHING
    table = np.array([to_rgb(colour) for colour in LINES_OF], np.float32)
    out = picture.copy()
    out[there] = table[fitted_lines[there]]
    return out
