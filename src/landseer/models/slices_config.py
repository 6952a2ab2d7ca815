"""What a recipe says about slices: small windows of a sample, in which the network sees it. No torch here."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Slices(BaseModel):
    """Slices of a sample (recipe key `model.slices`).

    Source: Akyon, Altinuc and Temizel, 2022, Slicing Aided Hyper Inference, arXiv:2202.06934.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    size_px: int = Field(ge=8)
    """Side of a slice, in pixels of the image."""
    overlap_px: int = Field(0, ge=0)
    """Least overlap of neighbouring slices; slices are evenly spread."""

    @model_validator(mode="after")
    def _hold_their_overlap(self) -> Self:
        if self.overlap_px * 2 > self.size_px:
            raise ValueError(
                f"expected overlap_px of at most half of size_px ({self.size_px}); got {self.overlap_px}"
            )
        return self
