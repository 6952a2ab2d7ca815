"""`landseer score PREDICTION TRUTH --metric NAME`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from landseer.cli.verb import Json, emit, room, verb_app

app = verb_app()

METRICS = (
    "kelp-dice", "kelp-dice-macro", "kelp-dice-per-tile", "dice", "iou", "iou-macro", "miou", "jaccard",
    "jaccard-per-chip", "accuracy", "mcc", "boundary-f1", "spacenet-f1", "geopose-r2",
)  # fmt: skip
"""The metrics that the help lists."""


@app.command()
def score(
    prediction: Annotated[
        Path, typer.Argument(help="Map, folder of maps, submission archive, or file of polygons.")
    ],
    truth: Annotated[Path, typer.Argument(help="The same of the truth.")],
    metric: Annotated[str, typer.Option(help=f"One of: {', '.join(METRICS)}.")],
    tolerance_px: Annotated[
        float, typer.Option(min=0, help="boundary-f1: how far apart boundaries may lie, in pixels.")
    ] = 2.0,
    min_iou: Annotated[
        float, typer.Option(help="spacenet-f1: smallest overlap of two objects that match, 0 to 1.")
    ] = 0.5,
    min_area_px: Annotated[
        float,
        typer.Option(
            min=0,
            help="spacenet-f1: smallest object, in pixels; of polygon files in square metres.",
        ),
    ] = 0.0,
    per_scene: Annotated[
        bool, typer.Option("--per-scene", help="Also score each file alone.")
    ] = False,
    interval: Annotated[
        bool,
        typer.Option("--interval", help="Also say how sure the score is, by files drawn again."),
    ] = False,
    table: Annotated[
        Path | None,
        typer.Option(
            help="Also write the scores of each file and class of maps, to a .csv or .json."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compute an official metric on any two files or folders."""
    rules = room("metrics.map_counts").MapRules(
        tolerance_px=tolerance_px, min_iou=min_iou, min_area_px=min_area_px
    )
    result = room("submit.score").score_paths(
        prediction,
        truth,
        metric,
        rules=rules,
        with_files=per_scene,
        with_interval=interval,
        table=table,
    )
    emit(result.as_dict() if as_json else result.figures(), as_json=as_json)
