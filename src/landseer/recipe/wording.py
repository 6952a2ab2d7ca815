"""How recipes' errors speak: what was expected, what came, and which valid name is nearest."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from landseer.errors import LandseerError

_LONGEST_VALUE = 60
_LONGEST_LIST = 12
_CUTOFF = 0.5

_KINDS = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
    "path_type": "a path",
    "invalid_key": "text as key",
    "recursion_loop": "a value that does not hold itself",
}
"""What pydantic's kinds of errors expected, in words."""

_BOUNDS = {
    "greater_than": ("gt", "a number greater than"),
    "greater_than_equal": ("ge", "a number of at least"),
    "less_than": ("lt", "a number less than"),
    "less_than_equal": ("le", "a number of at most"),
}


def expected(kind: str, context: Mapping[str, Any], message: str) -> str:
    """Return what an error of pydantic's expected, as a noun.

    Args:
        kind: pydantic's name of the error.
        context: its figures.
        message: its text, taken where nothing better is known.
    """
    if kind in _KINDS:
        return _KINDS[kind]
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return f"{words} {context[key]:g}"
    if kind == "string_too_short":
        return f"text of at least {counted(context['min_length'], 'character')}"
    if kind == "string_pattern_mismatch":
        return f"text that matches {context['pattern']}"
    if kind in ("too_short", "too_long"):
        least = kind == "too_short"
        number = context["min_length" if least else "max_length"]
        return f"at {'least' if least else 'most'} {counted(number, 'value')}"
    return message.removeprefix("Input should be ")


def options(text: str) -> list[str]:
    """Take apart pydantic's list of the values that a key may have: `'a', 'b' or 'c'`."""
    parts = text.replace(" or ", ", ").split(", ")
    return [part.strip().strip("'") for part in parts]


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 value`, `2 values`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def any_of(names: Iterable[object]) -> str:
    """Return `a` or `one of a, b, c`."""
    texts = [str(name) for name in names]
    return texts[0] if len(texts) == 1 else f"one of {', '.join(texts)}"


def either(words: Sequence[str]) -> str:
    """Return `a, b or c`."""
    return " or ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def not_among(valid: Sequence[str], got: object) -> str:
    """Say which values there are, what came, and which is nearest."""
    near = nearest(got, valid) if isinstance(got, str) else ""
    return f"expected {one_of(valid, near, 'values')}; got {show(got)}{near}"


def one_of(names: Sequence[str], near: str, noun: str) -> str:
    """Return `one of a, b, c`; where the list is long and a near name is known, only its length."""
    if near and len(names) > _LONGEST_LIST:
        return f"one of {len(names)} {noun}"
    return any_of(names) if names else f"none of the {noun}"


def best_match(name: object, valid: Iterable[str], *, cutoff: float = _CUTOFF) -> str | None:
    """Return the valid name nearest to one that is not, whatever the case of its letters, or None."""
    lower: dict[str, str] = {}
    for item in valid:
        lower.setdefault(str(item).lower(), str(item))
    close = difflib.get_close_matches(str(name).lower(), lower, n=1, cutoff=cutoff)
    return lower[close[0]] if close else None


def nearest(name: object, valid: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest valid name, or ""."""
    match = best_match(name, valid)
    return f"; did you mean {match!r}?" if match is not None else ""


def show(value: object) -> str:
    """Write a value as it stands in a recipe, shortened; text is quoted."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, str):
        return repr(_shorten(value))
    if isinstance(value, Mapping | list | tuple):
        return _shorten(json.dumps(value, default=str, ensure_ascii=False))
    return _shorten(str(value))


def one_line(error: LandseerError) -> str:
    """Return an error's message and advice as one line."""
    return "; ".join(part for part in (error.message, error.do) if part).replace("\n", " ")


def _shorten(text: str) -> str:
    """Cut a long text."""
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
