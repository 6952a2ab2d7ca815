"""From pydantic's errors to a recipe's problems: keys as people wrote them, and what would be right."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from landseer.recipe.location import (
    TAG_KEYS,
    Location,
    is_model,
    key_paths,
    locate,
    members_of,
    tags_of,
)
from landseer.recipe.problems import Problem, dotted
from landseer.recipe.wording import (
    any_of,
    best_match,
    counted,
    either,
    expected,
    nearest,
    not_among,
    one_of,
    options,
    show,
)
from landseer.recipe.yaml_file import KeyPath

_VERY_NEAR = 0.75
"""Likeness from which a key of the same part is meant, rather than the same key of another part."""


@dataclass(frozen=True, slots=True)
class _Error:
    """One of pydantic's errors and what the schema says at its place."""

    raw: tuple[str | int, ...]
    at: Location
    kind: str
    got: Any
    context: Mapping[str, Any]
    message: str


def problems_of(error: ValidationError, root: type[BaseModel]) -> list[Problem]:
    """Turn pydantic's errors into problems.

    Args:
        error: what the validation of `root` raised.
        root: the model; its fields give the valid keys.
    """
    errors = [
        _Error(
            detail["loc"],
            locate(detail["loc"], root),
            detail["type"],
            detail["input"],
            detail.get("ctx", {}),
            detail["msg"],
        )
        for detail in error.errors(include_url=False)
    ]
    errors = _without_echoes(_without_misfits(errors))
    alone = [one for one in errors if not _is_union_itself(one)]
    found = [problem for one in alone for problem in _problems(one, root)]
    return _without_renamed([*found, *_merged([one for one in errors if _is_union_itself(one)])])


def _without_misfits(errors: Sequence[_Error]) -> list[_Error]:
    """Where a value has the form of one member of a union, leave out what the others say of it."""
    deep = {
        union for error in errors for union in error.at.unions if len(error.at.path) > len(union)
    }
    return [error for error in errors if not (_is_union_itself(error) and error.at.path in deep)]


def _is_union_itself(error: _Error) -> bool:
    """Say whether an error speaks of a union's whole value, as one of its members sees it."""
    return bool(error.at.unions) and error.at.path == error.at.unions[-1]


def _without_echoes(errors: Sequence[_Error]) -> list[_Error]:
    """Leave out that a list is too short where that only follows from wrong items in it."""
    above = {error.at.path[:n] for error in errors for n in range(len(error.at.path))}
    return [e for e in errors if e.kind != "too_short" or e.at.path not in above]


def _without_renamed(problems: Sequence[Problem]) -> list[Problem]:
    """Leave out that a key is missing where another one was probably meant to be it."""
    meant = {(*problem.path[:-1], problem.meant) for problem in problems if problem.meant}
    return [problem for problem in problems if problem.path not in meant]


def _last(error: _Error) -> str | int | None:
    """Return the last part of an error's path."""
    return error.at.path[-1] if error.at.path else None


def _merged(errors: Sequence[_Error]) -> Iterator[Problem]:
    """Make one problem of what the members of a union say of the same value."""
    by_path: dict[KeyPath, list[_Error]] = {}
    for error in errors:
        by_path.setdefault(error.at.path, []).append(error)
    for path, group in by_path.items():
        told = [error for error in group if error.kind == "value_error"]
        if told:
            yield Problem(path, _told(told[0]))
            continue
        valid = [name for e in group for name in _options(e)]
        words = [expected(e.kind, e.context, e.message) for e in group if not _options(e)]
        words = list(dict.fromkeys([*valid, *words]))
        got = group[0].got
        near = nearest(got, valid) if isinstance(got, str) else ""
        yield Problem(path, f"expected {either(words)}; got {show(got)}{near}")


def _problems(error: _Error, root: type[BaseModel]) -> list[Problem]:
    """Turn one of pydantic's errors into problems."""
    path, got = error.at.path, error.got
    if error.kind == "extra_forbidden":
        return [_unknown_key(error, root)]
    if error.kind == "missing":
        return [_missing(error, root)]
    if error.kind.startswith("union_tag"):
        return [_bad_tag(error)]
    if error.kind == "value_error":
        return _validator_problems(error)
    wanted = expected(error.kind, error.context, error.message)
    if error.kind in ("too_short", "too_long"):
        return [Problem(path, f"expected {wanted}; got {counted(len(got), 'value')}")]
    family = _tags(error)
    if family is not None:
        return [Problem(path, _no_part(got, *family))]
    if error.kind == "literal_error":
        return [Problem(path, not_among(_options(error), got))]
    return [Problem(path, f"expected {wanted}; got {show(got)}{_form_hint(error)}")]


