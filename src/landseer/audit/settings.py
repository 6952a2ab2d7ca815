"""How the same place is looked for: the recipe's key `same_place`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SamePlaceConfig(BaseModel):
    """What is compared, and how much agreement makes two samples the same place.

    The defaults find shifts of up to half an image each way. What remains to be chosen is `layers`: something that
    stays the same from date to date.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    method: Literal["auto", "footprint", "image", "none"] = "auto"
    """`auto`: by footprint where a sample has one, by image among the others; `none`: only sites and duplicates."""

    layers: tuple[str, ...] = ()
    """Formulas over band names, each compared by itself; empty: the elevation band, else near infrared."""

    valid: str | None = None
    """Formula that is true where a pixel can be trusted, such as `qa == 0`; None trusts all but nodata."""

    working_px: int = Field(default=128, ge=32, le=512)
    """Images are averaged down until their longer side is at most this, in pixels."""

    min_overlap: float = Field(default=0.1, gt=0, le=1)
    """Least shared area of two images, as a share of one."""

    min_agreement: float = Field(default=0.4, gt=0, le=1)
    """Least correlation of the shared area; only the strong rule against coincidence is `false_pairs`."""

    false_pairs: float = Field(default=0.01, gt=0, lt=1000)
    """Expected number of unrelated pairs that are taken for the same place by chance, over the whole data set."""

    min_footprint_overlap: float = Field(default=0.001, ge=0, le=1)
    """Least shared ground of two footprints, as a share of the smaller one."""

    landmarks: int = Field(default=60, ge=4)
    """Landmarks per image by which pairs are proposed."""

    likeness: float = Field(default=0.8, gt=0, lt=1)
    """Least likeness (cosine) of two landmarks."""

    neighbours: int = Field(default=20, ge=1)
    """Look-alikes kept per landmark."""

    votes: int = Field(default=3, ge=2)
    """Least number of landmarks that agree on a shift."""

    candidates_per_sample: int = Field(default=40, ge=1)
    """Proposed pairs per sample that are registered, most votes first."""

    exhaustive_up_to: int = Field(default=400, ge=0)
    """Up to this many images every pair is also correlated at every shift: slower, and better with noise and clouds."""
