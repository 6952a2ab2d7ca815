"""Put the report together: a header of key facts and the sections, rendered into one page."""

from __future__ import annotations

from pathlib import Path

from landseer.core.files import write_text
from landseer.report.outcome import Outcome
from landseer.report.page import drawing, fill_page
from landseer.report.parts import number, seconds_text
from landseer.report.sections import SECTIONS
from landseer.report.value_scores import metric_unit


def build_report(outcome: Outcome, out: Path) -> None:
    """Write the report, whole or not at all; the same outcome gives the same bytes.

    Args:
        outcome: what the run left behind.
        out: the HTML file; it asks for nothing outside itself.

    Raises:
        FileReadError: an image, label or prediction that is shown cannot be read.
        WriteError: the file cannot be written.
    """
    with drawing():
        found = [section(outcome) for section in SECTIONS]
        sections = [one for one in found if one is not None]
    text = fill_page(
        "page.html.j2",
        name=outcome.name,
        headline=_headline(outcome),
        facts=_facts(outcome),
        sections=sections,
    )
    write_text(out, text)


def _headline(outcome: Outcome) -> dict[str, str]:
    """Write the score and what it counts."""
    crossfit, unit = outcome.selection.crossfit, metric_unit(outcome)
    value, low, high = (
        number(value, 3).replace("-", "−")
        for value in (crossfit.value, crossfit.low, crossfit.high)
    )
    return {
        "value": f"{value}\u00a0{unit}".rstrip("\u00a0"),
        "metric": outcome.selection.metric,
        "low": low,
        "high": f"{high} {unit}".rstrip(),
        "level": f"{crossfit.level:.0%}",
        "counts": crossfit.counts,
    }


def _facts(outcome: Outcome) -> list[tuple[str, str]]:
    """Return (what, figure) of what a reader wants to know first."""
    selection = outcome.selection
    facts = [
        ("samples", f"{len(outcome.samples):,}"),
        ("places judged", f"{selection.n_groups:,}"),
        *_what(outcome),
        ("bands", f"{len(outcome.bands)}"),
        ("channels", f"{len(outcome.statistics['channels'])}"),
        ("members", f"{len(outcome.members)}"),
    ]
    if outcome.mask is not None:
        is_many = selection.class_factors or selection.class_thresholds
        greatest = "per class" if is_many else "greatest"
        threshold = greatest if selection.threshold is None else number(selection.threshold, 2)
        facts.append(("threshold", threshold))
    facts.append(("flips and turns", "a mixture" if selection.mix else selection.tta))
    if outcome.seconds:
        facts.append(("time", seconds_text(sum(outcome.seconds.values()))))
    return facts


def _what(outcome: Outcome) -> list[tuple[str, str]]:
    """Say what is predicted: how many classes, and which targets where there are others."""
    shown = [] if outcome.mask is None else [("classes", f"{len(outcome.classes)}")]
    if outcome.values is not None:
        shown.append(("targets", ", ".join(outcome.values.trial.specs)))
    return shown
