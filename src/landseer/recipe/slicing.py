"""What follows in a recipe from the slices in which its model sees samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel


def draw_slices(parts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Have training draw slices of the size that the model sees, where nothing is said of crops.

    Args:
        parts: a recipe's values before they are validated.

    Returns:
        The same, or a copy with `augment.crop_px`.

    Edges: a `crop_px` of null is said: training then sees whole samples. What is not valid is left for validation.
    """
    size_px = _said(_said(parts.get("model"), "slices"), "size_px")
    augment = parts.get("augment")
    if size_px is None or "crop_px" in _keys(augment):
        return parts
    if isinstance(augment, BaseModel):
        return {**parts, "augment": augment.model_copy(update={"crop_px": size_px})}
    if augment is None or isinstance(augment, Mapping):
        return {**parts, "augment": {**(augment or {}), "crop_px": size_px}}
    return parts


def _keys(part: Any) -> set[str]:
    """Return which keys a part of a recipe says something of."""
    if isinstance(part, BaseModel):
        return part.model_fields_set
    return set(part) if isinstance(part, Mapping) else set()


def _said(part: Any, key: str) -> Any:
    """Return what a part of a recipe says of a key."""
    return part.get(key) if isinstance(part, Mapping) else getattr(part, key, None)
