"""`landseer check RECIPE`: validate a recipe and print it resolved."""

from __future__ import annotations

import typer

from landseer.cli.verb import Overrides, RecipePath, verb_app
from landseer.recipe.load import dump_recipe, load_recipe

app = verb_app()


@app.command()
def check(recipe: RecipePath, overrides: Overrides = None) -> None:
    """Validate a recipe and print it resolved."""
    typer.echo(dump_recipe(load_recipe(recipe, overrides or ())), nl=False)
