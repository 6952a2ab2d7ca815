"""What a recipe searches: every key must be one, and what is tried there must be valid."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError

from landseer.errors import RecipeError
from landseer.recipe.defaults import default_at
from landseer.recipe.location import key_paths
from landseer.recipe.overrides import apply_overrides
from landseer.recipe.problems import Problem, dotted
from landseer.recipe.schema import Recipe
from landseer.recipe.validation import problems_of
from landseer.recipe.wording import nearest
from landseer.tune.ranges import Choices, Numbers, RangeConfig, Subset

SEARCHED = (
    "weights",
    "inputs",
    "model",
    "targets",
    "balance",
    "loss",
    "augment",
    "train",
    "select",
)
"""Parts of a recipe that may be searched: what the others change is which samples are judged, or nothing."""

FIXED = ("train.folds", "select.metric", "select.level", "select.resamples")
"""Keys of these parts that decide what a score is, and may not be searched."""

Check = Callable[[Recipe], list[Problem]]


def lay_values(recipe: Recipe, values: dict[str, Any]) -> dict[str, Any]:
    """Return a recipe's plain values with others laid over them.

    Args:
        recipe: the recipe.
        values: by dotted key; a shorter key is laid before those below it.

    Raises:
        RecipeError: a path leads through something that is not a mapping or list; all are listed.
    """
    texts = [f"{key}={json.dumps(value)}" for key, value in sorted(values.items(), key=_depth)]
    plain = recipe.model_dump(mode="json")
    return apply_overrides(plain, texts, lambda key: default_at(key, Recipe)).values


def _depth(item: tuple[str, Any]) -> int:
    """Return how deep a key lies."""
    return item[0].count(".")


def tune_problems(recipe: Recipe, check: Check) -> Iterator[Problem]:
    """List what is wrong with `tune`.

    Args:
        recipe: a recipe without problems elsewhere.
        check: what lists the problems of a whole recipe.
    """
    bare = recipe.model_copy(update={"tune": type(recipe.tune)()})
    for key, one in recipe.tune.search.items():
        path = ("tune", "search", key)
        yield from _key_problems(path, key) or _value_problems(bare, path, key, one, check)
    for key, value in recipe.tune.trial.items():
        path = ("tune", "trial", key)
        yield from _key_problems(path, key) or _told(bare, path, key, value, check)


def _key_problems(path: tuple[str, ...], key: str) -> list[Problem]:
    """Say why a key cannot be searched."""
    if key.split(".")[0] in SEARCHED and key not in FIXED:
        return []
    if not _is_known(key):
        return [Problem(path, f"expected a key of the recipe; got {key!r}{nearest(key, _known())}")]
    return [
        Problem(
            path,
            f"expected a key of {', '.join(SEARCHED)}, but not {', '.join(FIXED)}; got {key!r}, which decides "
            "what is judged, so that trials could not be compared",
        )
    ]


def _is_known(key: str) -> bool:
    """Say whether a key begins with a key of the recipe."""
    return key.split(".")[0] in Recipe.model_fields


def _known() -> list[str]:
    """List every key that may be searched."""
    return [".".join(path) for path in key_paths(Recipe) if path[0] in SEARCHED]


def _value_problems(
    recipe: Recipe, path: tuple[str, ...], key: str, one: RangeConfig, check: Check
) -> Iterator[Problem]:
    """List the values of a range that are not valid at its key."""
    tried: list[tuple[tuple[str | int, ...], Any]]
    match one:
        case Numbers():
            tried = [((*path, name), value) for name, value in one.ends().items()]
        case Choices():
            tried = [((*path, "choices", n), value) for n, value in enumerate(one.choices)]
        case Subset():
            tried = [
                ((*path, "subset_of", n), [*one.always, value])
                for n, value in enumerate(one.subset_of)
            ]
    seen: set[str] = set()
    for place, value in tried:
        for problem in _told(recipe, place, key, value, check):
            if problem.message not in seen:
                seen.add(problem.message)
                yield problem


def _told(
    recipe: Recipe, place: tuple[str | int, ...], key: str, value: Any, check: Check
) -> list[Problem]:
    """Lay one value over the recipe, and tell its problems at the place where the value stands."""
    try:
        laid = lay_values(recipe, {key: value})
    except RecipeError as error:
        return [Problem(place, error.message.partition("\n")[2].strip() or error.message)]
    try:
        problems = check(Recipe.model_validate(laid))
    except ValidationError as error:
        problems = problems_of(error, Recipe)
    return [Problem(place, f"{_where(problem, key)}{problem.message}") for problem in problems]


def _where(problem: Problem, key: str) -> str:
    """Name the key of a problem where it is not the one that is searched."""
    found = dotted(problem.path)
    return "" if found == key else f"{found}: "
