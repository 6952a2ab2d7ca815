"""`landseer init TASK --data DIR`: write a commented recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from landseer.cli.verb import Json, emit, verb_app
from landseer.core.files import write_text
from landseer.errors import UsageError
from landseer.recipe.template import fill_template

app = verb_app()

TASKS = (
    "buildings (Open Cities), geopose, kelp, landcover (LandCover.ai); for any other data "
    "folder (images and labels of equal size) or scenes (of any size, with rasters or vectors as labels)."
)
"""What there are recipes for."""


@app.command()
def init(
    task: Annotated[str, typer.Argument(help=TASKS)],
    data: Annotated[Path, typer.Option(help="Folder of the data.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Recipe file to write.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the run.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over an existing recipe.")] = False,
    as_json: Json = False,
) -> None:
    """Write a commented recipe for a data folder."""
    if not data.is_dir():
        raise UsageError("expected a folder of data, got none", where=data)
    path = out or Path(f"{task}.yaml")
    text = fill_template(task, name=name or task, root=data.resolve())
    if path.exists() and not force:
        raise UsageError(
            "expected a new file, got one that exists", where=path, do="use --force or --out"
        )
    write_text(path, text)
    emit(
        {"recipe": str(path), "task": task},
        as_json=as_json,
        text=f"{path}: now `landseer run {path}`",
    )
