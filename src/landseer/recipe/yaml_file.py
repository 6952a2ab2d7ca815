"""YAML as recipes need it: no surprise booleans, dates or octals, no silent duplicates, and where each key stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from landseer.errors import RecipeError

KeyPath = tuple[str | int, ...]
Marks = dict[KeyPath, tuple[int, int]]

_PREFIX = "tag:yaml.org,2002:"
_NUMBER_STARTS = list("-+0123456789.")
_RESOLVERS = {
    "bool": (re.compile(r"^(?:true|false)$"), ["t", "f"]),
    "int": (re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), _NUMBER_STARTS),
    "float": (
        re.compile(
            r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$|^[-+]?\.(?:inf|nan)$"
        ),
        _NUMBER_STARTS,
    ),
}
"""What is read as something else than text, besides null: `NO`, `012`, `1:30` and dates stay text."""


class _Loader(yaml.SafeLoader):
    """A safe loader that reads only `true` and `false` as booleans, and `1e-3` as a number."""


class _Dumper(yaml.SafeDumper):
    """A safe dumper that quotes every text that this loader, or a usual one, would read as something else."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, regex) for tag, regex in resolvers if tag in (f"{_PREFIX}null", f"{_PREFIX}merge")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _name, (_regex, _starts) in _RESOLVERS.items():
    _Loader.add_implicit_resolver(_PREFIX + _name, _regex, _starts)
    _Dumper.add_implicit_resolver(_PREFIX + _name, _regex, _starts)


def parse_yaml(text: str, where: Path | str) -> tuple[Any, Marks]:
    """Parse YAML into plain values, with the line and column of each key.

    Returns:
        The value, and {key path: (line, column)}, both counted from 1; {} for a text without values.

    Raises:
        RecipeError: the text is not YAML, or keys stand twice (all of them are listed).

    Edges: what an alias (`*name`) repeats has the place of the alias alone.
    """
    loader: yaml.SafeLoader | None = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return {}, {}
        walk = _Walk()
        walk.visit(node, ())
        if walk.repeats:
            raise RecipeError("\n".join(walk.repeats), where=where, do="keep one of them")
        return loader.construct_document(node), walk.marks
    except (yaml.YAMLError, RecursionError) as error:
        raise _not_yaml(error, where) from error
    finally:
        if loader is not None:
            loader.dispose()


def dump_yaml(value: Any) -> str:
    """Write plain values as YAML that `parse_yaml` reads back as they are, keys in their order."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def _not_yaml(error: Exception, where: Path | str) -> RecipeError:
    """Say why and where a text is not YAML."""
    mark = getattr(error, "problem_mark", None)
    place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return RecipeError(
        f"expected YAML, got a text that is not: {problem}",
        where=place,
        do="check colons, brackets, quotes and indentation there",
    )


@dataclass(slots=True)
class _Walk:
    """What a walk over a YAML tree gathers."""

    marks: Marks = field(default_factory=dict)
    repeats: list[str] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    around: list[yaml.Node] = field(default_factory=list)

    def visit(self, node: yaml.Node, path: KeyPath) -> None:
        """Note where each key stands, and which stand twice; go through shared nodes once."""
        self.marks[path] = _place(node)
        if node in self.around:
            raise yaml.MarkedYAMLError(
                problem="a value that holds itself", problem_mark=node.start_mark
            )
        if id(node) in self.seen:
            return
        self.seen.add(id(node))
        self.around.append(node)
        self._visit_inside(node, path)
        self.around.pop()

    def _visit_inside(self, node: yaml.Node, path: KeyPath) -> None:
        """Go through what a node holds."""
        if isinstance(node, yaml.MappingNode):
            self._visit_keys(node, path)
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                self.visit(value, (*path, number))

    def _visit_keys(self, node: yaml.MappingNode, path: KeyPath) -> None:
        """Go through a mapping."""
        first: dict[str, int] = {}
        for key, value in node.value:
            name, (line, column) = str(key.value), _place(key)
            if name in first:
                self.repeats.append(
                    f"expected each key once, got {name!r} on lines {first[name]} and {line}"
                )
            first.setdefault(name, line)
            self.visit(value, (*path, name))
            self.marks[(*path, name)] = (line, column)


def _place(node: yaml.Node) -> tuple[int, int]:
    """Return the line and column of a node, counted from 1."""
    return node.start_mark.line + 1, node.start_mark.column + 1
