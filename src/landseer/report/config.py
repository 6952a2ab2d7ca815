"""What a recipe says about the report."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ReportConfig(BaseModel):
    """What the report shows (recipe key `report`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    examples: int = Field(6, ge=0, le=50)
    """Best and worst samples shown, each."""
    contact_sheet: int = Field(24, ge=0, le=200)
    """Samples on the contact sheet of the data."""
    groups: int = Field(6, ge=0, le=50)
    """Groups of the same place shown."""
    pixels: int = Field(200_000, ge=1_000, le=5_000_000)
    """Pixels drawn, at most about, for the plots of the data page; they take 4 bytes per channel each."""
    pixel_images: int = Field(300, ge=1, le=100_000)
    """Images, or rectangles of large ones, that these pixels are drawn from."""
    pictures: int = Field(6, ge=0, le=24)
    """Samples in each row of pictures of the data page: of a fold, a class, a flaw."""
    group_sheets: int = Field(24, ge=0, le=1_000)
    """Groups of the same place that get a sheet of their own, the largest."""
    pair_sheets: int = Field(24, ge=0, le=200)
    """Pairs of the same place that are drawn, the weakest, and as many that hold groups together."""
