"""How maps of whole scenes are judged (recipe key `maps`)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class MapsConfig(BaseModel):
    """What is scored of the maps of held-out scenes; data without scenes have none."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    tolerance_px: float | None = Field(3.0, ge=0)
    """How far a border may lie from the true one and still be found, px; null scores no borders."""
    objects: tuple[str, ...] = ()
    """Classes of which things are counted one by one, at an IoU of a half: buildings, not meadows."""
    min_object_px: int = Field(0, ge=0)
    """Things smaller than this, px, are neither found nor missed."""
    window_px: int = Field(512, ge=64)
    """Side of the windows in which the networks see a scene."""
    overlap_px: int = Field(128, ge=0)
    """Least overlap of neighbouring windows."""
