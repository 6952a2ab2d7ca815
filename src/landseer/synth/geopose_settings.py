"""What a made-up geopose data set holds: how many tiles of which cities, seen how, with which flaws."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = float

City = Literal["ARG", "ATL", "JAX", "OMA"]


class GeoposeFlawShares(BaseModel):
    """Share of the training tiles whose heights have each flaw; counts are exact (rounded), tiles are drawn."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    speckle: Share = Field(default=0.25, ge=0, le=1)
    """Single wrong heights: birds, wires, lost returns."""
    holes: Share = Field(default=0.30, ge=0, le=1)
    """Gaps without any height (65535): over water, in patches, between flight strips."""
    older: Share = Field(default=0.15, ge=0, le=1)
    """The LiDAR was flown before some buildings were built; the image shows them, the heights do not."""
    shifted: Share = Field(default=0.10, ge=0, le=1)
    """Heights lie one or two pixels off the image."""


class GeoposeSynthConfig(BaseModel):
    """What a made-up geopose data set holds; equal settings make equal files."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    train: int = Field(default=240, ge=0)
    """Number of training tiles."""
    test: int = Field(default=60, ge=0)
    """Number of test tiles."""
    seed: int = Field(default=42, ge=0)
    """Root of all random numbers."""
    size_px: int = Field(default=512, ge=32, le=4096)
    """Side of a tile."""
    cities: tuple[City, ...] = Field(default=("ARG", "ATL", "JAX", "OMA"), min_length=1)
    """Cities, which get equal numbers of tiles."""
    acquisitions: int = Field(default=4, ge=1, le=64)
    """Satellite pictures per city; each has one sun, season, angle and scale."""
    tiles_per_place: int = Field(default=4, ge=1, le=9)
    """Training tiles that are neighbours on the ground; they may come from different pictures."""
    neighbour_overlap: float = Field(default=0.15, ge=0, lt=1)
    """Share of its side that a tile has in common with its neighbour in the same place."""
    test_overlap: Share = Field(default=0.0, ge=0, le=1)
    """Share of the test tiles that show ground which training tiles show too."""
    flaws: GeoposeFlawShares = GeoposeFlawShares()
    """Flaws of the training heights."""
    new_buildings: Share = Field(default=0.3, ge=0, le=1)
    """Share of the buildings that are missing in heights that are older than the image."""
    height_noise_m: float = Field(default=0.06, ge=0, le=5)
    """Standard deviation of the noise of all training heights."""
    image_noise: float = Field(default=0.012, ge=0, le=0.5)
    """Standard deviation of the sensor's noise in the shadows, as a share of white."""
    image_format: Literal["j2k", "png"] = "j2k"
    """Format of the images; j2k is JPEG 2000 without loss."""

    @model_validator(mode="after")
    def _distinct(self) -> GeoposeSynthConfig:
        if len(set(self.cities)) != len(self.cities):
            raise ValueError(f"expected distinct cities; got {', '.join(self.cities)}")
        if self.test_overlap and self.test and not self.train:
            raise ValueError("expected training tiles that test tiles can overlap; got train = 0")
        return self
