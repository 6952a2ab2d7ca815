"""The verbs that bring a recipe up to one stage differ in the stage alone."""

from __future__ import annotations

import typer

from landseer.cli.verb import Json, Overrides, RecipePath, RunFolder, emit, verb_app
from landseer.recipe.load import load_recipe
from landseer.run.context import open_run
from landseer.run.runner import run_stages


def stage_app(stage: str, summary: str) -> typer.Typer:
    """Make the verb that runs every stage up to this one, where its inputs changed."""
    app = verb_app()

    @app.command(help=summary)
    def command(
        recipe: RecipePath,
        overrides: Overrides = None,
        out: RunFolder = None,
        as_json: Json = False,
    ) -> None:
        run = open_run(load_recipe(recipe, overrides or ()), out)
        emit(run_stages(run, until=stage), as_json=as_json)

    return app
