"""`landseer suspects RECIPE`: the labels that out-of-fold predictions contradict most."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from landseer.cli.verb import Json, Overrides, RecipePath, RunFolder, emit, opened, room, verb_app

app = verb_app()

HEADS = ("rank", "sample", "score", "proposed", "given", "predicted", "region_px", "reason")


@app.command()
def suspects(
    recipe: RecipePath,
    overrides: Overrides = None,
    out: RunFolder = None,
    top: Annotated[int, typer.Option(min=0, help="Samples printed, the most suspect first.")] = 20,
    as_json: Json = False,
) -> None:
    """Stage 8: rank the labels that out-of-fold predictions contradict; nothing is left out."""
    run = opened(recipe, overrides, out)
    room("run.runner").run_stages(run, until="suspects")
    found = room("select.suspects").read_suspects(run.folder)
    rows = found.table.head(top).to_dict("records")
    proposed = int((found.table["proposed"] == "yes").sum())
    table = str(run.path(room("select.suspects").TABLE))
    result: dict[str, Any] = {
        "suspects": rows,
        "samples": found.evidence["samples"],
        "expected": found.evidence["expected"],
        "proposed": proposed,
        "table": table,
        "pictures": str(run.path(room("select.suspects").FOLDER)),
    }
    noun = "references" if found.evidence.get("kind") == "values" else "labels"
    text = "\n".join(
        [
            *_table(rows),
            f"{found.evidence['samples']} {noun} compared; the wrong regions add up to "
            f"{found.evidence['expected']:.1f} whole {noun}: {proposed} proposed for a look",
            f"pictures: {result['pictures']}",
            f"decide in a copy of {table}, and name the copy in quality.exclusions",
        ]
    )
    emit(result, as_json=as_json, text=text)


def _table(rows: list[dict[str, Any]]) -> list[str]:
    """Write rows below their heads, columns aligned: figures to the right, words to the left."""
    cells = [[str(row[head]) for head in HEADS] for row in rows]
    widths = [max(map(len, column)) for column in zip(HEADS, *cells, strict=True)]
    numeric = {"rank", "score", "region_px"}
    return [
        "  ".join(
            cell.rjust(width) if head in numeric else cell.ljust(width)
            for cell, width, head in zip(line, widths, HEADS, strict=True)
        ).rstrip()
        for line in (list(HEADS), *cells)
    ]
