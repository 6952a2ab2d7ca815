"""The inner parts: training groups that tell how many rounds are enough."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from landseer.core.seeds import derive

LEAST_GROUPS = 5
"""Fewer groups than this say too little of how many rounds are enough: then several parts are asked in turn."""


def inner_parts(
    groups: Sequence[str],
    wanted: NDArray[np.bool_],
    px: NDArray[np.floating],
    share: float,
    seed: int,
) -> tuple[NDArray[np.bool_], ...]:
    """Divide the groups that train into parts of about a share each, and take what is needed of them.

    Groups are dealt so that each part has its share of the pixels of every class. The part that comes nearest to that
    is taken; where it has fewer than `LEAST_GROUPS` groups, so many parts that they have them together, or all. Rounds
    are then the median of what the parts say, each with the others as its training.

    Args:
        groups: of each sample.
        wanted: (samples,) bool, those that train.
        px: (samples, classes) how many pixels of each class it has.
        share: of the pixels that a part should have; there are two parts at least.
        seed: what deals where groups are alike; the order of the samples changes nothing.

    Returns:
        For each part (samples,) bool: the wanted samples of its groups; no two share one.

    Edges: a part that has more than half of the pixels, a single class, or a class that no other group has tells
        nothing and is not taken. There may be none: one group alone cannot be divided, nor can two of which each has a
        class of its own.
    """
    totals = _totals(groups, wanted, px)
    if len(totals) < 2:
        return ()
    dealt = _deal(totals, min(max(2, round(1 / share)), len(totals)), seed)
    whole = np.sum(list(totals.values()), axis=0)
    held = [np.sum([totals[group] for group in part], axis=0) for part in dealt]
    telling = [n for n in range(len(dealt)) if _tells(held[n], whole)]
    telling.sort(key=lambda n: (_distance(held[n], whole, len(dealt)), n))
    taken: list[list[str]] = []
    for n in telling:
        if sum(map(len, taken)) >= LEAST_GROUPS:
            break
        taken.append(dealt[n])
    return tuple(wanted & np.isin(np.asarray(groups, str), part) for part in taken)


def _totals(
    groups: Sequence[str], wanted: NDArray[np.bool_], px: NDArray[np.floating]
) -> dict[str, NDArray[np.float64]]:
    """Add up the pixels of each group that trains and has any."""
    totals: dict[str, NDArray[np.float64]] = {}
    for group, is_wanted, own in zip(groups, wanted, px, strict=True):
        if is_wanted and own.sum() > 0:
            totals[group] = totals.get(group, 0.0) + own.astype(np.float64)
    return totals


def _deal(totals: dict[str, NDArray[np.float64]], n_parts: int, seed: int) -> list[list[str]]:
    """Deal groups, the greatest first, each to the part that has least of what it has."""
    whole = np.maximum(np.sum(list(totals.values()), axis=0), 1e-12)
    shares = {group: own / whole for group, own in totals.items()}
    order = sorted(
        shares, key=lambda group: (-shares[group].max(), derive(seed, "inner", group), group)
    )
    parts: list[list[str]] = [[] for _ in range(n_parts)]
    loads = np.zeros((n_parts, len(whole)))
    for group in order:
        scores = loads @ shares[group]
        place = min(range(n_parts), key=lambda n: (scores[n], len(parts[n]), n))
        parts[place].append(group)
        loads[place] += shares[group]
    return [part for part in parts if part]


def _tells(held: NDArray[np.float64], whole: NDArray[np.float64]) -> bool:
    """Whether a part is no more than half, has two classes, and leaves some of each to learn from."""
    is_small = 2 * held.sum() <= whole.sum() * (1 + 1e-9)
    return bool(is_small and (held > 0).sum() > 1 and (held < whole)[held > 0].all())


def _distance(held: NDArray[np.float64], whole: NDArray[np.float64], n_parts: int) -> float:
    """Return how far a part is from its share of the pixels of some class."""
    there = whole > 0
    return float(np.abs(held[there] / whole[there] - 1 / n_parts).max())
