"""Put the report together: sections of cards, figures and tables, rendered into one page."""

from __future__ import annotations

from pathlib import Path

import jinja2

from landseer import __version__
from landseer.core.files import write_text
from landseer.report.outcome import Outcome
from landseer.report.sections import SECTIONS


def build_report(outcome: Outcome, out: Path) -> None:
    """Write the report, whole or not at all.

    Args:
        outcome: what the run left behind.
        out: the HTML file.
    """
    template = jinja2.Environment(
        loader=jinja2.PackageLoader("landseer.report", "."), autoescape=True, trim_blocks=True
    ).get_template("page.html.j2")
    crossfit = outcome.selection.crossfit
    samples = outcome.samples
    text = template.render(
        name=outcome.name,
        subtitle=f"{len(samples):,} samples · {len(outcome.bands)} bands · "
        f"{len(outcome.classes)} classes · {len(outcome.members)} members",
        headline={
            "value": f"{crossfit.value:.3f}",
            "metric": outcome.selection.metric,
            "low": f"{crossfit.low:.3f}",
            "high": f"{crossfit.high:.3f}",
            "level": f"{crossfit.level:.0%}",
            "counts": crossfit.counts,
        },
        sections=[section(outcome) for section in SECTIONS],
        version=__version__,
    )
    write_text(out, text)
