"""What a search left behind, for those who show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from landseer.tune.ranges import RangeConfig
from landseer.tune.rescored import Rescored
from landseer.tune.trials import Result, best_of


@dataclass(frozen=True, slots=True)
class Tuned:
    """A search that has ended.

    Attributes:
        name: of the run.
        metric: the score that decided.
        search: ranges by key.
        folds: that scored trials.
        results: the trials, in order.
        importance: share of the scores' variance that each parameter explains, the greatest first.
        rescored: the honest figure; None where no fold was left for it.
        folder: that has its files.
    """

    name: str
    metric: str
    search: Mapping[str, RangeConfig]
    folds: tuple[int, ...]
    results: tuple[Result, ...]
    importance: Mapping[str, float]
    rescored: Rescored | None
    folder: Path

    @property
    def best(self) -> Result | None:
        """The trial of the highest score."""
        return best_of(self.results)

    def sentence(self) -> str:
        """Say in one sentence what was found, and how far to trust it."""
        if self.rescored is not None:
            return self.rescored.sentence()
        return (
            "The best score chose the best recipe, so it is too good; no fold was left on which to score it again "
            "(tune.rescore_folds)."
        )
