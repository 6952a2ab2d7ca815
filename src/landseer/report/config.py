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
