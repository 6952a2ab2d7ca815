"""From a recipe file to a validated recipe, and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from pydantic import ValidationError, create_model

from landseer.errors import RecipeError
from landseer.models.encoders import is_file_name
from landseer.recipe.checks import check_recipe
from landseer.recipe.defaults import default_at
from landseer.recipe.overrides import apply_overrides
from landseer.recipe.problems import Places, Problem, raise_problems
from landseer.recipe.schema import Recipe
from landseer.recipe.validation import problems_of
from landseer.recipe.yaml_file import KeyPath, Marks, dump_yaml, parse_yaml

FILE_KEYS: tuple[tuple[str, str], ...] = (
    ("data", "root"),
    ("quality", "exclusions"),
    ("split", "files"),
    ("split", "holdout_file"),
    ("model", "weights"),
    ("mine", "mined"),
)
"""Keys that hold paths: those in a file are counted from its folder, those on the command line from the current one."""


def load_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read, override and validate a recipe.

    Args:
        path: the YAML file, or a run folder that holds `recipe.yaml`.
        overrides: `key=value` texts.

    Returns:
        The recipe; its paths are absolute: those in the file are counted from the file's folder, those of
        overrides from the current one.

    Raises:
        RecipeError: the file is missing, not YAML, or has wrong keys; every error is listed.
    """
    path = Path(path)
    path = path / "recipe.yaml" if path.is_dir() else path
    values, marks = parse_yaml(_read(path), path)
    if not isinstance(values, dict):
        raise RecipeError(
            f"expected keys and values; got {type(values).__name__}",
            where=path,
            do="write one with `landseer init kelp --data DIR`",
        )
    rooted = _rooted(values, path.parent)
    laid = apply_overrides(rooted, overrides, lambda key: default_at(key, Recipe))
    values = _rooted(laid.values, Path.cwd())
    return validate(values, _places(marks, path, laid.paths), path)


def validate(values: dict[str, Any], places: Places, where: Path | str) -> Recipe:
    """Validate a recipe's values: each part alone, and those that are valid together.

    Raises:
        RecipeError: it lists every problem; a part with a problem of its own takes no part in checks across parts.
    """
    try:
        recipe, problems = Recipe.model_validate(values), []
    except ValidationError as error:
        problems = problems_of(error, Recipe)
        recipe = _valid_parts(values, problems)
    raise_problems([*problems, *check_recipe(recipe)], places, where)
    return recipe


def dump_recipe(recipe: Recipe) -> str:
    """Write a recipe, complete and resolved, as YAML that `load_recipe` reads back as the same recipe."""
    head = "# The resolved recipe of this run: every key, also those left at their defaults.\n"
    return head + dump_yaml(recipe.model_dump(mode="json"))


def _read(path: Path) -> str:
    """Read the file's text."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise RecipeError(
            f"expected a recipe, got no readable file: {reason}",
            where=path,
            do="write one with `landseer init kelp --data DIR`",
        ) from error


def _valid_parts(values: dict[str, Any], problems: Sequence[Problem]) -> Recipe:
    """Return what stands in for a recipe: its parts that have no problem, and none of the others."""
    wrong = {problem.path[0] for problem in problems if problem.path}
    fields = {name: field for name, field in Recipe.model_fields.items() if name not in wrong}
    model = create_model("Parts", **{name: (f.annotation, f) for name, f in fields.items()})  # type: ignore[call-overload]
    parts = model.model_validate({name: values[name] for name in fields if name in values})
    return cast(Recipe, SimpleNamespace(**{name: getattr(parts, name) for name in fields}))


def _places(marks: Marks, path: Path, overridden: Sequence[KeyPath]) -> dict[KeyPath, str]:
    """Say where each key stands: in the file, or on the command line."""
    places = {
        key: f"{path}:{line}:{column}"
        for key, (line, column) in sorted(marks.items(), key=lambda item: item[1])
        if not any(key[: len(over)] == over for over in overridden)
    }
    made = {over[:n] for over in overridden for n in range(1, len(over) + 1)} - places.keys()
    return places | dict.fromkeys(sorted(made, key=str), "command line")


def _rooted(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Make the recipe's relative paths absolute, counted from a folder."""
    result = dict(values)
    for part, key in FILE_KEYS:
        inside = result.get(part)
        if isinstance(inside, dict) and key in inside:
            result[part] = inside | {key: _absolute(inside[key], folder, key)}
    return result


def _absolute(value: Any, folder: Path, key: str) -> Any:
    """Make one path, or each path of a list, absolute; leave anything else as it is."""
    if isinstance(value, list):
        return [_absolute(item, folder, key) for item in value]
    if not isinstance(value, str) or (key == "weights" and not is_file_name(value)):
        return value
    return str((folder / Path(value).expanduser()).resolve())
