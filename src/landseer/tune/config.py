"""What a recipe says about its own search (recipe key `tune`). No torch and no optuna here."""

from __future__ import annotations

import math
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from landseer.tune.ranges import RangeConfig

_CONFIG = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

POSTGRESQL = ("postgresql://", "postgresql+pg8000://")
"""How the address of a database begins."""

MOST_COMBINATIONS = 100_000
"""Largest grid: all its combinations are listed whenever one is drawn."""


class LrRangeConfig(BaseModel):
    """How the learning rate is tested: it rises until the loss runs away (Smith 2017, arXiv:1506.01186)."""

    model_config = _CONFIG

    low: float = Field(1e-6, gt=0)
    """First learning rate."""
    high: float = Field(1.0, gt=0)
    """Last learning rate."""
    steps: int = Field(120, ge=20)
    """Changes of the weights from the first rate to the last."""
    smoothing: float = Field(0.9, ge=0, lt=1)
    """Share of the running mean of the loss that stays at each step."""
    stop_at: float = Field(4.0, gt=1)
    """The test ends where the smoothed loss is so many times its least."""

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"high: expected more than low ({self.low}); got {self.high}")
        return self


class TuneConfig(BaseModel):
    """Which keys are searched, on which folds, how long and by whom."""

    model_config = _CONFIG

    search: dict[str, RangeConfig] = Field(default_factory=dict)
    """Keys of the recipe, such as `train.optimiser.lr`, and what is tried there."""
    metric: str | None = None
    """Score that decides; null takes `select.metric`."""
    trials: int = Field(30, ge=1)
    """Trials that end, well or badly; what was interrupted does not count."""
    workers: int = Field(1, ge=1)
    """Processes that train trials at the same time; each takes its share of the processors."""
    folds: tuple[int, ...] | None = None
    """Folds on which trials are scored; null takes all but those of `rescore_folds`."""
    rescore_folds: tuple[int, ...] | None = None
    """Folds that no trial sees, not even in training; on them the best recipe and the one at the start are trained and
    compared. Null takes all but those of `folds`, or the last one; an empty list leaves this out."""
    trial: dict[str, Any] = Field(default_factory=dict)
    """Keys that are different in all trials, e.g. `{train.epochs: 5}`; not in the best recipe. Trials train the first
    of `train.seeds` unless this says otherwise."""
    start: bool = True
    """Whether the first trial is the recipe as it is, where the ranges hold it."""
    sampler: Literal["tpe", "random", "grid"] = "tpe"
    """Who proposes: a tree of Parzen estimators (Bergstra et al. 2011), chance, or all combinations, of which there may
    be 100,000, in random order."""
    pruner: Literal["median", "successive_halving", "none"] = "median"
    """Which trials end early: those worse than the median of the others so far, all but the better half at doubling
    distances (Li et al. 2020, arXiv:1810.05934), or none."""
    prune_by: Literal["fold", "epoch"] = "fold"
    """When a trial may end: after each fold, or after each epoch too."""
    storage: str | None = None
    """`postgresql://USER@HOST/DATABASE` keeps the study in a database; null keeps it in `tune/study.log`."""
    study: str | None = None
    """Name of the study in the database; null takes the recipe's name."""
    keep: bool = False
    """Whether weights and out-of-fold predictions of the trials are kept."""
    lr_range: LrRangeConfig = LrRangeConfig()
    """How `landseer tune --lr-range` tests the learning rate."""

    @model_validator(mode="after")
    def _folds_are_apart(self) -> Self:
        both = sorted(set(self.folds or ()) & set(self.rescore_folds or ()))
        if both:
            raise ValueError(
                f"rescore_folds: expected folds that `folds` leaves out; got {both} in both"
            )
        return self

    @model_validator(mode="after")
    def _storage_is_known(self) -> Self:
        if self.storage is not None and not self.storage.startswith(POSTGRESQL):
            raise ValueError(
                f"storage: expected null or postgresql://USER@HOST/DATABASE; got {self.storage!r}"
            )
        return self

    @model_validator(mode="after")
    def _steps_are_alike(self) -> Self:
        if self.prune_by == "epoch" and "train.epochs" in self.search:
            raise ValueError(
                "prune_by: expected fold where train.epochs is searched, for epochs are not alike then; got epoch"
            )
        return self

    @model_validator(mode="after")
    def _grid_is_finite(self) -> Self:
        if self.sampler != "grid":
            return self
        counts = {key: one.count() for key, one in self.search.items()}
        endless = [key for key, count in counts.items() if count is None]
        if endless:
            raise ValueError(
                f"sampler: expected steps or choices at every key for a grid; got none at {', '.join(endless)}"
            )
        size = math.prod(count or 1 for count in counts.values())
        if size > MOST_COMBINATIONS:
            largest = max(counts, key=lambda key: counts[key] or 1)
            came = f"{size:,}" if size < 10**15 else "more than 10^15"
            raise ValueError(
                f"sampler: expected at most {MOST_COMBINATIONS:,} combinations for a grid; got {came}, of which "
                f"{largest} has most values; write wider steps there, or take another sampler"
            )
        return self

    def folds_of(self, there: list[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the folds that score trials, and those that the study never sees.

        Args:
            there: numbers of all folds.

        Edges: with fewer than three folds and nothing named, all score trials and none is left for an honest figure.
        """
        rescore = self.rescore_folds
        if rescore is None and self.folds is not None:
            rescore = tuple(fold for fold in there if fold not in self.folds)
        elif rescore is None:
            rescore = tuple(there[-1:]) if len(there) > 2 else ()
        folds = self.folds or tuple(fold for fold in there if fold not in rescore)
        return folds, rescore
