"""From the places that pydantic names to the keys that people wrote, and what the schema says there."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from landseer.recipe.yaml_file import KeyPath

TAG_KEYS = ("kind", "adapter")
"""Keys that tell the members of a family apart."""


@dataclass(frozen=True, slots=True)
class Location:
    """One place in a recipe.

    Attributes:
        path: keys and list positions as they stand in the file, without the names of a union's members.
        holder: the model that holds the last key, or None.
        annotation: what the schema expects at the path; None where it expects nothing.
        unions: paths of the unions without a tag that were passed, outermost first.
    """

    path: KeyPath
    holder: type[BaseModel] | None
    annotation: Any
    unions: tuple[KeyPath, ...]


def locate(location: Sequence[str | int], root: type[BaseModel]) -> Location:
    """Follow one of pydantic's locations through a schema.

    Args:
        location: keys, positions, and one label for every union with several members that is entered.
        root: the model that was validated.
    """
    parts = [part for part in location if part != "[key]"]
    path: list[str | int] = []
    holder: type[BaseModel] | None = None
    unions: list[KeyPath] = []
    annotation: Any = plain(root)
    while parts:
        part = parts.pop(0)
        members = members_of(annotation)
        if len(members) > 1:
            tagged = _by_tag(members, part)
            if tagged is None:
                unions.append(tuple(path))
            annotation = tagged or _by_label(members, part, parts)
            continue
        path.append(part)
        holder = annotation if is_model(annotation) else None
        annotation = _inside(annotation, part)
    return Location(tuple(path), holder, annotation, tuple(unions))


def plain(annotation: Any) -> Any:
    """Take `Annotated` and a single `| None` off an annotation."""
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    members = members_of(annotation)
    return plain(members[0]) if len(members) == 1 and members[0] is not annotation else annotation


def members_of(annotation: Any) -> list[Any]:
    """Return what a union may be, without None; anything else is its own single member."""
    if typing.get_origin(annotation) not in (typing.Union, types.UnionType):
        return [annotation]
    return [plain(part) for part in typing.get_args(annotation) if part is not type(None)]


def is_model(annotation: Any) -> bool:
    """Say whether an annotation is a part of the recipe with keys of its own."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def tags_of(model: type[BaseModel], key: str) -> tuple[str, ...]:
    """Return the values by which a member of a tagged union is known: those of its key `kind`, `adapter`, …"""
    found = model.model_fields.get(key)
    return tuple(map(str, typing.get_args(found.annotation))) if found is not None else ()


def key_paths(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key of a recipe; positions in lists are written `N`."""
    for name, field in model.model_fields.items():
        yield (*path, name)
        for inner, steps in _models(plain(field.annotation)):
            yield from key_paths(inner, (*path, name, *steps))


def _models(annotation: Any) -> Iterator[tuple[type[BaseModel], tuple[str, ...]]]:
    """Yield the models inside an annotation, with the steps that lead to them."""
    for member in members_of(annotation):
        if is_model(member):
            yield member, ()
        elif typing.get_origin(member) in (tuple, list):
            for model, steps in _models(plain(typing.get_args(member)[0])):
                yield model, ("N", *steps)


def _by_tag(members: Sequence[Any], tag: str | int) -> Any:
    """Return the model that goes by this tag, or None."""
    found = (
        m for m in members if is_model(m) and any(str(tag) in tags_of(m, key) for key in TAG_KEYS)
    )
    return next(found, None)


def _by_label(members: Sequence[Any], label: str | int, rest: Sequence[str | int]) -> Any:
    """Return the member that pydantic calls by this label: the one that can hold what follows, or None."""
    if not rest:
        return None
    fitting = [m for m in members if _holds(m, rest[0])]
    named = [m for m in fitting if is_model(m) and m.__name__ in str(label)]
    return next(iter(named or fitting), None)


def _holds(annotation: Any, part: str | int) -> bool:
    """Say whether a value of this kind can have this key or position."""
    origin = typing.get_origin(annotation)
    if isinstance(part, int):
        return origin in (list, tuple)
    return is_model(annotation) or _is_mapping(origin)


def _is_mapping(origin: Any) -> bool:
    """Say whether an annotation's origin is a mapping."""
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _inside(annotation: Any, part: str | int) -> Any:
    """Return what is expected at a key or position of what an annotation describes."""
    if is_model(annotation):
        field = annotation.model_fields.get(str(part))
        return plain(field.annotation) if field is not None else None
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if _is_mapping(origin):
        return plain(arguments[1])
    if origin is list or (origin is tuple and arguments[-1] is Ellipsis):
        return plain(arguments[0])
    if origin is tuple and isinstance(part, int) and part < len(arguments):
        return plain(arguments[part])
    return None
