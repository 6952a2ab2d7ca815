"""Choosing on some samples and scoring on others, so that no sample helps to choose how it is judged."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import ClassTable
from landseer.errors import DataError, UsageError
from landseer.metrics.confusion import Matrix
from landseer.metrics.scores import score_names, scores
from landseer.select.counts import Option, Shares

PARTS = 5
"""Parts into which groups are dealt when all samples were held out by one fold."""

_TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to predict: a set of flips and turns, and the shares of the seeds."""

    tta: str
    shares: Shares


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate and how its pixels are decided."""

    candidate: Candidate
    option: Option


@dataclass(frozen=True, slots=True)
class Judge:
    """The figure that decides, and the samples' parts.

    Attributes:
        metric: one of `score_names`.
        classes: the class table.
        options: ways to decide a pixel, in rising order.
        parts: (n,) number of the part of each sample; what is chosen for a part is chosen on the others.
    """

    metric: str
    classes: ClassTable
    options: tuple[Option, ...]
    parts: NDArray[np.int64]

    def __post_init__(self) -> None:
        known = score_names(self.classes.names)
        if self.metric not in known:
            raise UsageError(
                f"expected a metric among {', '.join(known)}; got {self.metric!r}",
                where="select.metric",
            )

    @property
    def n_parts(self) -> int:
        """Number of parts."""
        return int(self.parts.max()) + 1

    def value(self, matrices: Matrix) -> float:
        """Score one pooled matrix."""
        return float(self.curve(matrices))

    def curve(self, matrices: Matrix | NDArray[np.float64]) -> NDArray[np.float64]:
        """Score (..., C, C) matrices; counts may be weighted ones."""
        return scores(cast("Matrix", matrices), self.classes.names)[self.metric]

    def best(self, sums: Mapping[Candidate, Matrix], options: Sequence[Option]) -> Choice:
        """Return the best candidate and option.

        Args:
            sums: (options, C, C) pooled counts of each candidate, in the order in which ties are settled.
            options: those that may be chosen.

        Raises:
            DataError: the score is undefined whatever is chosen.
        """
        allowed = [self.options.index(option) for option in options]
        best: tuple[float, Choice] | None = None
        for candidate, matrices in sums.items():
            values = self.curve(matrices)[allowed]
            if np.isnan(values).all():
                continue
            high = float(np.nanmax(values))
            if best is None or high > best[0] + _TOLERANCE:
                place = plateau_centre(values >= high - _TOLERANCE)
                best = high, Choice(candidate, self.options[allowed[place]])
        if best is None:
            raise DataError(
                f"expected samples on which {self.metric} is defined; it is 0/0 on all of them",
                do="check that labels hold the class that the metric counts",
            )
        return best[1]

    def choose_per_part(
        self, part_sums: Mapping[Candidate, Matrix], options: Sequence[Option]
    ) -> tuple[Choice, ...]:
        """Choose for each part on all the others; with one part, on itself.

        Args:
            part_sums: (parts, options, C, C) counts of each candidate.
            options: those that may be chosen.

        Edges: where the score is undefined on the others, which lack its class, the simplest choice is taken.
        """
        if self.n_parts < 2:
            return (self.best(pooled(part_sums), options),)
        return tuple(
            self._choose({c: sums.sum(0) - sums[part] for c, sums in part_sums.items()}, options)
            for part in range(self.n_parts)
        )

    def _choose(self, sums: Mapping[Candidate, Matrix], options: Sequence[Option]) -> Choice:
        """Return the best candidate and option, the simplest where nothing is known."""
        try:
            return self.best(sums, options)
        except DataError:
            return simplest(sums, options)

    def undecided(self, part_sums: Matrix) -> list[int]:
        """Return the parts for which nothing can be chosen: the score is undefined on all others.

        Args:
            part_sums: (parts, options, C, C) counts of any candidate.
        """
        if self.n_parts < 2:
            return []
        others = part_sums.sum(0) - part_sums
        return [part for part, sums in enumerate(others) if np.isnan(self.curve(sums)).all()]

    def apply(self, counts: Mapping[Candidate, Matrix], chosen: Sequence[Choice]) -> Matrix:
        """Return each sample's (n, C, C) counts under the choice of its part.

        Args:
            counts: (n, options, C, C) of every candidate that was chosen.
            chosen: one per part.
        """
        n_classes = len(self.classes)
        result = np.zeros((len(self.parts), n_classes, n_classes), np.int64)
        for part, choice in enumerate(chosen):
            mine = self.parts == part
            result[mine] = counts[choice.candidate][mine, self.options.index(choice.option)]
        return result


def pooled(part_sums: Mapping[Candidate, Matrix]) -> dict[Candidate, Matrix]:
    """Add up the parts of each candidate."""
    return {candidate: sums.sum(0) for candidate, sums in part_sums.items()}


def simplest(candidates: Iterable[Candidate], options: Sequence[Option]) -> Choice:
    """Return the first candidate, which is the cheapest, at the middle option: nothing was learnt about either."""
    return Choice(next(iter(candidates)), options[(len(options) - 1) // 2])


def plateau_centre(is_best: NDArray[np.bool_]) -> int:
    """Return the middle of the longest run of true values; of equal ones that nearest to the middle of all."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_best.astype(np.int8), [0]])))
    starts, ends = edges[::2], edges[1::2]
    middle = (is_best.size - 1) / 2
    runs = [
        (start - end, abs((start + end - 1) // 2 - middle), (start + end - 1) // 2)
        for start, end in zip(starts, ends, strict=True)
    ]
    return int(min(runs)[2])


def make_parts(folds: Sequence[int], groups: Sequence[Hashable]) -> NDArray[np.int64]:
    """Number the parts between which choices are cross-fitted.

    Args:
        folds: the fold that held each sample out.
        groups: the group of each sample.

    Returns:
        (n,) from 0: the folds in order; or, when there is a single fold, its groups dealt in turn
        to at most `PARTS` parts (one part if there is one group).
    """
    if len(set(folds)) > 1:
        return np.unique(np.asarray(folds), return_inverse=True)[1].astype(np.int64)
    order = {group: number for number, group in enumerate(sorted(set(groups), key=str))}
    return np.asarray([order[group] % PARTS for group in groups], np.int64)


def name_parts(
    samples: Sequence[str], folds: Sequence[int], parts: NDArray[np.int64]
) -> dict[str, int]:
    """Return the part of each sample by its name where one fold holds all; none where parts are folds."""
    if len(set(folds)) > 1:
        return {}
    return dict(zip(samples, map(int, parts), strict=True))
