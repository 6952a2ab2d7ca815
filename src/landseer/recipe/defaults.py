"""What a part of a recipe is when the file leaves it out, so that an override may change a piece of it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from landseer.recipe.location import TAG_KEYS, is_model, plain
from landseer.recipe.yaml_file import KeyPath


def default_at(path: KeyPath, root: type[BaseModel]) -> Any:
    """Return the default of a key as plain values.

    Args:
        path: keys from the root down.
        root: the model of the whole.

    Returns:
        What one would write to get the default: the kind of a part that comes in several, and what differs from the
        defaults of the part itself; {} where there is no default with keys or positions of its own.
    """
    annotation: Any = root
    value: Any = None
    for part in path:
        field = annotation.model_fields.get(str(part)) if is_model(annotation) else None
        if field is None:
            return {}
        annotation, value = plain(field.annotation), field.get_default(call_default_factory=True)
    found = _written(value)
    return found if isinstance(found, dict | list) else {}


def _written(value: Any) -> Any:
    """Write a default as a recipe would."""
    if isinstance(value, list | tuple):
        return [_written(item) for item in value]
    if not isinstance(value, BaseModel):
        return value
    return {
        name: _written(getattr(value, name))
        for name, field in type(value).model_fields.items()
        if name in TAG_KEYS or getattr(value, name) != field.get_default(call_default_factory=True)
    }