def _form_hint(error: _Error) -> str:
    """Say how a single value is written where its form alone is wrong."""
    if error.kind == "string_type" and not _is_nested(error.got):
        return "; put it in quotes"
    if error.kind in ("list_type", "tuple_type") and not _is_nested(error.got):
        return f"; did you mean [{error.got}]?"
    return ""


def _is_nested(value: object) -> bool:
    """Say whether a value is more than one word of YAML."""
    return value is None or isinstance(value, dict | list)


def _options(error: _Error) -> list[str]:
    """Return the values among which an error lets choose."""
    return options(str(error.context["expected"])) if error.kind == "literal_error" else []


def _unknown_key(error: _Error, root: type[BaseModel]) -> Problem:
    """Say which keys there are; where none is near, say where else the key belongs."""
    path, name = error.at.path, str(_last(error))
    valid = list(error.at.holder.model_fields) if error.at.holder is not None else []
    meant = best_match(name, valid, cutoff=_VERY_NEAR)
    hint = "" if meant else _elsewhere(path, root)
    meant = meant or (None if hint else best_match(name, valid))
    hint = f"; did you mean {meant!r}?" if meant else hint
    return Problem(path, f"expected {one_of(valid, hint, 'keys')}; got {name!r}{hint}", meant)


def _elsewhere(path: KeyPath, root: type[BaseModel]) -> str:
    """Return a hint at keys of this name elsewhere in the recipe, best in the same part of it, or ""."""
    here = tuple("N" if isinstance(part, int) else part for part in path)
    found = list(dict.fromkeys(p for p in key_paths(root) if p[-1] == path[-1]))
    if here in found:
        return f"; it is a key of another kind of {dotted(path[:-1])}"
    near = [keys for keys in found if keys[0] == path[0]] or found
    names = " or ".join(".".join(keys) for keys in near)
    return f"; did you mean {names}?" if 0 < len(near) <= 3 else ""


def _missing(error: _Error, root: type[BaseModel]) -> Problem:
    """Say that a key, or a position of a list of fixed length, is missing."""
    path = error.at.path
    if isinstance(_last(error), int):
        of_all = typing.get_args(locate(error.raw[:-1], root).annotation)
        return Problem(path[:-1], f"expected {counted(len(of_all), 'value')}; got {path[-1]}")
    family = _tags(error)
    if family is not None:
        return Problem(path, _no_part(None, *family))
    return Problem(path, "expected a value, for this key is required; got none")


def _bad_tag(error: _Error) -> Problem:
    """Say by which values of its `kind` a part of the recipe may go."""
    key, tags = _tags(error) or ("kind", [])
    path = (*error.at.path, key)
    if error.kind == "union_tag_not_found":
        keys = error.got if isinstance(error.got, dict) else {}
        written = best_match(key, (str(name) for name in keys))
        hint = f"; is {written!r} meant to be {key!r}?" if written else ""
        return Problem(path, f"expected {any_of(tags)}; got none{hint}")
    return Problem(path, not_among(tags, error.got[key]))


def _tags(error: _Error) -> tuple[str, list[str]] | None:
    """Return the key that tells the members of the union of models at an error's place apart, and its values."""
    members = [member for member in members_of(error.at.annotation) if is_model(member)]
    for key in TAG_KEYS:
        tags = [tag for member in members for tag in tags_of(member, key)]
        if len(members) > 1 and tags:
            return key, tags
    return None


def _no_part(got: object, key: str, tags: Sequence[str]) -> str:
    """Say how a part of the recipe that comes in several kinds is written."""
    match = best_match(got, tags) if isinstance(got, str) else None
    example = f"; did you mean {{{key}: {match}}}?" if match else ""
    came = "none" if got is None else show(got)
    return f"expected keys and values with {key} {any_of(tags)}; got {came}{example}"


def _validator_problems(error: _Error) -> list[Problem]:
    """Take apart what a part's own validator says: faults joined by `; `, each perhaps led by its key."""
    keys = error.at.annotation.model_fields if is_model(error.at.annotation) else {}
    names = "|".join(map(re.escape, keys)) or "(?!)"
    faults = re.split(rf"; (?=(?:{names})(?: and \w+)?: )", _told(error))
    return [_led(fault, error.at.path, names) for fault in faults]


def _led(fault: str, path: KeyPath, names: str) -> Problem:
    """Move the key that leads a message into the path."""
    match = re.match(rf"({names}): (.*)", fault, re.DOTALL)
    return Problem((*path, match[1]), match[2]) if match else Problem(path, fault)


def _told(error: _Error) -> str:
    """Return a validator's own message as one line."""
    return " ".join(error.message.removeprefix("Value error, ").split())
