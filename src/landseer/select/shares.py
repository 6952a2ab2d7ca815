"""How much each member counts: shares of the seeds, and weights from scores."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from math import comb
from typing import TypeVar

from landseer.select.counts import Shares

Member = TypeVar("Member", bound=Hashable)

MAX_SHARES = 100
"""Most ways to weigh the seeds that `fitted` tries."""


def equal_shares(n_seeds: int) -> Shares:
    """Return the same share for every seed."""
    return (1.0 / n_seeds,) * n_seeds


def single_shares(n_seeds: int) -> tuple[Shares, ...]:
    """Return each seed alone."""
    return tuple(tuple(float(i == j) for j in range(n_seeds)) for i in range(n_seeds))


def simplex(n_seeds: int, step: float) -> tuple[Shares, ...]:
    """Return all shares in multiples of a step that sum to 1.

    Args:
        n_seeds: number of seeds, >= 1.
        step: wanted distance; widened until there are at most `MAX_SHARES`.

    Edges: one seed gives the single share 1.
    """
    parts = max(1, round(1 / step))
    while parts > 1 and comb(parts + n_seeds - 1, n_seeds - 1) > MAX_SHARES:
        parts -= 1
    return tuple(
        tuple(count / parts for count in counts) for counts in _compositions(parts, n_seeds)
    )


def score_weights(scores: Mapping[Member, float], least: float = 0.2) -> dict[Member, float]:
    """Scale members' scores to weights between `least` (worst) and 1 (best).

    Edges: equal scores all weigh 1; an undefined score (NaN) weighs `least`.
    Source: min-max scaling to (0.2, 1), as a winning ensemble of the kelp contest weighed its folds.
    """
    defined = [score for score in scores.values() if score == score]
    low, high = min(defined, default=0.0), max(defined, default=0.0)
    return {
        member: _scale(score, low, high, least) if score == score else least
        for member, score in scores.items()
    }


def rank_weights(scores: Mapping[Member, float], least: float = 0.2) -> dict[Member, float]:
    """Weigh members by rank: 1 for the best, `least` for the worst, even steps between.

    The weight is least + (1 - least) (n - r) / (n - 1), with r the rank from 1; equal scores share the mean of their
    ranks. One bad fold does not push all others together, as it does in `score_weights`.

    Edges: one member weighs 1; undefined scores (NaN) share the last ranks.
    Source: own.
    """
    n = len(scores)
    if n < 2:
        return dict.fromkeys(scores, 1.0)
    keys = {member: -score if score == score else float("inf") for member, score in scores.items()}
    ordered = sorted(keys.values())
    ranks = {key: ordered.index(key) + (ordered.count(key) + 1) / 2 for key in keys.values()}
    return {
        member: least + (1 - least) * (n - ranks[key]) / (n - 1) for member, key in keys.items()
    }


def _scale(score: float, low: float, high: float, least: float) -> float:
    """Place one score between the worst and the best."""
    if high <= low:
        return 1.0
    return least + (1 - least) * (score - low) / (high - low)


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Yield all tuples of `parts` counts that sum to `total`."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _compositions(total - first, parts - 1):
            yield (first, *rest)
