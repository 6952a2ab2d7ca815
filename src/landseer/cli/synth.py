"""`landseer synth TASK OUT`: make a data set of known truth."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from landseer.cli.verb import Json, emit, room, verb_app
from landseer.errors import UsageError

app = verb_app()

TASKS = ("kelp",)
"""The tasks that the help lists."""


@app.command()
def synth(
    task: Annotated[str, typer.Argument(help=f"One of: {', '.join(TASKS)}.")],
    out: Annotated[Path, typer.Argument(help="Folder to make.")],
    train: Annotated[int, typer.Option(help="Training tiles.")] = 160,
    test: Annotated[int, typer.Option(help="Test tiles, of places never in training.")] = 40,
    places: Annotated[int, typer.Option(help="Places seen, some of them several times.")] = 60,
    size_px: Annotated[int, typer.Option(help="Side of a tile.")] = 350,
    seed: Annotated[int, typer.Option(help="Root of all random numbers.")] = 42,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Processes; left out: one per processor.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a data set of known truth, in a contest's own formats."""
    made_up = room("synth")
    if task not in made_up.SYNTHS:
        raise UsageError(f"expected one of {', '.join(made_up.SYNTHS)}; got {task!r}")
    values = {"train": train, "test": test, "places": places, "size_px": size_px, "seed": seed}
    config = room("cli.settings").make_settings(made_up.KelpSynthConfig, values)
    made = made_up.SYNTHS[task](out, config, workers)
    state = "made" if made.made else "was already there, nothing written"
    text = (
        f"{made.root}: {state}; {made.n_train} training and {made.n_test} test tiles of "
        f"{made.n_places} places\nkelp on {made.kelp_share:.2%} of all pixels, none in "
        f"{made.no_kelp_share:.0%} of the tiles; {made.qa_share:.1%} of the pixels flagged"
    )
    emit(asdict(made), as_json=as_json, text=text)
