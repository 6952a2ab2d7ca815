"""`landseer audit RECIPE`: check files and measure quality, and say what was found, left out and kept."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from landseer.cli.verb import (
    Json,
    Overrides,
    RecipePath,
    RunFolder,
    aligned,
    emit,
    opened,
    room,
    verb_app,
)
from landseer.core.files import read_json
from landseer.errors import DataError

app = verb_app()

Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Exit with 1, after writing everything, where a sample is left out because its files are at fault.",
    ),
]

_HEADS = ("what", "found", "samples", "excluded", "kept", "other")
_FAULTS_SHOWN = 3


@app.command()
def audit(
    recipe: RecipePath,
    overrides: Overrides = None,
    out: RunFolder = None,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Stage 2: check files, measure quality, find the same place twice."""
    run = opened(recipe, overrides, out)
    done = room("run.runner").run_stages(run, until="audit")
    summary = read_json(run.path("audit/summary.json"))
    text = f"{aligned(done | {'findings': run.path('audit/findings.csv')})}\n\n{_shown(summary)}"
    emit(done | {"summary": summary}, as_json=as_json, text=text)
    if strict and summary["excluded_for_faults"]:
        raise _fault(summary, run)


def _shown(summary: dict[str, Any]) -> str:
    """Write the summary for people: one sentence, and a table of kinds."""
    said = (
        f"{summary['samples']} samples: {summary['used']} used, {summary['excluded_for_faults']} left out for faults, "
        f"{summary['excluded_by_choice']} by rule or hand; {summary['findings']} findings"
    )
    rows = [_HEADS, *([str(kind[head]) for head in _HEADS] for kind in summary["kinds"])]
    if not summary["kinds"]:
        return said
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]
    return "\n".join([said, "", *lines])


def _fault(summary: dict[str, Any], run: Any) -> DataError:
    """Say that samples were left out."""
    faults = sorted(summary["faults"].items(), key=lambda fault: (-fault[1], fault[0]))
    shown = ", ".join(f"{what} ({count})" for what, count in faults[:_FAULTS_SHOWN])
    more = f" and {len(faults) - _FAULTS_SHOWN} more kinds" if len(faults) > _FAULTS_SHOWN else ""
    return DataError(
        f"expected files without fault (--strict); got {summary['excluded_for_faults']} of "
        f"{summary['samples']} samples left out: {shown}{more}",
        where=run.path("audit/findings.csv"),
        do="mend or remove these files, or leave --strict away to go on without them",
    )
