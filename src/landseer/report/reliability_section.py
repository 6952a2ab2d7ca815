"""Whether probabilities are right as often as they say, before and after calibration."""

from __future__ import annotations

from itertools import pairwise

from markupsafe import Markup

from landseer.predict.calibrator import Calibrator, Isotonic, Temperature
from landseer.report.outcome import Outcome
from landseer.report.parts import Part, Section, beside, cards, chart, number, section, table
from landseer.report.reliability import reliability_figure
from landseer.select.calibration_result import CalibrationResult, Judgement
from landseer.select.estimate import Estimate

_MOST = 12
"""Diagrams at most: the most probable class, and the classes that are furthest off."""

_BESIDE = 3

_FIGURES = {
    "log_loss": "log loss",
    "brier": "Brier score",
    "ece": "ECE",
    "classwise_ece": "class-wise ECE",
    "overconfidence": "too sure by",
}


def reliability_section(outcome: Outcome) -> Section | None:
    """Show reliability diagrams and figures; None where there is no class mask."""
    found = outcome.calibration
    if found is None or not found.judgements:
        return None
    lead = (
        "Of pixels that are called 80 % sure, 80 of 100 should be right. Every calibrator was fitted to other folds "
        "than the one it is judged on; it changes written probabilities, never the class map."
    )
    parts: list[Part] = [
        cards(*_cards(found)),
        *_rows(found),
        _figures_table(found),
        _classes_table(found, outcome.classes.names),
    ]
    if found.notes:
        parts.append({"kind": "notes", "notes": found.notes})
    return section("calibration", "Calibration", lead, *parts)


def _cards(found: CalibrationResult) -> list[tuple[str, str]]:
    """Say what was taken, and what it does to the error of the most probable class."""
    before, after = _pair(found)
    shown = [(found.kind, "calibrator that was taken")]
    if found.calibrator is not None:
        shown.append((_short(found.calibrator.mapping), f"fitted to each {found.calibrator.where}"))
    shown.append((number(before.figures["ece"].value), "ECE of averaged probabilities"))
    if after is not None:
        shown.append((number(after.figures["ece"].value), "ECE once calibrated"))
    if found.threshold is not None and found.calibrator and found.calibrator.threshold is not None:
        shown.append(
            (number(found.calibrator.threshold, 3), f"threshold {found.threshold:.2f}, calibrated")
        )
    return shown


def _short(mapping: Calibrator) -> str:
    """Write a calibrator in a word or two."""
    if isinstance(mapping, Temperature):
        return f"T = {mapping.temperature:.3f}"
    if isinstance(mapping, Isotonic):
        return f"{sum(len(curve.said) for curve in mapping.curves)} points"
    return f"{2 * len(mapping.scale)} numbers"


def _pair(found: CalibrationResult) -> tuple[Judgement, Judgement | None]:
    """Return what is compared: without, and with what was taken or, where nothing was, with the best."""
    if found.kind != "none":
        return found.judgement("none"), found.judgement(found.kind)
    return found.judgement("none"), None


def _rows(found: CalibrationResult) -> list[Part]:
    """Draw the diagrams in even rows of three at most."""
    before, after = _pair(found)
    names = [diagram.name for diagram in before.diagrams]
    off = sorted(names[1:], key=lambda name: -(before.figures[f"ece_{name}"].value or 0.0))
    shown = [name for name in names if name in {names[0], *off[: _MOST - 1]}]
    charts = []
    for name in shown:
        place = names.index(name)
        drawn = reliability_figure(
            before.diagrams[place], None if after is None else after.diagrams[place]
        )
        charts.append(chart(drawn, name, ""))
    charts[0]["caption"] = (
        f"Points: bins of equal width; bands: {found.level:.0%} intervals over places. Below: pixels in each bin."
    )
    n_rows = -(-len(charts) // _BESIDE)
    ends = [round(len(charts) * row / n_rows) for row in range(n_rows + 1)]
    return [beside(*charts[start:stop]) for start, stop in pairwise(ends)]


def _figures_table(found: CalibrationResult) -> Part:
    """Make the table of what each kind reaches, and what it gains."""
    rows = [
        [one.kind, *(_with_interval(one.figures[name]) for name in _FIGURES), _gain(one)]
        for one in found.judgements
    ]
    heads = ["calibrator", *_FIGURES.values(), "change of log loss"]
    return table("What each calibrator reaches, across folds", heads, rows)


def _gain(one: Judgement) -> Markup | str:
    """Write the difference to doing nothing."""
    return "" if one.kind == "none" else _with_interval(one.differences["log_loss"])


def _classes_table(found: CalibrationResult, names: tuple[str, ...]) -> Part:
    """Make the table of the classes' own errors."""
    rows = [
        [name, *(_with_interval(one.figures[f"ece_{name}"]) for one in found.judgements)]
        for name in names
    ]
    heads = ["class", *(one.kind for one in found.judgements)]
    return table("Calibration error of each class alone", heads, rows, folded=len(rows) > _MOST)


def _with_interval(figure: Estimate) -> Markup:
    """Write a figure with its interval below it."""
    value, low, high = (
        number(part).replace("-", "−") for part in (figure.value, figure.low, figure.high)
    )
    ends = Markup("" if figure.low is None else "<br><small>{} to {}</small>").format(low, high)
    return Markup("{}{}").format(value, ends)
