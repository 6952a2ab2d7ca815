"""`landseer submit KIND PREDICTIONS --samples …`: pack predictions as a contest asks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from landseer.cli.verb import Json, emit, verb_app
from landseer.errors import UsageError
from landseer.samples.table import read_samples, usable
from landseer.submit import SUBMITTERS

app = verb_app()


@app.command()
def submit(
    kind: Annotated[str, typer.Argument(help=f"One of: {', '.join(SUBMITTERS)}.")],
    predictions: Annotated[Path, typer.Argument(help="Folder that `landseer predict` wrote.")],
    samples: Annotated[
        Path, typer.Option(help="Run folder or sample table; its test side is what must be there.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Archive to write.")],
    as_json: Json = False,
) -> None:
    """Pack predictions as a contest asks, and check the package against the sample list."""
    if kind not in SUBMITTERS:
        raise UsageError(f"expected one of {', '.join(SUBMITTERS)}; got {kind!r}")
    table = samples / "samples.parquet" if samples.is_dir() else samples
    ids = list(usable(read_samples(table), side="test")["sample"])
    packed = SUBMITTERS[kind](predictions, ids, out)
    emit({"archive": str(out), "samples": len(ids), "result": packed}, as_json=as_json)
