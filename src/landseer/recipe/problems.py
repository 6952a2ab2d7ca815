"""One thing that is wrong with a recipe, and all of them as one error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from landseer.errors import RecipeError
from landseer.recipe.wording import counted
from landseer.recipe.yaml_file import KeyPath

Places = Mapping[KeyPath, str]
"""Where the keys of a recipe stand: `file:line:column`, or `command line`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a recipe.

    Attributes:
        path: the key.
        message: what was expected and what came, in one line.
        meant: the key of the same part that was probably meant, where a key is not known.
    """

    path: KeyPath
    message: str
    meant: str | None = None

    def text(self, places: Places, where: Path | str) -> str:
        """Return the problem as one line, with the place of its key or of the nearest key around it."""
        return f"{_place(self.path, places, where)}: {dotted(self.path)}: {self.message}"


def dotted(path: KeyPath) -> str:
    """Return a key path as people write it: `loss.0.weight`."""
    return ".".join(str(part) for part in path) or "recipe"


def raise_problems(problems: Sequence[Problem], places: Places, where: Path | str) -> None:
    """Raise one error that lists every problem in the order of the file; do nothing when there is none."""
    if not problems:
        return
    order = list(places)
    ranked = sorted(problems, key=lambda problem: _rank(problem.path, order))
    lines = dict.fromkeys(f"  {problem.text(places, where)}" for problem in ranked)
    raise RecipeError(
        f"the recipe has {counted(len(lines), 'error')}\n" + "\n".join(lines),
        do="correct the recipe; nothing was done",
    )


def _place(path: KeyPath, places: Places, where: Path | str) -> str:
    """Return the place of a key, or of the nearest key around it."""
    while path and path not in places:
        path = path[:-1]
    return places.get(path, str(where)) if path else str(where)


def _rank(path: KeyPath, order: Sequence[KeyPath]) -> int:
    """Return how far down the file a key, or the nearest key around it, stands."""
    while path and path not in order:
        path = path[:-1]
    return order.index(path) if path in order else -1
