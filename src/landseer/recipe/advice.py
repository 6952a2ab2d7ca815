"""What a recipe may say, but seldom means: people are told, and the run goes on."""

from __future__ import annotations

from collections.abc import Iterator

from landseer.adapters import config_bands
from landseer.models.decoders import stride_px
from landseer.models.satlas import scaling_problem
from landseer.recipe.schema import Recipe


def advice(recipe: Recipe) -> list[str]:
    """List what would probably be better, each in one line that begins with its key.

    Args:
        recipe: a valid recipe.

    Edges: pretrained weights learn under another scaling than their own too, and published systems did so; therefore
        it is no error.
    """
    return [*_scaling(recipe), *_slices(recipe)]


def _scaling(recipe: Recipe) -> Iterator[str]:
    """Say where inputs are scaled otherwise than pretrained weights expect."""
    codes = {band.name: band.codes for band in config_bands(recipe.data)}
    problem = scaling_problem(recipe.model.weights, recipe.inputs, codes)
    if problem is not None:
        yield f"inputs: {problem}; training starts worse without"


def _slices(recipe: Recipe) -> Iterator[str]:
    """Say where training sees something else than slices, and where slices are padded for the network."""
    slices, crop_px = recipe.model.slices, recipe.augment.crop_px
    if slices is None:
        return
    if crop_px != slices.size_px:
        seen = "whole samples" if crop_px is None else f"crops of {crop_px} px"
        yield f"augment.crop_px: expected {slices.size_px}, the size of model.slices; training sees {seen}"
    stride = stride_px(recipe.model.model_copy(update={"scale": 1.0}))
    side = round(slices.size_px * recipe.model.scale)
    if side % stride:
        yield (
            f"model.slices.size_px: expected a size that times model.scale is a multiple of {stride}, the network's "
            f"stride; {slices.size_px} px become {side} px, and zeros are put around them"
        )
