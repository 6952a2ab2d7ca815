"""What every loss term says: its weight in the sum. No torch here."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class LossTerm(BaseModel):
    """One term of a weighted sum of losses."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Factor of this term in the sum."""
