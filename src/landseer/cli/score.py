"""`landseer score PREDICTION TRUTH --metric NAME`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from landseer.cli.verb import Json, emit, room, verb_app

app = verb_app()

METRICS = (
    "kelp-dice", "kelp-dice-macro", "kelp-dice-per-tile", "dice", "iou", "iou-macro", "accuracy", "mcc", "geopose-r2",
)  # fmt: skip
"""The metrics that the help lists."""


@app.command()
def score(
    prediction: Annotated[Path, typer.Argument(help="File, folder or submission archive.")],
    truth: Annotated[Path, typer.Argument(help="The same of the truth.")],
    metric: Annotated[str, typer.Option(help=f"One of: {', '.join(METRICS)}.")],
    as_json: Json = False,
) -> None:
    """Compute an official metric on any two files or folders."""
    result = room("submit.score").score_paths(prediction, truth, metric)
    emit(result.as_dict() if as_json else result.figures(), as_json=as_json)
