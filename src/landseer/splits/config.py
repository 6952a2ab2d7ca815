"""How samples are shared out among folds: the recipe's key `split`."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from landseer.splits.config_parts import (
    FoldCount,
    Grouped,
    Metres,
    OuterConfig,
    Parted,
    Strata,
    outer_faults,
)


class GroupKFoldConfig(Grouped):
    """Folds of equal size; a group stays whole."""

    kind: Literal["group_kfold"] = "group_kfold"

    n_folds: FoldCount = 10
    """Number of folds."""


class StratifiedGroupKFoldConfig(Grouped):
    """Folds of equal size and equal make-up; a group stays whole."""

    kind: Literal["stratified_group_kfold"] = "stratified_group_kfold"

    n_folds: FoldCount = 10
    """Number of folds."""

    strata: Strata = Field(min_length=1)
    """Columns of flags or categories whose combinations every fold should hold in equal shares."""


class SpatialBlocksConfig(Grouped):
    """Folds of whole blocks of ground; a group stays whole, in the block in which its middle lies."""

    kind: Literal["spatial_blocks"] = "spatial_blocks"

    n_folds: FoldCount = 10
    """Number of folds."""

    block_m: Metres | None = Field(default=None, ge=1)
    """Side of a block, m."""

    n_blocks: int | None = Field(default=None, ge=2)
    """Instead of `block_m`: how many blocks with samples are wanted; the largest side that gives so many is taken."""

    strata: Strata = ()
    """Columns of flags or categories whose combinations every fold should hold in equal shares."""

    @model_validator(mode="after")
    def _one_size(self) -> SpatialBlocksConfig:
        if (self.block_m is None) == (self.n_blocks is None):
            raise ValueError("expected either block_m or n_blocks; got both or neither")
        if self.n_blocks is not None and self.n_blocks < self.n_folds:
            raise ValueError(
                f"n_blocks: expected at least one block per fold ({self.n_folds}); got {self.n_blocks}"
            )
        return self


class LeaveOneSiteOutConfig(Grouped):
    """Each site (city, plot, campaign) is held out whole; a group stays whole."""

    kind: Literal["leave_one_site_out"] = "leave_one_site_out"

    column: str = "site"
    """Column that names the sites."""

    n_folds: FoldCount | None = None
    """Number of folds into which whole sites are dealt; null makes one fold of each, in the order of their names."""

    strata: Strata = ()
    """Columns whose combinations every fold should hold in equal shares, where sites are dealt into `n_folds`."""

    shared_places: Literal["error", "merge"] = "error"
    """What becomes of sites of which samples show the same place: an error, or they count as one site."""


class LocationStratifiedConfig(Parted):
    """Every fold holds samples of every location: it leaks on purpose, and tells how well known places are mapped."""

    kind: Literal["location_stratified"] = "location_stratified"

    column: str = "site"
    """Column that names the locations."""

    n_folds: FoldCount = 10
    """Number of folds."""

    strata: Strata = ()
    """Columns whose combinations every fold should hold in equal shares, within each location."""


class ByTimeConfig(Parted):
    """Forward chaining: each fold is trained on what is earlier; the earliest samples only train."""

    kind: Literal["by_time"] = "by_time"

    n_folds: FoldCount = 5
    """Number of periods that are held out in turn; the samples are cut into one period more, of about equal size."""

    gap_days: int = Field(default=0, ge=0, le=36525)
    """Full days that must lie between the last training date and the first date held out."""

    date_format: str | None = None
    """How dates are written, as in `%d/%m/%Y`; null reads ISO 8601 and other forms that cannot be mistaken."""

    same_place: Literal["apart", "allowed"] = "apart"
    """Whether earlier samples of a place that is held out may train that fold: `apart` scores new places at a later
    time, `allowed` known places at a later time."""

    holdout_from: date | None = None
    """Samples of this day and later are put aside; instead of `holdout`, which puts the latest share aside."""

    @model_validator(mode="after")
    def _one_end(self) -> ByTimeConfig:
        others = [name for name in ("holdout", "holdout_sites", "outer") if getattr(self, name)]
        if self.holdout_from is not None and others:
            raise ValueError(f"holdout_from: expected it alone; got {' and '.join(others)} too")
        return self

    @model_validator(mode="after")
    def _has_year(self) -> ByTimeConfig:
        if self.date_format is not None and not re.search("%[YyGcxD]", self.date_format):
            raise ValueError(
                f"date_format: expected a form with a year, such as %d/%m/%Y; got {self.date_format!r}"
            )
        return self


class RandomConfig(Parted):
    """Folds that ignore groups: samples of one place land on both sides, and scores come out too high."""

    kind: Literal["random"] = "random"

    n_folds: FoldCount = 10
    """Number of folds."""

    strata: Strata = ()
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

    outer: OuterConfig | None = None
    """Nested cross-validation: the fold that is put aside; the others are numbered anew from 0."""

    unlisted: Literal["error", "train_only"] = "error"
    """What becomes of training samples that are not listed: an error, or fold -1, trained on and never held out."""

    @model_validator(mode="after")
    def _one_source(self) -> FixedConfig:
        if (self.column is None) == (not self.files):
            raise ValueError("expected either column or files; got both or neither")
        return self

    @model_validator(mode="after")
    def _outer_is_given(self) -> FixedConfig:
        if self.outer is None:
            return self
        if self.holdout_file is not None:
            raise ValueError("expected one of holdout_file and outer; got both")
        count = len(self.files) or None
        faults = outer_faults(self.outer, count)
        if self.outer.n_folds not in (None, count):
            faults = ["outer: expected n_folds to be null, for the folds are given"]
        if faults:
            raise ValueError("; ".join(faults))
        return self


SplitConfig = Annotated[
    GroupKFoldConfig
    | StratifiedGroupKFoldConfig
    | SpatialBlocksConfig
    | LeaveOneSiteOutConfig
    | LocationStratifiedConfig
    | ByTimeConfig
    | RandomConfig
    | FixedConfig,
    Field(discriminator="kind"),
]

GROUPED = (
    GroupKFoldConfig,
    StratifiedGroupKFoldConfig,
    SpatialBlocksConfig,
    LeaveOneSiteOutConfig,
)
"""Splitters that promise to keep groups whole."""


def keeps_places_apart(config: SplitConfig | None) -> bool:
    """Tell whether a splitter promises that no place is held out and trains the same fold; None is taken to."""
    by_time = isinstance(config, ByTimeConfig) and config.same_place == "apart"
    return config is None or by_time or isinstance(config, GROUPED)
