"""YAML as recipes need it: no surprise booleans, no silent duplicates, and where each key stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from landseer.errors import RecipeError

KeyPath = tuple[str | int, ...]
Marks = dict[KeyPath, tuple[int, int]]


class _Loader(yaml.SafeLoader):
    """A safe loader that reads only `true` and `false` as booleans, and `1e-3` as a number."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in resolvers if not tag.endswith((":bool", ":float"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$|^[-+]?\.(?:inf|nan)$"
    ),
    list("-+0123456789."),
)


def parse_yaml(text: str, where: Path | str) -> tuple[Any, Marks]:
    """Parse YAML into plain values, with the line and column of each key.

    Returns:
        The value, and {key path: (line, column)}, both counted from 1.

    Raises:
        RecipeError: the text is not YAML, or a key stands twice.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return {}, {}
        marks: Marks = {}
        _walk(node, (), marks, where)
        return loader.construct_document(node), marks
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        problem = getattr(error, "problem", None) or str(error)
        raise RecipeError(
            f"expected YAML, got a text that is not: {problem}", where=place
        ) from error
    finally:
        loader.dispose()


def _walk(node: yaml.Node, path: KeyPath, marks: Marks, where: Path | str) -> None:
    """Note where each key stands; refuse keys that stand twice."""
    marks[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen:
                raise RecipeError(
                    f"expected each key once, got {name!r} on lines {seen[name]} and {line}",
                    where=f"{where}:{line}",
                )
            seen[name] = line
            _walk(value, (*path, name), marks, where)
            marks[(*path, name)] = (line, key.start_mark.column + 1)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _walk(value, (*path, number), marks, where)
