"""`landseer score PREDICTION TRUTH --metric NAME`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from landseer.cli.verb import Json, emit, room, verb_app

app = verb_app()

METRICS = (
    "kelp-dice", "kelp-dice-macro", "kelp-dice-per-tile", "dice", "iou", "iou-macro", "accuracy", "mcc",
)  # fmt: skip
"""The metrics that the help lists."""


@app.command()
def score(
    prediction: Annotated[Path, typer.Argument(help="File, folder or submission archive.")],
    truth: Annotated[Path, typer.Argument(help="File or folder.")],
    metric: Annotated[str, typer.Option(help=f"One of: {', '.join(METRICS)}.")],
    as_json: Json = False,
) -> None:
    """Compute an official metric on any two files or folders."""
    result = room("submit.score").score_paths(prediction, truth, metric)
    figures = {
        result.metric: result.value,
        "counts": result.counts,
        "files": result.n_files,
        "pixels": result.n_pixels,
        "outside the prediction's data": result.n_outside,
    }
    emit(figures if not as_json else result.as_dict(), as_json=as_json)
