"""`landseer demo TASK`: make data, run the whole system, submit, score, and open on a report."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from landseer.cli.demo_scenes import (
    SMALL_BUILDINGS,
    SMALL_LANDCOVER,
    judge_buildings,
    judge_landcover,
    make_buildings,
    make_landcover,
    say_buildings,
    say_landcover,
)
from landseer.cli.demo_tiles import (
    SMALL,
    SMALL_GEOPOSE,
    Demo,
    judge_geopose,
    judge_kelp,
    make_geopose,
    make_kelp,
)
from landseer.cli.verb import Json, emit, room, verb_app
from landseer.core.files import write_json, write_text
from landseer.errors import UsageError
from landseer.recipe.template import fill_template

app = verb_app()


@app.command()
def demo(
    task: Annotated[
        str, typer.Argument(help="One of: kelp, geopose, landcover, buildings.")
    ] = "kelp",
    out: Annotated[Path, typer.Option(help="Folder of data, run and submission.")] = Path("demo"),
    train: Annotated[
        int | None, typer.Option(help="Training tiles: 160; orthophotos 8; mosaics 6.")
    ] = None,
    test: Annotated[
        int | None,
        typer.Option(
            help="Tiles of places never in training: kelp 80, geopose 40; orthophotos 3; chips 16."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Root of all random numbers.")] = 42,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="key=value laid over the small recipe.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make data, run the whole system on it, and open on a report."""
    if task not in DEMOS:
        raise UsageError(f"expected one of {', '.join(DEMOS)}; got {task!r}")
    started, chosen, data = time.perf_counter(), DEMOS[task], out / "data"
    made = chosen.make(data, train, test, seed)
    recipe_file = out / f"{task}.yaml"
    write_text(recipe_file, fill_template(task, name=f"{task}-demo", root=data.resolve()))
    recipe = room("recipe.load").load_recipe(recipe_file, [*chosen.small, *(set_ or ())])
    run = room("run.context").open_run(recipe, out / "run")
    room("run.runner").run_stages(run)
    sys.stderr.write("predict …\n")
    result = chosen.judge(run, data, out) | {
        "data": chosen.say(made),
        "report": str(run.path("report/index.html")),
        "minutes": round((time.perf_counter() - started) / 60, 2),
    }
    write_json(out / "result.json", result)
    emit(result, as_json=as_json)


DEMOS: dict[str, Demo] = {
    "kelp": Demo(SMALL, make_kelp, judge_kelp),
    "geopose": Demo(SMALL_GEOPOSE, make_geopose, judge_geopose),
    "landcover": Demo(SMALL_LANDCOVER, make_landcover, judge_landcover, say_landcover),
    "buildings": Demo(SMALL_BUILDINGS, make_buildings, judge_buildings, say_buildings),
}
"""Demos by task."""
