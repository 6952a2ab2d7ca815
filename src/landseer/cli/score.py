"""`landseer score PREDICTION TRUTH --metric NAME`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from landseer.cli.verb import Json, emit, verb_app
from landseer.submit.score import METRICS, score_paths

app = verb_app()


@app.command()
def score(
    prediction: Annotated[Path, typer.Argument(help="File, folder or submission archive.")],
    truth: Annotated[Path, typer.Argument(help="File or folder.")],
    metric: Annotated[str, typer.Option(help=f"One of: {', '.join(METRICS)}.")],
    as_json: Json = False,
) -> None:
    """Compute an official metric on any two files or folders."""
    emit({metric: score_paths(prediction, truth, metric)}, as_json=as_json)
