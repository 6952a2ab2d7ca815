"""What a recipe and a model folder say of the channels that trees see. No torch here."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

TREE_SUFFIXES = (".ubj", ".txt")
"""Endings of files of trees: xgboost's, lightgbm's."""


def _odd(side_px: int) -> int:
    """Refuse sides without a middle."""
    if side_px % 2 == 0:
        raise ValueError(f"expected an odd side, so that a pixel is in its middle; got {side_px}")
    return side_px


NeighbourhoodPx = Annotated[int, Field(ge=3, le=255), AfterValidator(_odd)]
"""Side of a square around a pixel, px."""


class TreeSpec(BaseModel):
    """What a model folder says of its trees besides their files."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: str
    """Which trees: `xgboost`, `lightgbm` or `forest`."""
    neighbourhood: tuple[NeighbourhoodPx, ...] = ()
    """Sides of squares around a pixel, px: mean and deviation of every channel in them are channels too."""

    @property
    def reach_px(self) -> int:
        """How far from a pixel the trees look."""
        return max(self.neighbourhood, default=1) // 2
