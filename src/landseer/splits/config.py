"""How samples are shared out among folds: the recipe's key `split`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Folds(BaseModel):
    """What the splitters that make folds have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    n_folds: int = Field(default=10, ge=2)
    """Number of folds."""

    holdout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the samples that are put aside before the folds are made, and that no fold ever sees."""


class GroupKFoldConfig(_Folds):
    """Folds of equal size; a group stays whole."""

    kind: Literal["group_kfold"] = "group_kfold"


class StratifiedGroupKFoldConfig(_Folds):
    """Folds of equal size and equal make-up; a group stays whole."""

    kind: Literal["stratified_group_kfold"] = "stratified_group_kfold"

    strata: tuple[str, ...] = Field(min_length=1)
    """Columns of flags or categories whose combinations every fold should hold in equal shares."""


class RandomConfig(_Folds):
    """Folds that ignore groups: samples of one place land on both sides, and scores come out too high."""

    kind: Literal["random"] = "random"

    strata: tuple[str, ...] = ()
    """Columns of flags or categories whose combinations every fold should hold in equal shares."""


class FixedConfig(BaseModel):
    """Folds that someone else has made: a column of the table, or one file of sample names per fold."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: Literal["fixed"] = "fixed"

    column: str | None = None
    """Column whose distinct values, in order, are the folds; empty cells are not listed."""

    files: tuple[Path, ...] = ()
    """One text file per fold, one sample name per line."""

    holdout_file: Path | None = None
    """Text file of the samples that are put aside."""

    unlisted: Literal["error", "train_only"] = "error"
    """What becomes of training samples that are not listed: an error, or fold -1, trained on and never held out."""

    @model_validator(mode="after")
    def _one_source(self) -> FixedConfig:
        if (self.column is None) == (not self.files):
            raise ValueError("expected either column or files; got both or neither")
        return self


SplitConfig = Annotated[
    GroupKFoldConfig | StratifiedGroupKFoldConfig | RandomConfig | FixedConfig,
    Field(discriminator="kind"),
]

GROUPED = (GroupKFoldConfig, StratifiedGroupKFoldConfig)
"""Splitters that promise to keep groups whole."""
