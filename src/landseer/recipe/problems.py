"""All of a recipe's errors at once: where, what was expected, what came, the nearest valid key."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from landseer.errors import RecipeError
from landseer.recipe.yaml_file import KeyPath, Marks


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a recipe."""

    path: KeyPath
    message: str

    def text(self, marks: Marks, where: Path | str) -> str:
        """Return the problem as one line, with file, line and column where they are known."""
        path = self.path
        while path and path not in marks:
            path = path[:-1]
        line, column = marks.get(path, (0, 0))
        place = f"{where}:{line}:{column}: " if line else ""
        return f"{place}{dotted(self.path)}: {self.message}"


def dotted(path: KeyPath) -> str:
    """Return a key path as people write it: `loss.0.weight`."""
    return ".".join(str(part) for part in path) or "recipe"


def nearest(name: str, valid: Iterable[str], n: int = 1) -> str:
    """Return `; did you mean 'x'?` for the nearest valid names, or ""."""
    close = difflib.get_close_matches(str(name), list(valid), n=n, cutoff=0.5)
    return f"; did you mean {' or '.join(repr(c) for c in close)}?" if close else ""


def raise_problems(problems: Sequence[Problem], marks: Marks, where: Path | str) -> None:
    """Raise one error that lists every problem; do nothing when there is none."""
    if not problems:
        return
    count = f"{len(problems)} errors" if len(problems) > 1 else "1 error"
    lines = "\n".join(f"  {problem.text(marks, where)}" for problem in problems)
    raise RecipeError(f"the recipe has {count}\n{lines}", do="correct the recipe; nothing was done")


def problems_of(error: ValidationError, root: type[BaseModel]) -> list[Problem]:
    """Turn pydantic's errors into problems."""
    return [_problem(detail, root) for detail in error.errors(include_url=False)]


def _problem(detail: Any, root: type[BaseModel]) -> Problem:
    """Turn one of pydantic's errors into a problem."""
    path, model = _clean(detail["loc"], root)
    kind, got = detail["type"], detail.get("input")
    if kind == "extra_forbidden":
        valid = list(model.model_fields) if model is not None else []
        return Problem(
            path,
            f"expected one of {', '.join(valid)}; got {path[-1]!r}{nearest(str(path[-1]), valid)}",
        )
    if kind == "missing":
        return Problem(path, "expected a value, got none: this key is required")
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        context = detail.get("ctx", {})
        key = str(context.get("discriminator", "kind")).strip("'")
        tags = [t.strip().strip("'") for t in str(context.get("expected_tags", "")).split(",")]
        if kind == "union_tag_not_found":
            return Problem((*path, key), "expected a value that names which, got none")
        tag = str(context.get("tag"))
        return Problem(
            (*path, key), f"expected one of {', '.join(tags)}; got {tag!r}{nearest(tag, tags)}"
        )
    if kind == "literal_error":
        wanted = str(detail["ctx"]["expected"])
        valid = [part.strip().strip("'") for part in wanted.replace(" or ", ", ").split(",")]
        return Problem(path, f"expected {wanted}; got {got!r}{nearest(str(got), valid)}")
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return Problem(path, f"expected {message}; got {got!r}")


def _clean(location: Sequence[str | int], root: type[BaseModel]) -> tuple[KeyPath, Any]:
    """Drop union tags from a location; also return the model that holds its last key."""
    path: list[str | int] = []
    holder: Any = root
    annotation: Any = root
    for part in location:
        models = list(_models(annotation))
        fields = [m for m in models if part in m.model_fields]
        if fields:
            holder, annotation = fields[0], fields[0].model_fields[str(part)].annotation
            path.append(part)
            continue
        tagged = [m for m in models if isinstance(part, str) and _has_tag(m, part)]
        if tagged:
            annotation = holder = tagged[0]
            continue
        if isinstance(part, str) and models and part in {m.__name__ for m in models}:
            annotation = holder = next(m for m in models if m.__name__ == part)
            continue
        if len(models) == 1:
            holder = models[0]
        elif not models and isinstance(part, str) and not _is_mapping(annotation):
            continue
        path.append(part)
    return tuple(path), holder


def _is_mapping(annotation: Any) -> bool:
    """Say whether an annotation holds a dict."""
    if typing.get_origin(annotation) is dict:
        return True
    return any(_is_mapping(arg) for arg in typing.get_args(annotation))


def _models(annotation: Any) -> Iterable[type[BaseModel]]:
    """Yield the models that an annotation may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif typing.get_origin(annotation) in (typing.Union, types.UnionType):
        for argument in typing.get_args(annotation):
            yield from _models(argument)
    else:
        for argument in typing.get_args(annotation):
            yield from _models(argument)


def _has_tag(model: type[BaseModel], tag: str) -> bool:
    """Say whether a model of a union goes by this tag."""
    for name in ("kind", "adapter"):
        field = model.model_fields.get(name)
        if field is not None and tag in typing.get_args(field.annotation):
            return True
    return False
