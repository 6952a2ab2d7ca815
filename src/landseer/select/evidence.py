"""The counts of all candidates with the questions that are asked of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from landseer.metrics.confusion import Matrix
from landseer.select.config import SelectConfig
from landseer.select.counts import Option
from landseer.select.crossfit import Candidate, Choice, Judge, pooled
from landseer.select.judged import Judged
from landseer.select.options import Intervals
from landseer.select.prefer import Thrift
from landseer.select.shares import equal_shares
from landseer.select.tally import Tally, keep_samples


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about every candidate.

    Attributes:
        judged: the samples.
        judge: the figure that decides.
        tally: the counts.
        config: recipe key `select`.
        seed: root seed of the bootstrap.
    """

    judged: Judged
    judge: Judge
    tally: Tally
    config: SelectConfig
    seed: int

    @property
    def allowed(self) -> tuple[Option, ...]:
        """The options that may be chosen: thresholds where there are any."""
        return self.judge.options[1:] or (None,)

    @property
    def fold_numbers(self) -> tuple[int, ...]:
        """The folds that were judged, rising."""
        return tuple(sorted(set(self.judged.folds)))

    def part_sums(self, ttas: Iterable[str], *, fitted: bool) -> dict[Candidate, Matrix]:
        """Return (parts, options, C, C) of the candidates under these symmetries.

        Args:
            ttas: names of sets of symmetries; earlier ones win ties.
            fitted: all shares of the seeds, equal ones first; or equal ones alone.
        """
        equal = equal_shares(len(self.judged.seeds))
        return {
            candidate: sums
            for tta in ttas
            for candidate, sums in self.tally.part_sums.items()
            if candidate.tta == tta and (fitted or candidate.shares == equal)
        }

    def matrices(self, chosen: Sequence[Choice]) -> Matrix:
        """Return each sample's (n, C, C) counts under the choice of its part, counting again where needed."""
        wanted = {choice.candidate for choice in chosen}
        keep_samples(self.tally, self.judged, self.judge, wanted, self.config)
        return self.judge.apply(self.tally.kept, chosen)

    def cross_fitted(
        self, ttas: Iterable[str], options: Sequence[Option], *, fitted: bool = False
    ) -> Matrix:
        """Return each sample's (n, C, C) counts, symmetries, shares and option chosen on the other parts."""
        sums = self.part_sums(ttas, fitted=fitted)
        return self.matrices(self.judge.choose_per_part(sums, options))

    def decided(self, ttas: Iterable[str], *, fitted: bool = False) -> Matrix:
        """Return each sample's (n, C, C) counts, all chosen on the other parts as the recipe wants it."""
        return self.matrices(self.choose(ttas, fitted=fitted)[1])

    def choose(self, ttas: Iterable[str], *, fitted: bool) -> tuple[Choice, tuple[Choice, ...]]:
        """Return the choice of all samples, and that for each part; arguments as of `part_sums`."""
        sums = self.part_sums(ttas, fitted=fitted)
        best = self.judge.best(pooled(sums), self.allowed)
        per_part = self.judge.choose_per_part(sums, self.allowed)
        if not self.config.is_simple:
            return best, per_part
        won = {choice.candidate for choice in (best, *per_part, *self._plainly(sums))}
        thrift = self._thrift(one for one in sums if one in won or self.config.prefer != "best")
        return thrift.choose(np.ones(len(self.judge.parts), bool)), thrift.per_part()

    def _plainly(self, sums: dict[Candidate, Matrix]) -> tuple[Choice, ...]:
        """Return what would be chosen without thresholds, where that is among the options."""
        if self.config.threshold != "cautious":
            return ()
        plain = (None,)
        return (self.judge.best(pooled(sums), plain), *self.judge.choose_per_part(sums, plain))

    def _thrift(self, candidates: Iterable[Candidate]) -> Thrift:
        """Return what chooses among candidates, counting again sample by sample where needed."""
        among = tuple(candidates)
        keep_samples(self.tally, self.judged, self.judge, among, self.config)
        return Thrift(
            self.judge,
            self.intervals,
            {one: self.tally.kept[one] for one in among},
            self.allowed,
            cheapest=self.config.prefer != "best",
            cautious=self.config.threshold == "cautious",
        )

    @property
    def intervals(self) -> Intervals:
        """What draws groups again."""
        return Intervals(self.judge.curve, self.judged.groups, self.config, self.seed)
