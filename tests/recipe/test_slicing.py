"""Slices of a recipe: training draws them, what does not fit is said, and a resolved recipe says it all."""

from __future__ import annotations

from pathlib import Path

import pytest

from landseer.errors import RecipeError
from landseer.recipe.advice import advice
from landseer.recipe.load import dump_recipe, load_recipe
from landseer.recipe.schema import Recipe
from landseer.recipe.template import fill_template

SLICED = ["model.slices={size_px: 128, overlap_px: 32}", "model.scale=2.5", "model.weights=none"]


def load(tmp_path: Path, *overrides: str) -> Recipe:
    path = tmp_path / "recipe.yaml"
    path.write_text(fill_template("kelp", name="demo", root=tmp_path))
    return load_recipe(path, overrides)


def test_training_draws_slices_where_nothing_is_said_of_crops(tmp_path: Path) -> None:
    assert load(tmp_path).augment.crop_px is None
    recipe = load(tmp_path, *SLICED)
    assert recipe.augment.crop_px == 128 and recipe.augment.d4
    assert load(tmp_path, *SLICED, "augment.crop_px=96").augment.crop_px == 96
    assert load(tmp_path, *SLICED, "augment.crop_px=").augment.crop_px is None
    path = tmp_path / "resolved.yaml"
    path.write_text(dump_recipe(recipe))
    assert load_recipe(path) == recipe
    parts = {name: getattr(recipe, name) for name in Recipe.model_fields}
    bare = recipe.augment.model_copy(update={"crop_px": None})
    bare = type(bare)(**{k: v for k, v in bare.model_dump().items() if k == "d4"})
    assert Recipe(**parts | {"augment": bare}).augment.crop_px == 128


CROP = "augment.crop_px: expected 128, the size of model.slices; training sees "
PADDED = (
    "model.slices.size_px: expected a size that times model.scale is a multiple of 32, the network's stride; "
    "128 px become 269 px, and zeros are put around them"
)


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model.scale=2", []),
        ("augment.crop_px=", [f"{CROP}whole samples"]),
        ("augment.crop_px=96", [f"{CROP}crops of 96 px"]),
        ("model.scale=2.1", [PADDED]),
    ],
)
def test_advice(tmp_path: Path, override: str, said: list[str]) -> None:
    assert advice(load(tmp_path, *SLICED, override)) == said


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.slices={size_px: 128, overlap_px: 65}", "expected overlap_px of at most half of size_px (128); got 65"),
        ("model.slices={overlap_px: 3}", "model.slices.size_px"),
        ("model.slices={size_px: many}", "model.slices.size_px: expected a whole number; got 'many'"),
        ("maps.overlap_px=65", "maps.overlap_px: expected at most half of window_px (128); got 65"),
    ],
)  # fmt: skip
def test_slices_that_cannot_be_are_refused(tmp_path: Path, override: str, message: str) -> None:
    overrides = SLICED if override.startswith("maps") else []
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, *overrides, override)
    assert message in str(caught.value)
