"""`landseer synth TASK OUT`: make a data set of known truth."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from landseer.cli.verb import Json, emit, room, verb_app
from landseer.errors import UsageError

app = verb_app()

TASKS = ("kelp", "geopose", "landcover", "buildings")
"""The tasks that the help lists."""

ONLY = {
    "places": ("kelp",),
    "acquisitions": ("geopose",),
    "image_format": ("geopose",),
    "val": ("landcover",),
    "split": ("landcover",),
    "tier_2": ("buildings",),
    "chip_px": ("buildings",),
}
"""Option -> the tasks that know it; every other option is known to all."""


@app.command()
def synth(
    task: Annotated[str, typer.Argument(help=f"One of: {', '.join(TASKS)}.")],
    out: Annotated[Path, typer.Argument(help="Folder to make.")],
    train: Annotated[
        int | None,
        typer.Option(
            help="Training tiles: kelp 160, geopose 240; orthophotos: landcover 8; scenes: buildings 8.",
            show_default=False,
        ),
    ] = None,
    test: Annotated[
        int | None,
        typer.Option(
            help="Test tiles, of places never in training: kelp 40, geopose 60; orthophotos: landcover 3; "
            "chips: buildings 24.",
            show_default=False,
        ),
    ] = None,
    places: Annotated[
        int | None,
        typer.Option(help="kelp: places seen, some several times: 60.", show_default=False),
    ] = None,
    acquisitions: Annotated[
        int | None, typer.Option(help="geopose: pictures per city: 4.", show_default=False)
    ] = None,
    image_format: Annotated[
        str | None, typer.Option(help="geopose: j2k or png: j2k.", show_default=False)
    ] = None,
    val: Annotated[
        int | None,
        typer.Option(
            help="landcover: training orthophotos that are for validation: 2.", show_default=False
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="landcover: lists hold whole orthophotos, or tiles of every one: orthophotos or tiles: orthophotos.",
            show_default=False,
        ),
    ] = None,
    tier_2: Annotated[
        int | None,
        typer.Option(
            "--tier-2", help="buildings: scenes with incomplete labels: 5.", show_default=False
        ),
    ] = None,
    chip_px: Annotated[
        int | None, typer.Option(help="buildings: side of a test chip: 512.", show_default=False)
    ] = None,
    size_px: Annotated[
        int | None,
        typer.Option(
            help="Side of a picture: kelp 350, geopose 512, landcover 1536, buildings 1280.",
            show_default=False,
        ),
    ] = None,
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
    values = {
        "train": train,
        "test": test,
        "places": places,
        "acquisitions": acquisitions,
        "image_format": image_format,
        "val": val,
        "split": split,
        "tier_2": tier_2,
        "chip_px": chip_px,
        "size_px": size_px,
        "seed": seed,
    }
    given = {name: value for name, value in values.items() if value is not None}
    for name, tasks in ONLY.items():
        if name in given and task not in tasks:
            option = name.replace("_", "-")
            raise UsageError(f"--{option} belongs to {', '.join(tasks)}; got it with {task}")
    config = room("cli.settings").make_settings(made_up.SYNTH_CONFIGS[task], given)
    made = made_up.SYNTHS[task](out, config, workers)
    emit(asdict(made), as_json=as_json, text=made.text)
