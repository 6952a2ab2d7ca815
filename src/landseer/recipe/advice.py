"""What a recipe may say, but seldom means: people are told, and the run goes on."""

from __future__ import annotations

from landseer.adapters import config_bands
from landseer.models.satlas import scaling_problem
from landseer.recipe.schema import Recipe


def advice(recipe: Recipe) -> list[str]:
    """List what would probably be better, each in one line that begins with its key.

    Args:
        recipe: a valid recipe.

    Edges: pretrained weights learn under another scaling than their own too, and published systems did so; therefore
        it is no error.
    """
    codes = {band.name: band.codes for band in config_bands(recipe.data)}
    problem = scaling_problem(recipe.model.weights, recipe.inputs, codes)
    return [] if problem is None else [f"inputs: {problem}; training starts worse without"]
