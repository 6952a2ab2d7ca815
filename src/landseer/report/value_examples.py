"""Where real-valued predictions are best and worst, in pictures: image with flow, truth, prediction, error."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.metrics.pose import angle_error_deg, scale_error_pct
from landseer.report.flow_arrows import COLOUR, Arrows, draw_flow
from landseer.report.heights import error_limit
from landseer.report.measured import Measured
from landseer.report.outcome import Outcome
from landseer.report.parts import Mark, Part, Section, Strip, Tile, number, section, strips
from landseer.report.pictures import Ramp
from landseer.report.tiles import composite, photo_uri, scale_bar
from landseer.report.value_ranking import rank_samples
from landseer.report.value_tiles import (
    UNKNOWN,
    error_ramp,
    laid,
    pixel_words,
    ramp_mark,
    value_ramp,
    value_uri,
)
from landseer.select.placed import Placed

TRUE_FLOW = "#5cc8ff"
"""Colour of true flow, beside that of predicted flow; told apart by the colour-blind."""

FLOW_MARKS = (
    Mark("line", COLOUR, "predicted flow, from where a point is seen to where it stands"),
    Mark("line", TRUE_FLOW, "true flow"),
)

SIDE_PX = 256
"""Longer side of a picture, px."""

_ACROSS = 6

Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """One sample of a sheet: its picture (h, w, 3) in 0..1, what was read of it, and its pixel's size on the ground."""

    sample: str
    picture: NDArray[np.float32]
    placed: Placed
    gsd_m: float


@dataclass(frozen=True, slots=True)
class Colours:
    """The scales of a sheet: of values and of their errors."""

    values: Ramp
    errors: Ramp


def value_examples_section(outcome: Outcome) -> Section | None:
    """Show where each dense target is best and worst; None where there is no such target."""
    measured, n = outcome.values, outcome.config.examples
    if measured is None or not measured.drawn or not n:
        return None
    parts: list[Part] = []
    for target in measured.drawn:
        ranking = rank_samples(measured, target, outcome.selection.metric, n)
        chosen = {"worst": ranking.worst, "best": ranking.best}
        parts += _sheets(outcome, measured, target, chosen, ranking.said)
    if not parts:
        parts = [{"kind": "note", "text": "No sample could be scored by itself."}]
    lead = "Predicted out of fold. Look before you believe a number."
    return section("value-examples", "Best and worst values", lead, *parts)


def show(outcome: Outcome, measured: Measured, sample: str) -> Shown:
    """Read a sample's image, references and predictions.

    Raises:
        FileReadError: a file cannot be read.
    """
    row = outcome.row(sample)
    picture = composite(Path(row["image"]), outcome.bands)
    return Shown(sample, picture, measured.read(sample), float(row["gsd_m"]))


def colours_of(measured: Measured, looks: Sequence[Shown], target: str) -> Colours:
    """Return one scale of values and one of errors for some samples."""
    pairs = [
        (np.asarray(one.placed.known[target], np.float32), np.asarray(one.placed.said[target], np.float32))
        for one in looks
    ]  # fmt: skip
    quantity, unit = measured.trial.specs[target].quantity, measured.unit(target)
    values = value_ramp(quantity, unit, [raster for pair in pairs for raster in pair])
    return Colours(values, error_ramp(error_limit(pairs), unit))


def image_tile(measured: Measured, look: Shown, *, bar: bool) -> Tile:
    """Draw the image with true flow, and with predicted flow on it; the image alone where there is no pose."""
    scale = scale_bar(look.picture.shape[1], look.gsd_m) if bar else None
    known, said = (measured.pose_of(one) for one in (look.placed.known, look.placed.said))
    if known is None or said is None or known.agl_m.shape != look.picture.shape[:2]:
        return Tile(photo_uri(look.picture, SIDE_PX), f"{look.sample}, image", "image", bar=scale)
    arrows: Arrows | None = None
    for pose, colour in ((known, TRUE_FLOW), (said, COLOUR)):
        where = pose.agl_m, pose.scale_px_per_m, pose.angle_rad
        drawn = draw_flow(
            look.picture, *where, side_px=SIDE_PX, n_across=_ACROSS, colour=colour, onto=arrows
        )
        arrows = arrows if arrows is not None and not drawn.points else drawn
    if arrows is None or not arrows.points:
        words = "image; flow is not known, or too short to draw"
    else:
        words = f"flow, {arrows.words}"
    picture = np.asarray(arrows.image, np.float32) / np.float32(255) if arrows else look.picture
    return Tile(photo_uri(picture, SIDE_PX), f"{look.sample}, flow", words, bar=scale)


