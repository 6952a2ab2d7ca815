"""`key=value` from the command line, laid over a recipe."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from landseer.errors import RecipeError
from landseer.recipe.yaml_file import parse_yaml


def apply_overrides(values: dict[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Return the recipe's values with overrides laid over them.

    Args:
        values: the parsed recipe.
        overrides: texts like `train.epochs=5` or `loss.0.weight=0.5`; values are YAML.

    Raises:
        RecipeError: a text without `=`, or a path through something that is not a mapping or list.
    """
    result = copy.deepcopy(values)
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise RecipeError(f"expected key=value, got {text!r}", do="e.g. train.epochs=5")
        _set(result, key.split("."), parse_yaml(value, text)[0] if value else None, text)
    return result


def _set(target: Any, keys: list[str], value: Any, text: str) -> None:
    """Set one value deep inside mappings and lists."""
    *parents, last = keys
    for key in parents:
        if isinstance(target, dict) and target.get(key) is None:
            target[key] = {}
        target = target[_step(target, key, text)]
    target[_step(target, last, text, new=True)] = value


def _step(target: Any, key: str, text: str, *, new: bool = False) -> Any:
    """Return the key or list position that one part of a path names."""
    if isinstance(target, dict) and (new or key in target):
        return key
    if isinstance(target, list) and key.isdigit() and int(key) < len(target):
        return int(key)
    kind = f"a list of {len(target)}" if isinstance(target, list) else type(target).__name__
    raise RecipeError(f"expected a key of the recipe, got {key!r} inside {kind}", where=text)
