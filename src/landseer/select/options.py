"""Scores with intervals over groups: of one way to judge, of two in pairs, and of all options of a choice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from landseer.metrics.bootstrap import interval
from landseer.metrics.confusion import Matrix
from landseer.select.config import SelectConfig
from landseer.select.selection import Comparison, OptionScore, ScoreInterval

ChoiceName = Literal["views", "members", "decision", "vote"]


@dataclass(frozen=True, slots=True)
class Intervals:
    """Draws groups again, the same ones for everything that is compared.

    Attributes:
        curve: scores (..., C, C) matrices.
        groups: of the samples.
        config: recipe key `select`.
        seed: root seed.
    """

    curve: Callable[[Matrix], NDArray[np.float64]]
    groups: Sequence[str]
    config: SelectConfig
    seed: int

    def among(self, mine: NDArray[np.bool_]) -> Intervals:
        """Return the same for some of the samples."""
        return replace(
            self, groups=[group for group, own in zip(self.groups, mine, strict=True) if own]
        )

    def score(self, matrices: Matrix, *, honest: bool) -> ScoreInterval:
        """Score samples, (n, C, C), with an interval, and say what the score counts."""
        how = "choices were made on these very samples"
        if honest:
            how = "choices for each fold were made on the other folds"
        low, high = self._interval(matrices, lambda pooled: float(self.curve(pooled)))
        return ScoreInterval(
            value=float(self.curve(matrices.sum(0))),
            low=low,
            high=high,
            level=self.config.level,
            counts=f"{self.config.metric}, pooled over the pixels of {len(matrices)} out-of-fold samples; {how}",
        )

    def compare(
        self,
        choice: Literal["threshold", "tta", "weights"],
        names: tuple[str, str],
        pair: tuple[Matrix, Matrix],
    ) -> Comparison:
        """Compare two ways to judge the same samples."""
        value, against = (float(self.curve(matrices.sum(0))) for matrices in pair)
        low, high = self.difference(*pair)
        return Comparison(
            choice=choice,
            option=names[0],
            against=names[1],
            value=value,
            against_value=against,
            difference=value - against,
            low=low,
            high=high,
        )

    def difference(self, first: Matrix, second: Matrix) -> tuple[float, float]:
        """Return the paired interval of the first score less the second."""

        def gap(both: Matrix) -> float:
            one, other = self.curve(both)
            return float(one - other)

        return self._interval(np.stack([first, second], axis=1), gap)

    def _interval(
        self, matrices: Matrix, statistic: Callable[[Matrix], float]
    ) -> tuple[float, float]:
        """Return the interval of a statistic of pooled counts."""
        n, level = self.config.resamples, self.config.level
        return interval(matrices, self.groups, statistic, n=n, level=level, seed=self.seed)


def option_scores(
    intervals: Intervals,
    choice: ChoiceName,
    options: Mapping[str, Matrix],
    passes: Mapping[str, float],
    taken: Collection[str],
) -> Iterator[OptionScore]:
    """Score every option of a choice against the first.

    Args:
        intervals: how.
        choice: what is chosen.
        options: cross-fitted (n, C, C) counts by name, the simplest first.
        passes: what each costs.
        taken: the names of those that the model has.

    Edges: a choice with a single option is none, and gives nothing.
    """
    if len(options) < 2:
        return
    base = next(iter(options.values()))
    for name, matrices in options.items():
        own = intervals.score(matrices, honest=True)
        gap = 0.0, 0.0
        if matrices is not base:
            gap = intervals.difference(matrices, base)
        yield OptionScore(
            choice=choice,
            option=name,
            passes=passes[name],
            value=own.value,
            low=own.low,
            high=own.high,
            difference=own.value - float(intervals.curve(base.sum(0))),
            difference_low=gap[0],
            difference_high=gap[1],
            taken=name in taken,
        )
