"""From a recipe file to a validated recipe, and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from landseer.errors import RecipeError
from landseer.recipe.checks import check_recipe
from landseer.recipe.overrides import apply_overrides
from landseer.recipe.problems import problems_of, raise_problems
from landseer.recipe.schema import Recipe
from landseer.recipe.yaml_file import Marks, parse_yaml


def load_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read, override and validate a recipe.

    Args:
        path: the YAML file, or a run folder that holds `recipe.yaml`.
        overrides: `key=value` texts.

    Returns:
        The recipe; `data.root` is absolute, counted from the recipe's folder.

    Raises:
        RecipeError: the file is missing, not YAML, or has wrong keys; every error is listed.
    """
    path = path / "recipe.yaml" if path.is_dir() else path
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RecipeError(
            f"expected a recipe, got no readable file: {error.strerror}",
            where=path,
            do="write one with `landseer init kelp --data DIR`",
        ) from error
    values, marks = parse_yaml(text, path)
    if not isinstance(values, dict):
        raise RecipeError(f"expected keys and values, got {type(values).__name__}", where=path)
    return validate(_rooted(apply_overrides(values, overrides), path.parent), marks, path)


def validate(values: dict[str, Any], marks: Marks, where: Path | str) -> Recipe:
    """Validate a recipe's values: first each part alone, then the parts together."""
    try:
        recipe = Recipe.model_validate(values)
    except ValidationError as error:
        raise_problems(problems_of(error, Recipe), marks, where)
        raise
    raise_problems(check_recipe(recipe), marks, where)
    return recipe


def _rooted(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Count relative data roots from the recipe's folder."""
    data = values.get("data")
    if isinstance(data, dict) and isinstance(data.get("root"), str):
        root = Path(data["root"]).expanduser()
        values = values | {"data": data | {"root": str((folder / root).resolve())}}
    return values


def dump_recipe(recipe: Recipe) -> str:
    """Write a recipe, complete and resolved, as YAML."""
    head = "# The resolved recipe of this run: every key, also those left at their defaults.\n"
    return head + yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, width=100)
