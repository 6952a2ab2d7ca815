"""Where real-valued predictions are best and worst, in pictures: image with flow, truth, prediction, error."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from landseer.metrics.pose import angle_error_deg, scale_error_pct
from landseer.report.measured import Measured
from landseer.report.outcome import Outcome
from landseer.report.parts import Part, Section, Strip, Tile, number, section, strips
from landseer.report.tiles import photo_uri, scale_bar
from landseer.report.value_ranking import rank_samples
from landseer.report.value_tiles import UNKNOWN, ramp_mark, value_uri
from landseer.report.value_views import (
    FLOW_MARKS,
    Colours,
    Shown,
    colours_of,
    flow_view,
    show,
    views_of,
)

SIDE_PX = 224
"""Longer side of a picture, px."""

Facts = tuple[tuple[str, str], ...]


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


def show_sample(outcome: Outcome, measured: Measured, sample: str) -> Shown:
    """Read a sample's image, references and predictions, as it was judged.

    Raises:
        FileReadError: a file cannot be read.
    """
    row, tta = outcome.row(sample), measured.tta[sample]
    about = Path(row["image"]), outcome.bands, float(row["gsd_m"])
    return show(measured.trial, measured.position(sample), tta, *about)


def tiles_of(
    measured: Measured, look: Shown, target: str, colours: Colours, *, bar: bool
) -> tuple[Tile, ...]:
    """Make a sample's pictures: image with flow, truth, prediction, error."""
    picture, words = flow_view(look, measured.trial.specs, SIDE_PX)
    scale = scale_bar(look.picture.shape[1], look.gsd_m) if bar else None
    views, sample = views_of(look, target, SIDE_PX), look.sample
    end, own = (f", {views.note}", ", pixels of the image") if views.note else ("", "")
    known, said, error = (
        value_uri(raster, ramp, SIDE_PX)
        for raster, ramp in (
            (views.known, colours.values), (views.said, colours.values), (views.error, colours.errors),
        )
    )  # fmt: skip
    return (
        Tile(photo_uri(picture, SIDE_PX), f"{sample}, {words}", words, bar=scale),
        Tile(known, f"{sample}, true {target}", f"true{end}"),
        Tile(said, f"{sample}, predicted {target}", f"predicted{own}"),
        Tile(error, f"{sample}, error of {target}", f"error{end}"),
    )


def _sheets(
    outcome: Outcome,
    measured: Measured,
    target: str,
    chosen: Mapping[str, Sequence[str]],
    said: str,
) -> list[Part]:
    """Make the sheets of a target: all have one scale of values and one of errors."""
    looks = {s: show_sample(outcome, measured, s) for samples in chosen.values() for s in samples}
    colours = colours_of(measured.trial, list(looks.values()), target)
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
            tiles = tiles_of(measured, look, target, colours, bar=not rows)
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
