"""How maps of whole scenes are judged (recipe key `maps`)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from landseer.models.slices_config import Slices

WINDOW_PX, OVERLAP_PX = 512, 128
"""Side and overlap of windows, where neither a recipe nor its model's slices say anything."""


class MapsConfig(BaseModel):
    """What is scored of the maps of held-out scenes; data without scenes have none."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    tolerance_px: float | None = Field(3.0, ge=0)
    """How far a border may lie from the true one and still be found, px; null scores no borders."""
    objects: tuple[str, ...] = ()
    """Classes of which things are counted one by one, at an IoU of a half: buildings, not meadows."""
    min_object_px: int = Field(0, ge=0)
    """Things smaller than this, px, are neither found nor missed."""
    window_px: int | None = Field(None, ge=64)
    """Side of the windows in which the networks see a scene; null takes `model.slices`, else 512."""
    overlap_px: int | None = Field(None, ge=0)
    """Least overlap of neighbouring windows; null takes that of `model.slices`, else 128, or half a window."""

    def windows(self, slices: Slices | None) -> tuple[int, int]:
        """Return side and least overlap of the windows of a model that sees these slices."""
        window, overlap = (slices.size_px, slices.overlap_px) if slices else (WINDOW_PX, OVERLAP_PX)
        if self.window_px is not None:
            window, overlap = self.window_px, min(OVERLAP_PX, self.window_px // 2)
        return window, overlap if self.overlap_px is None else self.overlap_px
