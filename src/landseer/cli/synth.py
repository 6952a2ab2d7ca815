"""`landseer synth TASK OUT`: make a data set of known truth."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from landseer.cli.verb import Json, emit, verb_app
from landseer.errors import UsageError
from landseer.synth import SYNTHS, KelpSynthConfig

app = verb_app()


@app.command()
def synth(
    task: Annotated[str, typer.Argument(help=f"One of: {', '.join(SYNTHS)}.")],
    out: Annotated[Path, typer.Argument(help="Folder to make.")],
    train: Annotated[int, typer.Option(help="Training tiles.")] = 160,
    test: Annotated[int, typer.Option(help="Test tiles, of places never in training.")] = 40,
    places: Annotated[int, typer.Option(help="Places seen, some of them several times.")] = 60,
    size_px: Annotated[int, typer.Option(help="Side of a tile.")] = 350,
    seed: Annotated[int, typer.Option(help="Root of all random numbers.")] = 42,
    workers: Annotated[int | None, typer.Option(help="Processes.")] = None,
    as_json: Json = False,
) -> None:
    """Make a data set of known truth, in a contest's own formats."""
    if task not in SYNTHS:
        raise UsageError(f"expected one of {', '.join(SYNTHS)}; got {task!r}")
    try:
        config = KelpSynthConfig(train=train, test=test, places=places, size_px=size_px, seed=seed)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{first['loc'][0]}: {first['msg']}; got {first['input']}") from error
    emit(asdict(SYNTHS[task](out, config, workers)), as_json=as_json)
