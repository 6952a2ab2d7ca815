"""What a made-up kelp data set holds: how many places and tiles, and how often each flaw occurs."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = float

WORLD_STEP_PX = 4
"""A world's side is a multiple of this: drainage is carved on a grid that much coarser."""

WORLD_MARGIN_PX = 6
"""Pixels around the area that views may show, for blur and misregistration."""


class FlawShares(BaseModel):
    """Share of the tiles that have each flaw; counts are exact (rounded), tiles are drawn."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    slc_gaps: Share = Field(default=0.03, ge=0, le=1)
    """Wedges without data of a broken scan-line corrector (forces Landsat 7 after May 2003)."""
    stripes: Share = Field(default=0.08, ge=0, le=1)
    """Detector striping: each of 16 detectors has its own gain."""
    dropped_lines: Share = Field(default=0.02, ge=0, le=1)
    """A few scan lines replaced by nonsense in some bands."""
    saturation: Share = Field(default=0.04, ge=0, le=1)
    """The visible and infrared bands stop at a low maximum."""
    holes: Share = Field(default=0.04, ge=0, le=1)
    """Patches or a scene edge of -32768 in the spectral bands."""
    dem_holes: Share = Field(default=0.05, ge=0, le=1)
    """Patches of -32768 in the DEM over land."""
    heavy_cloud: Share = Field(default=0.035, ge=0, le=1)
    """More than 40 % of the tile flagged."""


class LabelShares(BaseModel):
    """Share of the training labels drawn in each hand; the rest is drawn with care."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    blobby: Share = Field(default=0.35, ge=0, le=1)
    """Round outlines that are too wide."""
    shifted: Share = Field(default=0.20, ge=0, le=1)
    """The whole drawing is one or two pixels off."""
    missed: Share = Field(default=0.15, ge=0, le=1)
    """Small and thin beds are left out."""
    empty: Share = Field(default=0.02, ge=0, le=1)
    """Nothing is drawn at all."""
    mislabelled: Share = Field(default=0.002, ge=0, le=1)
    """About 90 % kelp over cloudy open water."""

    @model_validator(mode="after")
    def _at_most_one(self) -> LabelShares:
        total = self.blobby + self.shifted + self.missed + self.empty + self.mislabelled
        if total > 1.0:
            raise ValueError(f"expected label shares that add up to at most 1; got {total:.3f}")
        return self


class PlaceShares(BaseModel):
    """Share of the places of each kind; the rest are ordinary coasts."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    islands: Share = Field(default=0.18, ge=0, le=1)
    """Mostly water, with small islands."""
    sea: Share = Field(default=0.09, ge=0, le=1)
    """All water."""
    inland: Share = Field(default=0.04, ge=0, le=1)
    """All land."""
    barren: Share = Field(default=0.22, ge=0, le=1)
    """Coasts without any kelp."""

    @model_validator(mode="after")
    def _at_most_one(self) -> PlaceShares:
        total = self.islands + self.sea + self.inland + self.barren
        if total > 1.0:
            raise ValueError(f"expected place shares that add up to at most 1; got {total:.3f}")
        return self


class KelpSynthConfig(BaseModel):
    """What a made-up kelp data set holds; equal settings make equal files."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    places: int = Field(default=60, ge=1)
    """Number of places (stretches of coast), training and test together."""
    train: int = Field(default=160, ge=0)
    """Number of training tiles."""
    test: int = Field(default=40, ge=0)
    """Number of test tiles."""
    seed: int = Field(default=42, ge=0)
    """Root of all random numbers."""
    size_px: int = Field(default=350, ge=32, le=2048)
    """Side of a tile, in pixels of 30 m."""
    max_shift: float = Field(default=0.5, ge=0, le=1)
    """Farthest that views of one place lie apart, as a share of the tile's side, per axis."""
    same_spot: Share = Field(default=0.3, ge=0, le=1)
    """Chance that a view shows exactly the place's first window again."""
    test_new_places: Share = Field(default=1.0, ge=0, le=1)
    """Share of the test tiles that show places of which no training tile exists."""
    dtype: Literal["int16", "int32"] = "int16"
    """Type of the image files."""
    kelp_pixels_median: float = Field(default=380.0, gt=0)
    """Median number of kelp pixels per 350 x 350 pixels of a place that has kelp."""
    kelp_pixels_sigma: float = Field(default=1.85, ge=0, le=3)
    """Standard deviation of the natural logarithm of that number."""
    flaws: FlawShares = FlawShares()
    """Flaws of the images."""
    labels: LabelShares = LabelShares()
    """Flaws of the training labels."""
    kinds: PlaceShares = PlaceShares()
    """Kinds of places."""

    @model_validator(mode="after")
    def _enough_places(self) -> KelpSynthConfig:
        if self.train and self.test and self.test_new_places and self.places < 2:
            raise ValueError("expected at least 2 places so that test places can be new; got 1")
        return self

    @property
    def shift_px(self) -> int:
        """Largest row or column offset of a window inside its world."""
        return round(self.size_px * self.max_shift)

    @property
    def world_px(self) -> int:
        """Side of a world, in pixels."""
        needed = self.size_px + self.shift_px + 2 * WORLD_MARGIN_PX
        return math.ceil(needed / WORLD_STEP_PX) * WORLD_STEP_PX
