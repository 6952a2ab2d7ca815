"""Tables of what real-valued targets score: each target with its intervals, each site, each fold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from landseer.report.curves import sites_figure
from landseer.report.outcome import Outcome
from landseer.report.parts import Part, chart, number, table
from landseer.select.selection import ScoreInterval

COLUMNS = ("R²", "RMSE", "MAE", "bias")
"""Heads of what is said of a target."""

_MANY_SITES, _MANY_FOLDS = 24, 12
_VALUES = ("r2", "rmse", "mae", "bias")
_LAYERED = ("multi_label", "presence")


@dataclass(frozen=True, slots=True)
class Line:
    """One target, or what several make together: name, unit, and the names of its scores by `COLUMNS`, "" for none."""

    name: str
    unit: str
    scores: tuple[str, str, str, str]


def lines_of(outcome: Outcome, *, derived: bool = True) -> list[Line]:
    """Return a line per real-valued target, and one of the flow where there is one.

    Args:
        outcome: of a run with real-valued targets.
        derived: whether targets that follow from others have a line.
    """
    measured = outcome.values
    if measured is None:
        return []
    lines = []
    for name, spec in measured.trial.specs.items():
        if spec.quantity == "direction":
            lines.append(Line(name, "°", ("", "", f"{name}_error_deg", "")))
        elif spec.quantity == "soft_mask":
            lines.append(Line(name, "squared probability", ("", "", f"{name}_brier", "")))
        elif spec.quantity not in ("mask", *_LAYERED) and (derived or not spec.of):
            r2, rmse, mae, bias = (f"{name}_{score}" for score in _VALUES)
            lines.append(Line(name, measured.unit(name), (r2, rmse, mae, bias)))
    if measured.pose is not None:
        lines.append(Line("flow", "px", ("flow_r2", "", "flow_epe", "")))
    return lines


def metric_unit(outcome: Outcome) -> str:
    """Return the unit of the score that decides, "" where it has none, as R2."""
    metric = outcome.selection.metric.removesuffix("_sites")
    for line in lines_of(outcome) if not outcome.mask_decides else []:
        if metric in line.scores[1:]:
            return line.unit
    return ""


def targets_table(outcome: Outcome) -> Part:
    """Make the table of targets: each score with its interval below it.

    The error of a direction is the mean angle, that of a flow the mean distance between its true and predicted ends.
    """
    intervals = outcome.selection.intervals
    rows = [
        [
            f"{line.name},\u00a0{line.unit}" if line.unit else line.name,
            *(_with_interval(intervals, name) for name in line.scores),
        ]
        for line in lines_of(outcome)
    ]
    return table("By target, all pixels pooled", ["target", *COLUMNS], rows)


def layers_table(outcome: Outcome) -> list[Part]:
    """Make the table of masks of layers and of presence; none where there is no such target."""
    measured, intervals = outcome.values, outcome.selection.intervals
    if measured is None:
        return []
    rows = [
        [f"{name}: {layer}", *(_with_interval(intervals, f"{name}_{kind}_{layer}") for kind in ("dice", "iou"))]
        for name, spec in measured.trial.specs.items()
        if spec.quantity in _LAYERED
        for layer in spec.layers
    ]  # fmt: skip
    return (
        [table("By layer", ["layer", "dice", "iou"], rows, folded=len(rows) > 24)] if rows else []
    )


def sites_chart(outcome: Outcome) -> list[Part]:
    """Draw the score that decides on each site; none where the data name fewer than two."""
    selection = outcome.selection
    if len(selection.sites) < 2:
        return []
    drawn = sites_figure(selection)
    said = "Diamond: all samples pooled, cross-fitted, with the interval."
    return [chart(drawn, f"{selection.metric} of each site", said)]


def sites_table(outcome: Outcome) -> list[Part]:
    """Make the table of sites, of their mean, and of all samples pooled; none where the data name fewer than two."""
    selection, measured = outcome.selection, outcome.values
    if measured is None or len(selection.sites) < 2:
        return []
    n_samples = {site: measured.held.sites.count(site) for site in selection.sites}
    columns = _columns(outcome)
    rows = [
        [site or "–", f"{n_samples[site]:,}", *(_plain(scores.get(name)) for name in columns)]
        for site, scores in selection.sites.items()
    ]
    total = f"{sum(n_samples.values()):,}"
    rows.append(["mean", "", *(_plain(_mean(selection.sites, name)) for name in columns)])
    rows.append(["all", total, *(_plain(selection.scores.get(name)) for name in columns)])
    heads = ["site", "samples", *columns.values()]
    return [table("By site", heads, rows, folded=len(rows) > _MANY_SITES)]


def value_folds_table(outcome: Outcome) -> Part:
    """Make the table of folds with the main scores of each target."""
    heads = _columns(outcome)
    rows = [
        [fold.fold, f"{fold.n_samples:,}", fold.tta, *(_plain(fold.scores.get(name)) for name in heads)]
        for fold in outcome.selection.folds
    ]  # fmt: skip
    names = ["fold", "samples", "flips and turns", *heads.values()]
    return table("By fold", names, rows, folded=len(rows) > _MANY_FOLDS)


def _columns(outcome: Outcome) -> dict[str, str]:
    """Return score -> head of what is shown of sites and folds: the score that decides, and the main ones of targets.

    Of numbers of the whole image the mean error alone; targets that follow from others are left out.
    """
    measured, columns = outcome.values, dict[str, str]()
    if measured is None:
        return columns
    if measured.decides:
        columns[outcome.selection.metric] = outcome.selection.metric
    for line in lines_of(outcome, derived=False):
        whole = line.name in measured.numbers
        for head, name in zip(COLUMNS, line.scores, strict=True):
            if name and head != "bias" and (head == "MAE" or not whole):
                end = f",\u00a0{line.unit}" if line.unit and head != "R²" else ""
                columns.setdefault(name, f"{line.name} {head}{end}")
    return columns


def _with_interval(intervals: Mapping[str, ScoreInterval], name: str) -> str:
    """Write a score with its interval below it; a dash where there is none."""
    found = intervals.get(name)
    if not name or found is None:
        return "–"
    low, high = _plain(found.low), _plain(found.high)
    between = Markup("<small>{} to {}</small>").format(low, high) if found.low == found.low else ""
    return Markup("{}{}").format(_plain(found.value), between)


def _mean(sites: Mapping[str, Mapping[str, float]], name: str) -> float | None:
    """Average a score over the sites on which it is defined; None where it is on none."""
    each = [scores[name] for scores in sites.values() if not math.isnan(scores[name])]
    return sum(each) / len(each) if each else None


def _plain(value: float | None) -> str:
    """Write a score with a true minus sign."""
    return number(value, 3).replace("-", "−")
