"""A small valid recipe, and a way to ask what is wrong with another one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from landseer.errors import RecipeError
from landseer.recipe.load import load_recipe

RECIPE = """\
name: demo
data:
  adapter: kelp
  root: data
split:
  kind: group_kfold
  n_folds: 5
inputs:
  bands: [red, nir, qa]
  indices: [NDVI]
  valid: "qa == 0"
model:
  encoder: resnet18
  weights: none
"""

Ask = Callable[..., list[str]]


@pytest.fixture
def recipe() -> str:
    """Return the text of a valid recipe of 14 lines."""
    return RECIPE


@pytest.fixture
def recipe_path(tmp_path: Path) -> Path:
    """Return a valid recipe beside an empty data folder."""
    (tmp_path / "data").mkdir()
    path = tmp_path / "demo.yaml"
    path.write_text(RECIPE)
    return path


@pytest.fixture
def ask(recipe_path: Path) -> Ask:
    """Return a function from a recipe's text (and overrides) to the lines that say what is wrong with it."""

    def lines(text: str, *overrides: str) -> list[str]:
        recipe_path.write_text(text)
        try:
            load_recipe(recipe_path, overrides)
        except RecipeError as error:
            head, *found = error.message.splitlines()
            assert head == f"the recipe has {len(found)} error{'s' if len(found) > 1 else ''}"
            assert error.exit_code == 2
            assert error.do == "correct the recipe; nothing was done"
            return [line.strip().replace(f"{recipe_path}:", "") for line in found]
        return []

    return lines
