"""What may be chosen on out-of-fold predictions (recipe key `select`)."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class SelectConfig(BaseModel):
    """Which figure decides, and which choices it decides."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    metric: str = "dice_foreground"
    """Score that decides, pooled over all pixels: `dice_foreground`, `dice_<class>`, `iou_macro`, `accuracy`, …"""
    threshold: Literal["tune", "argmax"] | float = "tune"
    """Two classes: `tune` reads it from the curve, a number fixes it, `argmax` takes the greater probability."""
    threshold_step: float = Field(default=0.01, gt=0, le=0.25)
    """Distance of the thresholds tried by `tune`."""
    tta: str | list[str] = "auto"
    """`auto` judges every set for which predictions were written; a name fixes one; a list judges these."""
    weights: Literal["equal", "fold_score", "fitted"] = "equal"
    """Weights of the members: all the same; by each member's own score between 0.2 and 1; or, with several seeds a
    fold, the shares of the seeds that score best."""
    weight_step: float = Field(default=0.1, gt=0, le=0.5)
    """Distance of the shares tried by `fitted`."""
    vote: Literal["soft", "hard"] = "soft"
    """`soft` averages probabilities; `hard` lets each member decide at the threshold and takes the majority."""
    resamples: int = Field(default=1000, ge=10)
    """Bootstrap resamples of the groups behind each interval."""
    level: float = Field(default=0.95, gt=0, lt=1)
    """Coverage of the intervals."""
    workers: int | None = None
    """Threads that read predictions; None takes one per processor."""

    @model_validator(mode="after")
    def _threshold_is_a_probability(self) -> Self:
        if isinstance(self.threshold, float) and not 0 <= self.threshold <= 1:
            raise ValueError(f"expected a threshold between 0 and 1; got {self.threshold}")
        return self

    @property
    def thresholds(self) -> tuple[float, ...]:
        """The thresholds to try, in rising order; empty for `argmax`."""
        if self.threshold == "argmax":
            return ()
        if self.threshold == "tune":
            count = round(1 / self.threshold_step)
            return tuple(round(number / count, 6) for number in range(1, count))
        return (float(self.threshold),)
