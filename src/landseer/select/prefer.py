"""The cheapest set of predictions that is not clearly worse than the best one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.metrics.confusion import Matrix
from landseer.select.counts import Option
from landseer.select.crossfit import Candidate, Choice, Judge
from landseer.select.options import Intervals


@dataclass(frozen=True, slots=True)
class Thrift:
    """Chooses among candidates by what their difference to the best could be.

    Attributes:
        judge: the figure that decides.
        intervals: draws groups again.
        counts: (n, options, C, C) of each candidate, the cheapest first.
        options: ways to decide that may be chosen.
    """

    judge: Judge
    intervals: Intervals
    counts: dict[Candidate, Matrix]
    options: Sequence[Option]

    def choose(self, mine: NDArray[np.bool_]) -> Choice:
        """Choose on some samples: the first candidate whose paired interval to the best one holds zero.

        Each candidate stands at its own best option. The interval has the level of `select.level` and is drawn over the
        groups of these samples alone, so that what is chosen for a fold does not depend on the fold.

        Edges: with fewer than two groups nothing is clear, and the cheapest candidate is taken.
        """
        sums = {one: counts[mine].sum(0) for one, counts in self.counts.items()}
        best = self.judge.best(sums, self.options)
        for one, pooled in sums.items():
            if one == best.candidate:
                break
            if np.isnan(self.judge.curve(pooled)).all():
                continue
            own = self.judge.best({one: pooled}, self.options)
            low, _ = self._gap(best, own, mine)
            if not low > 0:
                return own
        return best

    def per_part(self) -> tuple[Choice, ...]:
        """Choose for each part on all the others; with one part, on itself."""
        judge = self.judge
        if judge.n_parts < 2:
            return (self.choose(np.ones(len(judge.parts), bool)),)
        return tuple(self.choose(judge.parts != part) for part in range(judge.n_parts))

    def _gap(self, best: Choice, own: Choice, mine: NDArray[np.bool_]) -> tuple[float, float]:
        """Return the paired interval of the best score less that of another choice."""
        first, second = (
            self.counts[one.candidate][mine, self.judge.options.index(one.option)]
            for one in (best, own)
        )
        return self.intervals.among(mine).difference(first, second)
