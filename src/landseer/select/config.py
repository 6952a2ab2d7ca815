"""What may be chosen on out-of-fold predictions (recipe key `select`)."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class SelectConfig(BaseModel):
    """Which figure decides, and which choices it decides."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    metric: str = "dice_foreground"
    """Score that decides, pooled over all pixels: `dice_foreground`, `dice_<class>`, `iou_macro`, `accuracy`, …"""
    threshold: Literal["cautious", "tune", "argmax", "per_class"] | float = "cautious"
    """Two classes: `argmax` takes the greater probability, `tune` reads a threshold from the curve, and a number fixes
    it. `cautious` chooses views and shares once with thresholds and once without, and takes the first only where it is
    clearly better, its thresholds chosen on other folds, in a paired bootstrap. More classes: all these take the
    greatest, `per_class` searches a factor for each class, or a threshold for each where classes do not exclude each
    other."""
    threshold_step: float = Field(default=0.01, gt=0, le=0.25)
    """Distance of the thresholds tried by `tune` and `cautious`."""
    tta: str | list[str] = "auto"
    """`auto` judges every set for which predictions were written; a name fixes one; a list judges these."""
    scales: tuple[float, ...] = ()
    """Zooms at which images are also predicted, such as `[1, 1.5]`: each set of `tta` is judged with and without
    them."""
    checkpoints: Literal["all", "choose"] = "all"
    """`all` averages the `train.keep_best` epochs of a member; `choose` judges how many of them are averaged."""
    weights: Literal["equal", "fold_score", "rank", "fitted", "greedy"] = "equal"
    """Weights of the members: all the same; by each member's own score, or its rank, between 0.2 and 1; with several
    seeds a fold, the shares of the seeds that score best (`fitted`); or seeds, epochs, views and scales added one by
    one, with repetition, as long as the score rises (`greedy`)."""
    weight_step: float = Field(default=0.1, gt=0, le=0.5)
    """Distance of the shares tried by `fitted` for up to three seeds; of more they are searched without steps."""
    greedy_steps: int = Field(default=20, ge=1, le=200)
    """How many times `greedy` adds something, at most."""
    greedy_bags: int = Field(default=0, ge=0, le=100)
    """Of how many draws of half of the candidates `greedy` averages what it takes; 0: once, of all."""
    search_pixels: int = Field(default=200_000, ge=1000)
    """About how many pixels `greedy`, `per_class` and `fitted` of more than three seeds search on; what they choose is
    counted on all."""
    prefer: Literal["best", "cheapest_within_noise"] = "best"
    """Which set of views, or how many greedy steps: those with the best score, or the cheapest that are not clearly
    worse than the best in a paired bootstrap."""
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

    @model_validator(mode="after")
    def _preference_fits(self) -> Self:
        if self.prefer != "best" and self.weights == "fitted":
            raise ValueError("prefer: expected best where weights are fitted; got " + self.prefer)
        return self

    @model_validator(mode="after")
    def _scales_are_zooms(self) -> Self:
        if not all(0.25 <= scale <= 4 for scale in self.scales):
            raise ValueError(f"expected scales from 0.25 to 4; got {list(self.scales)}")
        return self

    def is_searched(self, n_classes: int, n_seeds: int) -> bool:
        """Whether members, shares or factors are searched on sampled pixels instead of tried one by one."""
        per_class = self.threshold == "per_class" and n_classes > 2
        return self.weights == "greedy" or per_class or (self.weights == "fitted" and n_seeds > 3)

    @property
    def is_simple(self) -> bool:
        """Whether something simpler is taken where the best is not clearly better."""
        return self.prefer != "best" or self.threshold == "cautious"

    @property
    def thresholds(self) -> tuple[float, ...]:
        """The thresholds to try, in rising order; empty for `argmax`."""
        if self.threshold == "argmax":
            return ()
        if self.threshold in ("tune", "cautious", "per_class"):
            count = round(1 / self.threshold_step)
            return tuple(round(number / count, 6) for number in range(1, count))
        return (float(self.threshold),)