def value_tiles(look: Shown, target: str, colours: Colours) -> list[Tile]:
    """Draw a target's truth, prediction and error; a reference on its own grid as the blocks that it is."""
    placed, sample = look.placed, look.sample
    grid, shape = placed.grids.get(target), (look.picture.shape[0], look.picture.shape[1])
    own = pixel_words(grid, look.gsd_m)
    end = f", {own}" if own else ""
    known = laid(np.asarray(placed.known[target], np.float32), grid, shape, SIDE_PX)
    error = laid(placed.error(target), grid, shape, SIDE_PX)
    full = np.asarray(placed.full[target], np.float32)
    return [
        Tile(value_uri(known, colours.values, SIDE_PX), f"{sample}, true {target}", f"true{end}"),
        Tile(value_uri(full, colours.values, SIDE_PX), f"{sample}, predicted {target}", "predicted"),
        Tile(value_uri(error, colours.errors, SIDE_PX), f"{sample}, error of {target}", f"error{end}"),
    ]  # fmt: skip


def _sheets(
    outcome: Outcome,
    measured: Measured,
    target: str,
    chosen: Mapping[str, Sequence[str]],
    said: str,
) -> list[Part]:
    """Make the sheets of a target: all have one scale of values and one of errors."""
    looks = {s: show(outcome, measured, s) for samples in chosen.values() for s in samples}
    colours = colours_of(measured, list(looks.values()), target)
    marks = [
        ramp_mark(colours.values, target),
        ramp_mark(colours.errors, "prediction − truth"),
        *(FLOW_MARKS if measured.pose is not None else ()),
        UNKNOWN,
    ]
    parts: list[Part] = []
    for what, samples in chosen.items():
        rows: list[Strip] = []
        for sample in samples:
            look = looks[sample]
            image = image_tile(measured, look, bar=not rows)
            tiles = (image, *value_tiles(look, target, colours))
            rows.append(Strip(sample, _facts(outcome, measured, look, target), tiles))
        if rows:
            sheet = strips(f"{target}: {what}", rows, said, marks, len(rows[0].tiles))
            parts.append(sheet | {"captioned": True})
    return parts


def _facts(outcome: Outcome, measured: Measured, look: Shown, target: str) -> Facts:
    """Write a sample's figures."""
    scores, unit = measured.scores(look.sample), measured.unit(target)
    metric = outcome.selection.metric
    facts = [(metric, _plain(scores[metric], 3))] if measured.decides else []
    facts += [
        ("R²", _plain(scores[f"{target}_r2"], 3)),
        ("RMSE", f"{number(scores[f'{target}_rmse'], 2)} {unit}".rstrip()),
        ("bias", _signed(scores[f"{target}_bias"], 2, f" {unit}".rstrip())),
    ]
    said, known = (measured.pose_of(one) for one in (look.placed.said, look.placed.known))
    if said is not None and known is not None:
        turned = float(angle_error_deg(known.angle_rad, said.angle_rad))
        longer = float(scale_error_pct(known.scale_px_per_m, said.scale_px_per_m))
        facts += [("direction", _signed(turned, 0, "°")), ("scale", _signed(longer, 0, " %"))]
    facts.append(("fold", str(int(outcome.row(look.sample)["fold"]))))
    return tuple(facts)


def _plain(value: float, digits: int) -> str:
    """Write a figure with a true minus sign."""
    return number(value, digits).replace("-", "−")


def _signed(value: float, digits: int, unit: str) -> str:
    """Write a figure with its sign; a dash for what is not known."""
    if not math.isfinite(value):
        return "–"
    return f"{value:+.{digits}f}{unit}".replace("-", "−")
