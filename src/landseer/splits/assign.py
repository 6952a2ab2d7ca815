"""Assignment: share units out among folds so that every fold gets its share of every stratum."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MOST_PASSES = 20
MOST_UNITS_TO_SWAP = 4000
"""With more units than this, single moves balance well enough and swaps would take minutes."""

_GAIN = 1e-12

Counts = NDArray[np.float64]


def assign(
    names: Sequence[str], counts: Counts, shares: Sequence[float], *, seed: int, key: str
) -> list[int]:
    """Share units out among folds.

    The largest units come first, each to the fold where it does most good; then single units move, and pairs change
    places, as long as that helps. The cost of a fold is sum((c / T - p)**2) / p over the strata, where c is the
    fold's count, T the stratum's total and p the share the fold should get.

    Args:
        names: the units, distinct.
        counts: (n_units, n_strata) samples per stratum, column 0 all samples.
        shares: what each fold should get, above 0, together 1.
        seed, key: break ties, by hash of the unit's name; no random generator takes part.

    Returns:
        fold number of each unit; the same on every machine and in whatever order the units come.

    Edges: a unit that is larger than a fold fills one alone; with fewer units than folds some stay empty.
    Source: own; greedy order as scikit-learn's StratifiedGroupKFold, improved by local search.
    """
    order = sorted(range(len(names)), key=lambda n: _digest(seed, key, names[n]))
    totals = np.maximum(counts.sum(axis=0), 1)
    parts = (counts / totals)[order]
    parts = parts[:, np.any(counts > 0, axis=0)]
    state = _State(parts, np.asarray(shares, np.float64))
    state.fill()
    for _ in range(MOST_PASSES):
        moved = state.move()
        swapped = len(names) <= MOST_UNITS_TO_SWAP and state.swap()
        if not (moved or swapped):
            break
    folds = [0] * len(names)
    for position, unit in enumerate(order):
        folds[unit] = int(state.fold[position])
    return folds


class _State:
    """Units in folds, and what that costs."""

    def __init__(self, parts: Counts, shares: Counts) -> None:
        self.parts, self.shares = parts, shares
        self.fold = np.full(len(parts), -1, np.intp)
        self.sums = np.zeros((len(shares), parts.shape[1]))

    def fill(self) -> None:
        """Place every unit, the heaviest first; among equals, in the order given."""
        weight = _ordered_sum(self.parts**2)
        for unit in np.argsort(-weight, kind="stable"):
            part = self.parts[unit]
            gain = self._cost(self.sums + part, self.shares) - self._cost(self.sums, self.shares)
            self._place(int(unit), int(np.argmin(gain)))

    def move(self) -> bool:
        """Move single units to better folds; tell whether any moved."""
        moved = False
        for unit in range(len(self.parts)):
            at, part = int(self.fold[unit]), self.parts[unit]
            now = self._cost(self.sums, self.shares)
            to = self._cost(self.sums + part, self.shares) - now
            leave = self._cost(self.sums[at : at + 1] - part, self.shares[at : at + 1])[0] - now[at]
            to[at] = -leave
            best = int(np.argmin(to))
            if to[best] + leave < -_GAIN:
                self._place(unit, best)
                moved = True
        return moved

    def swap(self) -> bool:
        """Let pairs of units change places; tell whether any did."""
        swapped = False
        for unit in range(len(self.parts)):
            at = int(self.fold[unit])
            now = self._cost(self.sums, self.shares)
            difference = self.parts - self.parts[unit]
            here = self._cost(self.sums[at] + difference, self.shares[at]) - now[at]
            there = self._cost(self.sums[self.fold] - difference, self.shares[self.fold])
            change = here + there - now[self.fold]
            change[self.fold == at] = 0
            best = int(np.argmin(change))
            if change[best] < -_GAIN:
                other = int(self.fold[best])
                self._place(unit, other)
                self._place(best, at)
                swapped = True
        return swapped

    def _cost(self, sums: Counts, shares: Counts | np.float64) -> Counts:
        """Return the cost of folds with these sums."""
        wanted = np.asarray(shares)[..., None]
        return _ordered_sum((sums - wanted) ** 2) / np.asarray(shares)

    def _place(self, unit: int, fold: int) -> None:
        """Put a unit into a fold; sums are made anew so that rounding never depends on the way."""
        old = int(self.fold[unit])
        self.fold[unit] = fold
        for changed in {old, fold} - {-1}:
            self.sums[changed] = _column_sums(self.parts[self.fold == changed])


def _ordered_sum(values: Counts) -> Counts:
    """Add up the last axis from left to right, so that the rounding is the same on every machine."""
    total = np.zeros(values.shape[:-1])
    for column in range(values.shape[-1]):
        total = total + values[..., column]
    return total


def _column_sums(values: Counts) -> Counts:
    """Add up the first axis from top to bottom."""
    return np.cumsum(values, axis=0)[-1] if len(values) else np.zeros(values.shape[1])


def _digest(seed: int, key: str, name: str) -> str:
    """Hash a unit's name for a seed and a purpose."""
    return hashlib.sha256(f"{seed}/{key}/{name}".encode()).hexdigest()
