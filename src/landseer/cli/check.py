"""`landseer check RECIPE`: validate a recipe and print it resolved."""

from __future__ import annotations

import typer

from landseer.cli.verb import Json, Overrides, RecipePath, emit, room, verb_app

app = verb_app()


@app.command()
def check(recipe: RecipePath, overrides: Overrides = None, as_json: Json = False) -> None:
    """Validate a recipe and print it resolved."""
    load = room("recipe.load")
    loaded = load.load_recipe(recipe, overrides or ())
    text = load.dump_recipe(loaded).rstrip("\n")
    for line in room("recipe.advice").advice(loaded):
        typer.echo(f"recipe: {line}", err=True)
    emit(loaded.model_dump(mode="json"), as_json=as_json, text=text)
