"""`landseer compare RUN RUN`: the same samples under two runs, with what differs and how surely."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Annotated

import typer

from landseer.cli.verb import Json, emit, room, verb_app

app = verb_app()


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="Run folder that the other is compared with.")],
    second: Annotated[Path, typer.Argument(help="Run folder.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder; left out: SECOND/compare/FIRST.")
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="Score that decides; left out: FIRST's.")
    ] = None,
    examples: Annotated[int, typer.Option(min=0, help="Samples shown, better and worse.")] = 4,
    resamples: Annotated[
        int | None, typer.Option(min=10, help="Bootstrap resamples; left out: FIRST's.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare two runs on the samples that both held out: paired, by place, with pictures."""
    found, sides = room("run.versus").compare_runs((first, second), metric, resamples=resamples)
    folder = out or second / "compare" / first.resolve().name
    page, listed = folder / "index.html", folder / "samples.csv"
    pages = room("report.versus_page")
    sides = pages.told_apart(sides, (first, second))
    pages.build_versus_page(found, sides, page, examples=examples)
    room("core.files").write_text(listed, _csv(found.samples))
    result = found.as_dict() | {"page": str(page), "samples": str(listed)}
    sentence = pages.headline(found, pages.names_of(sides))
    emit({"sentence": sentence, **result}, as_json=as_json, text=f"{sentence}\n{page}\n{listed}")


def _csv(samples: tuple[object, ...]) -> str:
    """Write the samples as a table."""
    text = io.StringIO()
    names = ("sample", "group", "first", "second", "right_first_px", "right_second_px")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*names, "gained_px"))
    writer.writerows([getattr(one, name) for name in (*names, "gained_px")] for one in samples)
    return text.getvalue()
