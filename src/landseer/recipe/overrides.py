"""`key=value` from the command line, laid over a recipe."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from landseer.errors import RecipeError
from landseer.recipe.wording import counted, show
from landseer.recipe.yaml_file import KeyPath, parse_yaml


@dataclass(frozen=True, slots=True)
class Overlaid:
    """A recipe's values with overrides laid over them.

    Attributes:
        values: the values.
        paths: the keys that were overridden, in the order of the command line.
    """

    values: dict[str, Any]
    paths: tuple[KeyPath, ...]


def apply_overrides(
    values: dict[str, Any],
    overrides: Sequence[str],
    default: Callable[[KeyPath], Any] = lambda _: {},
) -> Overlaid:
    """Lay overrides over a recipe's values.

    Args:
        values: the parsed recipe; left as it is.
        overrides: texts like `train.epochs=5` or `loss.0.weight=0.5`; values are YAML.
        default: what stands at a path where the recipe says nothing, for overrides that go below it.

    Raises:
        RecipeError: texts without `=`, or paths through something that is not a mapping or list; all are listed.

    Edges: `key=` is null.
    """
    result = copy.deepcopy(values)
    paths: list[KeyPath] = []
    wrong: list[str] = []
    for text in overrides:
        try:
            paths.append(_lay(result, text, default))
        except RecipeError as error:
            wrong.append(f"  {text}: {error.message}")
    if wrong:
        raise RecipeError(
            "\n".join([f"the command line has {counted(len(wrong), 'error')}", *wrong]),
            do="write e.g. train.epochs=5 or loss.0.weight=0.5",
        )
    return Overlaid(result, tuple(paths))


def _lay(values: dict[str, Any], text: str, default: Callable[[KeyPath], Any]) -> KeyPath:
    """Lay one override over the values; return its path."""
    key, equals, value = text.partition("=")
    keys = key.strip().split(".")
    if not equals or not all(keys):
        raise RecipeError("expected key=value; got no key or no `=`")
    *parents, last = keys
    target: Any = values
    path: list[str | int] = []
    for name in parents:
        if isinstance(target, dict) and target.get(name) is None:
            target[name] = default((*path, name))
        path.append(_step(target, name, path))
        target = target[path[-1]]
    path.append(_step(target, last, path))
    target[path[-1]] = parse_yaml(value, text)[0] if value.strip() else None
    return tuple(path)


def _step(target: Any, name: str, path: Sequence[str | int]) -> str | int:
    """Return the key or list position that one part of a path names."""
    if isinstance(target, dict):
        return name
    inside = ".".join(map(str, path))
    if not isinstance(target, list):
        raise RecipeError(
            f"expected a key of the recipe; got {name!r} below {inside}, which is {show(target)}"
        )
    if not (name.isdecimal() and int(name) < len(target)):
        raise RecipeError(
            f"expected a position of {inside}, which has {counted(len(target), 'value')} "
            f"and counts from 0; got {name!r}"
        )
    return int(name)
