"""What a made-up buildings data set holds: how many scenes of which quality, how many chips, which label errors."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = float


class LabelFlawShares(BaseModel):
    """Share of a tier-2 scene's buildings whose labels have each flaw; counts are exact (rounded)."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    missing: Share = Field(default=0.2, ge=0, le=1)
    """Not drawn, whole groups of neighbours."""
    shifted: Share = Field(default=0.3, ge=0, le=1)
    """Drawn 1 to 3 m off, neighbours alike."""
    merged: Share = Field(default=0.1, ge=0, le=1)
    """Drawn as one with a neighbour."""
    gone: Share = Field(default=0.05, ge=0, le=1)
    """Drawn though nothing stands there any more; as a share of those that stand."""

    @model_validator(mode="after")
    def _not_too_many(self) -> LabelFlawShares:
        if self.missing + self.shifted > 1:
            raise ValueError(
                f"expected missing and shifted buildings to be different ones; got {self.missing} + {self.shifted}"
            )
        return self


class BuildingsSynthConfig(BaseModel):
    """What a made-up buildings data set holds; equal settings make equal files."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    train: int = Field(default=8, ge=0, le=1000)
    """Number of training scenes with careful labels (tier 1)."""
    tier_2: int = Field(default=5, ge=0, le=1000)
    """Number of training scenes with incomplete labels (tier 2)."""
    test: int = Field(default=24, ge=0, le=20000)
    """Number of test chips."""
    seed: int = Field(default=42, ge=0)
    """Root of all random numbers."""
    size_px: int = Field(default=1280, ge=128, le=16384)
    """Side of a training scene; each is up to a fifth smaller."""
    chip_px: int = Field(default=512, ge=64, le=2048)
    """Side of a test chip; the contest's have 1024."""
    gsd_m: tuple[float, float] = (0.08, 0.2)
    """Finest and coarsest ground resolution; scenes differ."""
    flaws: LabelFlawShares = LabelFlawShares()
    """Flaws of the tier-2 labels."""
    image_noise: float = Field(default=0.008, ge=0, le=0.5)
    """Standard deviation of the camera's noise in the shadows, as a share of white."""

    @model_validator(mode="after")
    def _possible(self) -> BuildingsSynthConfig:
        low, high = self.gsd_m
        if not 0.02 <= low <= high <= 1.0:
            raise ValueError(f"expected gsd_m from 0.02 to 1 m, the finest first; got {self.gsd_m}")
        return self
