"""What is simple and not clearly worse: the cheapest set of predictions, and the greatest probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from landseer.errors import DataError
from landseer.metrics.confusion import Matrix
from landseer.select.counts import Option
from landseer.select.crossfit import Candidate, Choice, Judge, make_parts, simplest
from landseer.select.options import Intervals


@dataclass(frozen=True, slots=True)
class Thrift:
    """Chooses what is simple where the difference to the best may be chance.

    Attributes:
        judge: the figure that decides.
        intervals: draws groups again.
        counts: (n, options, C, C) of each candidate, the cheapest first.
        options: ways to decide that may be chosen.
        cheapest: whether a cheaper candidate is taken where it is not clearly worse than the best.
        cautious: whether the greatest probability decides where thresholds are not clearly better.
    """

    judge: Judge
    intervals: Intervals
    counts: dict[Candidate, Matrix]
    options: Sequence[Option]
    cheapest: bool = True
    cautious: bool = False

    def choose(self, mine: NDArray[np.bool_]) -> Choice:
        """Choose on some samples: the first candidate whose paired interval to the best one holds zero, at its best
        option; where the recipe is cautious, one and a threshold only if together they are clearly better than what
        would be taken without thresholds.

        Candidates are compared at their own best options. Intervals have the level of `select.level` and are drawn over
        the groups of these samples alone, so that what is chosen for a fold does not depend on the fold.

        Raises:
            DataError: the score is undefined on these samples.

        Edges: with fewer than two groups nothing is clear, and what is simple is taken.
        """
        choice = self._candidate(mine, self.options)
        if not self.cautious:
            return choice
        plain = self._candidate(mine, (None,))
        is_clear = self._is_clear(choice.candidate, plain.candidate, mine)
        return choice if is_clear else plain

    def _is_clear(self, tuned: Candidate, plain: Candidate, mine: NDArray[np.bool_]) -> bool:
        """Whether a candidate with a threshold is clearly better than another by the greatest probability.

        Each part of these samples is judged by the threshold that the others chose, for the top of a curve is always
        above the rest of it.
        """
        groups = [group for group, own in zip(self.intervals.groups, mine, strict=True) if own]
        judge = replace(self.judge, parts=make_parts(self.judge.parts[mine].tolist(), groups))
        counts = self.counts[tuned][mine]
        sums = np.stack([counts[judge.parts == part].sum(0) for part in range(judge.n_parts)])
        if judge.n_parts < 2:
            return False
        chosen = judge.choose_per_part({tuned: sums}, self.options)
        first = judge.apply({tuned: counts}, chosen)
        second = self.counts[plain][mine, judge.options.index(None)]
        return self.intervals.among(mine).difference(first, second)[0] > 0

    def _candidate(self, mine: NDArray[np.bool_], options: Sequence[Option]) -> Choice:
        """Choose a candidate and its best option."""
        sums = {one: counts[mine].sum(0) for one, counts in self.counts.items()}
        best = self.judge.best(sums, options)
        for one, pooled in sums.items():
            if one == best.candidate or not self.cheapest:
                break
            if np.isnan(self.judge.curve(pooled)).all():
                continue
            own = self.judge.best({one: pooled}, options)
            low, _ = self._gap(best, own, mine)
            if not low > 0:
                return own
        return best

    def per_part(self) -> tuple[Choice, ...]:
        """Choose for each part on all the others; with one part, on itself."""
        judge = self.judge
        if judge.n_parts < 2:
            return (self.choose(np.ones(len(judge.parts), bool)),)
        return tuple(self._choose_without(part) for part in range(judge.n_parts))

    def _choose_without(self, part: int) -> Choice:
        """Choose on all parts but one; what is simplest where the score is undefined on them."""
        try:
            return self.choose(self.judge.parts != part)
        except DataError:
            options = (None,) if self.cautious else self.options
            return simplest(self.counts, options)

    def _gap(self, best: Choice, own: Choice, mine: NDArray[np.bool_]) -> tuple[float, float]:
        """Return the paired interval of the best score less that of another choice."""
        first, second = (
            self.counts[one.candidate][mine, self.judge.options.index(one.option)]
            for one in (best, own)
        )
        return self.intervals.among(mine).difference(first, second)
