"""What a made-up land-cover data set holds: how many orthophotos, how large, split how."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = float


class LandcoverSynthConfig(BaseModel):
    """What a made-up land-cover data set holds; equal settings make equal files."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    train: int = Field(default=8, ge=1, le=1000)
    """Number of orthophotos that training may see, those of the validation list among them."""
    val: int = Field(default=2, ge=0, le=1000)
    """How many of them have their tiles in the validation list."""
    test: int = Field(default=3, ge=0, le=1000)
    """Number of test orthophotos."""
    seed: int = Field(default=42, ge=0)
    """Root of all random numbers."""
    size_px: int = Field(default=1536, ge=128, le=16384)
    """Side of an orthophoto of 0.25 m; each is up to 6 % larger, those of 0.5 m show as much ground in half as many."""
    split: Literal["orthophotos", "tiles"] = "orthophotos"
    """Whether the lists hold whole orthophotos, or tiles of every orthophoto in each as the published ones do."""
    coarse: Share = Field(default=0.2, ge=0, le=1)
    """Share of the orthophotos with 0.5 m per pixel; the rest has 0.25 m."""
    image_noise: float = Field(default=0.008, ge=0, le=0.5)
    """Standard deviation of the camera's noise in the shadows, as a share of white."""

    @model_validator(mode="after")
    def _some_for_training(self) -> LandcoverSynthConfig:
        if self.val >= self.train:
            raise ValueError(
                f"expected fewer validation orthophotos than training has; got val {self.val} of train {self.train}"
            )
        return self
