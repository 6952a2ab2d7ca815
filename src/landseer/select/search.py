"""Searches on sampled pixels: greedy forward selection, shares on the simplex, and a rule for each class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.core.seeds import generator
from landseer.errors import DataError
from landseer.select.counts import Option, cut
from landseer.select.crossfit import Judge, plateau_centre
from landseer.select.library import Library
from landseer.select.way import Rule, spread

_FULL = 65535
_TOLERANCE = 1e-12
_ROUNDS = 10
_FACTORS = 2.0 ** (np.arange(-48, 49) / 8)
_THRESHOLDS = np.arange(1, 100) / 100

Foreground = NDArray[np.float32]
"""(C - 1, n) averaged probabilities of all classes but the first."""


@dataclass(frozen=True, slots=True)
class Searcher:
    """Scores averages of probabilities on sampled pixels.

    Attributes:
        judge: the figure that decides, and the options.
        library: the pixels.
        options: what may be chosen: thresholds, or None alone.
    """

    judge: Judge
    library: Library
    options: tuple[Option, ...]

    def best(self, foreground: Foreground) -> tuple[float, Rule]:
        """Return the best score of an average and the rule that reaches it; NaN where it is undefined.

        Edges: of several thresholds that are as good, the middle one; many classes take the greatest probability.
        """
        if self.options == (None,):
            return float(self.judge.curve(self.matrix(foreground, Rule()))), Rule()
        values = self.curve(foreground)
        if np.isnan(values).all():
            return float("nan"), Rule(self.options[0])
        high = float(np.nanmax(values))
        return high, Rule(self.options[plateau_centre(values >= high - _TOLERANCE)])

    def curve(self, foreground: Foreground) -> NDArray[np.float64]:
        """Score an average of two classes at every option."""
        return self.judge.curve(self._at_thresholds(foreground[0]))

    def matrix(self, foreground: Foreground, rule: Rule) -> NDArray[np.float64]:
        """Count pixels by truth and decision, (C, C)."""
        decided = rule.decide(all_classes(foreground))
        return weighted_matrix(
            self.library.truth, decided, self.library.weight, len(self.judge.classes)
        )

    def _at_thresholds(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Count two classes at every option, (options, 2, 2)."""
        cuts = np.asarray([cut(option) for option in self.options])
        steps = np.zeros(_FULL + 1, np.int64)
        np.add.at(steps, cuts[cuts <= _FULL], 1)
        reached = steps.cumsum()[np.rint(values * np.float32(_FULL)).astype(np.int64)]
        n = len(cuts) + 1
        sums = np.bincount(
            reached + n * self.library.truth.astype(np.int64), self.library.weight, 2 * n
        ).reshape(2, n)
        negative = sums.cumsum(axis=1)[:, :-1].T
        return np.stack([negative, sums.sum(axis=1) - negative], axis=2)


