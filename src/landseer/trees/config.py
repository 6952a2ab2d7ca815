"""What trees are grown, and on which pixels (recipe key `trees`)."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from landseer.models.tree_config import NeighbourhoodPx

ModelName = Literal["xgboost", "lightgbm", "forest"]
"""The kinds of trees."""

Deliver = Literal["refit", "folds"]
"""What a model folder of trees holds."""


class _Frozen(BaseModel):
    """A part of a recipe: unknown keys are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class PixelsConfig(_Frozen):
    """Which pixels of a sample come into the table; what stands for others counts for them."""

    positives: float = Field(1.0, gt=0, le=1)
    """Share of the pixels of every class but the first that are taken; 1 takes all."""
    buffer_px: int = Field(10, ge=0)
    """Pixels of the first class within this distance of another class are taken too: there the edge is learnt."""
    rest_share: float | None = Field(None, gt=0, le=1)
    """Share of the other pixels of the first class; null takes `rest_per_sample` of them."""
    rest_per_sample: int = Field(500, ge=1)
    """Other pixels of the first class that are drawn in each sample."""
    most: int = Field(4000, ge=1)
    """Most pixels of one class (buffer and rest apart) from one sample; where there are more, so many are drawn."""


class XGBoostConfig(_Frozen):
    """Boosted trees of xgboost."""

    rounds: int = Field(100, ge=1)
    """Most trees (by class where there are more than two)."""
    lr: float = Field(0.15, gt=0, le=1)
    """What each tree adds of what it found."""
    depth: int = Field(6, ge=1, le=16)
    """Questions from the root to a leaf."""
    least_weight: float = Field(20.0, ge=0)
    """Least sum of second derivatives in a leaf; of two classes a quarter of its pixels at most."""
    row_share: float = Field(0.8, gt=0, le=1)
    """Share of the pixels that each tree sees."""
    channel_share: float = Field(0.8, gt=0, le=1)
    """Share of the channels that each tree sees, rounded up."""
    l2: float = Field(1.0, ge=0)
    """Penalty on the squares of what leaves say."""


class LightGBMConfig(_Frozen):
    """Boosted trees of lightgbm, grown leaf by leaf."""

    rounds: int = Field(200, ge=1)
    """Most trees (by class where there are more than two)."""
    lr: float = Field(0.1, gt=0, le=1)
    """What each tree adds of what it found."""
    leaves: int = Field(31, ge=2)
    """Most leaves of a tree."""
    least_pixels: int = Field(50, ge=1)
    """Least pixels of a leaf."""
    row_share: float = Field(0.8, gt=0, le=1)
    """Share of the pixels that each tree sees."""
    channel_share: float = Field(0.8, gt=0, le=1)
    """Share of the channels that each tree sees, rounded up."""
    l2: float = Field(1.0, ge=0)
    """Penalty on the squares of what leaves say."""


class ForestConfig(_Frozen):
    """A random forest: trees that know nothing of each other, averaged."""

    trees: int = Field(60, ge=1)
    """Trees."""
    depth: int = Field(12, ge=1, le=16)
    """Questions from the root to a leaf."""
    least_weight: float = Field(10.0, ge=0)
    """Least weight of a leaf, in pixels of average weight."""
    row_share: float = Field(0.632, gt=0, le=1)
    """Share of the pixels that each tree sees; 0.632 is what a bootstrap sees."""
    channel_share: float | None = Field(None, gt=0, le=1)
    """Share of the channels asked at each question; null takes the square root of their number."""


class TreesConfig(_Frozen):
    """Trees on the pixels of the run's own samples, judged on the run's own folds."""

    models: tuple[ModelName, ...] = Field(("xgboost", "lightgbm", "forest"), min_length=1)
    """Which kinds are trained."""
    xgboost: XGBoostConfig = XGBoostConfig()
    """How xgboost's trees grow."""
    lightgbm: LightGBMConfig = LightGBMConfig()
    """Boosted trees of lightgbm."""
    forest: ForestConfig = ForestConfig()
    """The random forest."""
    pixels: PixelsConfig = PixelsConfig()
    """Which pixels come into the table."""
    neighbourhood: tuple[NeighbourhoodPx, ...] = ()
    """Sides of squares around a pixel, px, odd: mean and deviation of every channel in them are channels too."""
    early_stop: int | None = Field(20, ge=1)
    """Rounds without a better score on the inner part after which boosting ends; null grows all rounds."""
    inner_share: float = Field(0.2, gt=0, lt=1)
    """About which share of the training pixels makes the inner part, whole groups that tell how many rounds are enough;
    of fewer than 5 groups several parts are asked in turn, and the median counts."""
    refit: bool = True
    """Grow that many rounds anew on all training pixels of the fold, the inner part too."""
    deliver: Deliver = "refit"
    """What the model folder holds: `refit` is one booster grown on the training samples of all folds, with the median
    of the folds' rounds; `folds` averages the folds' boosters, which takes as many times as long."""
    permuted_pixels: int = Field(20000, ge=0)
    """Held-out pixels of each fold on which channels are shuffled to see what they are worth; 0 leaves it out."""
    threads: int = Field(0, ge=0)
    """Threads of the training; 0 takes one per processor."""

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if len(set(self.models)) < len(self.models):
            raise ValueError(f"expected each model once; got {', '.join(self.models)}")
        return self
