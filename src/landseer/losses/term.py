"""What every loss term says: its weight in the sum. No torch here."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class LossTerm(BaseModel):
    """One term of a weighted sum of losses."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Factor of this term in the sum."""
    half: Literal["softmax", "sigmoid"] | None = None
    """Of a twin mask (`model.activation: twin`): the logits that this term judges; null lets losses of single pixels
    judge the softmax, and all others the sigmoid."""