def greedy_path(
    searcher: Searcher, columns: Sequence[int], n_steps: int
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Add the column that makes the average's score best, again and again; one may be added several times.

    Args:
        searcher: scores averages, each at its own best threshold.
        columns: those that may be taken, the cheapest first: it wins ties.
        n_steps: how many are added.

    Returns:
        The columns in the order in which they were added, and the score after each.

    Raises:
        DataError: the score is undefined for every column.

    Edges: the path goes on where the score falls, for it may rise again; the caller cuts it at the best step.
    Source: Caruana et al. 2004, doi:10.1145/1015330.1015432.
    """
    said = {number: searcher.library.column(number) for number in columns}
    total = np.zeros_like(next(iter(said.values())))
    path: list[int] = []
    values: list[float] = []
    for step in range(1, n_steps + 1):
        best, taken = -np.inf, -1
        for number, one in said.items():
            value = searcher.best((total + one) / np.float32(step))[0]
            if value > best + _TOLERANCE:
                best, taken = value, number
        if taken < 0:
            raise DataError(
                f"expected samples on which {searcher.judge.metric} is defined; it is 0/0 on all of them"
            )
        total += said[taken]
        path.append(taken)
        values.append(best)
    return tuple(path), tuple(values)


def bagged_shares(
    searcher: Searcher, n_columns: int, n_steps: int, n_bags: int, seed: int
) -> tuple[float, ...]:
    """Average the shares that greedy selection takes from draws of half of the columns.

    Source: Caruana et al. 2004, section 2.3.
    """
    rng = generator(seed, "bags")
    total = np.zeros(n_columns)
    for _ in range(n_bags):
        drawn = np.sort(rng.choice(n_columns, max(1, n_columns // 2), replace=False))
        path, values = greedy_path(searcher, [int(i) for i in drawn], n_steps)
        total += path_shares(path[: best_step(values)], n_columns)
    return tuple(map(float, total / n_bags))


def path_shares(path: Sequence[int], n_columns: int) -> tuple[float, ...]:
    """Return the shares of what a path added."""
    return tuple(map(float, np.bincount(path, minlength=n_columns) / len(path)))


def best_step(values: Sequence[float]) -> int:
    """Return after how many steps the score is best; the fewest of equal ones."""
    return int(np.nanargmax(values)) + 1


def simplex_shares(
    score: Callable[[NDArray[np.float64]], float], n: int, least_step: float = 0.01
) -> NDArray[np.float64]:
    """Search shares that score best: pieces move between two shares, ever smaller ones, until none helps.

    Args:
        score: of (n,) shares that add up to 1; need not be smooth, counts of pixels are not.
        n: how many.
        least_step: the smallest piece.

    Returns:
        (n,) shares; equal ones where nothing is better.

    Source: pattern search, Hooke and Jeeves 1961, doi:10.1145/321062.321069, along the edges of the simplex.
    """
    shares = np.full(n, 1 / n)
    best, step = score(shares), 0.5
    while step >= least_step:
        tried = [
            moved
            for i in range(n)
            for j in range(n)
            if i != j and shares[i] > _TOLERANCE
            for moved in [_moved(shares, i, j, step)]
        ]
        values = [score(moved) for moved in tried]
        place = int(np.nanargmax(values)) if np.isfinite(values).any() else 0
        if values and values[place] > best + _TOLERANCE:
            shares, best = tried[place], values[place]
        else:
            step /= 2
    return shares


def _moved(
    shares: NDArray[np.float64], source: int, target: int, step: float
) -> NDArray[np.float64]:
    """Move a piece of one share to another."""
    piece = min(step, float(shares[source]))
    result = shares.copy()
    result[source] -= piece
    result[target] += piece
    return result


def class_rule(searcher: Searcher, foreground: Foreground, *, exclusive: bool) -> Rule:
    """Search a number for each class, one class after another, until none helps.

    Args:
        searcher: the pixels.
        foreground: averaged probabilities.
        exclusive: whether classes exclude each other. Then each gets a factor: the class of the greatest product is
            taken, which a factor of 1 for all leaves as it is, and class 0 keeps 1 because only ratios matter. Else
            each class but the first gets a threshold: of those that reach theirs the one that exceeds it most is
            taken, class 0 where none does.

    Returns:
        The rule; its score on these pixels is at least that of the start, all factors 1 or all thresholds 0.5.

    Source: own; factors are the optimal form where costs or class shares differ from those of training (Elkan 2001).
    """
    n = len(searcher.judge.classes)
    numbers = np.ones(n) if exclusive else np.full(n - 1, 0.5)
    best = -np.inf
    for _ in range(_ROUNDS):
        before = best
        for number in range(1, n):
            grid, values = class_curve(searcher, foreground, numbers, number, exclusive=exclusive)
            place = number if exclusive else number - 1
            own = values[int(np.abs(grid - numbers[place]).argmin())]
            high = np.nanmax(values) if np.isfinite(values).any() else -np.inf
            best = max(best, float(np.nan_to_num(own, nan=-np.inf)))
            if high > best + _TOLERANCE:
                numbers[place] = grid[plateau_centre(values >= high - _TOLERANCE)]
                best = float(high)
        if best <= before + _TOLERANCE:
            break
    chosen = tuple(round(float(one), 6) for one in numbers)
    return Rule(factors=chosen) if exclusive else Rule(thresholds=chosen)


def class_curve(
    searcher: Searcher,
    foreground: Foreground,
    numbers: NDArray[np.float64],
    number: int,
    *,
    exclusive: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Score every factor, or threshold, of one class while those of the others stay.

    Returns:
        The numbers that were tried, rising, and the score at each. Each pixel tells from which number on its class
        changes, so that one pass counts them all.
    """
    probability = all_classes(foreground)
    if exclusive:
        grid = _FACTORS
        products = probability * spread([float(one) for one in numbers], probability)
        products[number] = -1
        other, top = products.argmax(axis=0), products.max(axis=0)
        turn = top / np.maximum(probability[number], np.float32(1e-12))
        places = np.searchsorted(
            grid, turn, side="left"
        )  # first grid number at which the class wins
        return grid, searcher.judge.curve(_moves(searcher, other, places, number, len(grid)))
    grid = _THRESHOLDS
    margins = probability[1:] - spread([float(one) for one in numbers], probability)
    margins[number - 1] = -np.inf
    top = np.maximum(margins.max(axis=0), 0)
    other = np.where(margins.max(axis=0) >= 0, margins.argmax(axis=0) + 1, 0)
    turn = probability[number] - top
    places = len(grid) - np.searchsorted(grid, turn + 1e-9, side="right")
    counts = _moves(searcher, other, places, number, len(grid))
    return grid, searcher.judge.curve(counts[::-1])


def _moves(
    searcher: Searcher,
    other: NDArray[np.int64],
    places: NDArray[np.int64],
    number: int,
    n_grid: int,
) -> NDArray[np.float64]:
    """Count at every grid number, (grid, C, C): a pixel is `other` before its place, `number` from there on."""
    n, library = len(searcher.judge.classes), searcher.library
    pairs = (places * n + library.truth) * n + other
    sums = np.bincount(pairs, library.weight, (n_grid + 1) * n * n).reshape(n_grid + 1, n, n)
    gone = sums.cumsum(axis=0)[:-1]
    counts = sums.sum(axis=0) - gone
    counts[:, :, number] += gone.sum(axis=2)
    return counts


def weighted_matrix(
    truth: NDArray[np.uint8], decided: NDArray[np.uint8], weight: NDArray[np.float64], n: int
) -> NDArray[np.float64]:
    """Count weighted pixels, (C, C)."""
    pairs = truth.astype(np.int64) * n + decided
    return np.bincount(pairs, weight, n * n).reshape(n, n).astype(np.float64)


def all_classes(foreground: Foreground) -> NDArray[np.float32]:
    """Add class 0: what the others leave."""
    background = np.clip(1 - foreground.sum(axis=0, keepdims=True), 0, 1)
    return np.concatenate([background, foreground]).astype(np.float32, copy=False)
