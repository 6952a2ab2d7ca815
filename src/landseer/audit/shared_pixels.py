"""Shared pixels: samples that hold the very same values at a shift, found by hashing small patches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PATCH_PX = 8
"""Side of a patch; strips of common ground that are narrower cannot be seen."""

LEAST_PATCHES = 12
"""Equal patches at one shift from which two samples are taken for overlapping."""

LEAST_SHARE = 0.5
"""Share of the marked patches in the common ground, of either sample, that must be equal."""

BUDGET = 20_000_000
"""Patches kept over all samples; larger sets keep every second, fourth … patch."""

_LEAST_CHANGES = 0.25
_NEXT = 16
_ROW_KEY, _COL_KEY = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


@dataclass(frozen=True, slots=True)
class Prints:
    """The marked patches of one sample.

    Attributes:
        hashes: (n,) uint64, each once, sorted.
        rows, cols: (n,) int32, first pixel of each patch.
        height, width: of the sample, px.
    """

    hashes: NDArray[np.uint64]
    rows: NDArray[np.int32]
    cols: NDArray[np.int32]
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Shared:
    """Two samples (positions a < b) with the same pixels: pixel (0, 0) of `b` lies at (row, col) of `a`.

    Attributes:
        patches: equal patches at that shift.
        overlap: common ground as a share of the smaller sample, 0..1.
        agreement: share of the marked patches in the common ground that are equal, 0..1.
    """

    a: int
    b: int
    row: int
    col: int
    patches: int
    overlap: float
    agreement: float


def thinning(n_samples: int, height: int, width: int, budget: int = BUDGET) -> int:
    """Return how many patches stand for one that is kept, a power of two, so that the whole set stays in memory."""
    rate, patches = 1, n_samples * height * width
    while patches > budget * rate:
        rate *= 2
    return rate


def mark(layer: NDArray[np.float32], *, keep_one_in: int = 1) -> Prints:
    """Hash every patch of a layer, and keep those that can be told from others.

    Which are kept depends on what a patch holds and not on where it lies, so that two samples keep the same ones. Flat
    patches, patches with missing pixels and those that the sample holds twice prove nothing and are left out.

    Args:
        layer: (h, w) float32 at full resolution; NaN marks missing pixels.
        keep_one_in: a power of two, see `thinning`.

    Edges: samples smaller than a patch have none.
    Source: own; choice by content as in Broder 1997 (doi:10.1109/SEQUEN.1997.666900).
    """
    height, width = layer.shape
    none = np.zeros(0, np.int32)
    if min(height, width) < PATCH_PX:
        return Prints(none.astype(np.uint64), none, none, height, width)
    hashes = _mixed(_polynomial(_polynomial(_bits(layer), _COL_KEY).T, _ROW_KEY).T)
    kept = _is_telling(layer) & ((hashes & np.uint64(keep_one_in - 1)) == 0)
    rows, cols = (axis.astype(np.int32) for axis in np.nonzero(kept))
    values, first, count = np.unique(hashes[rows, cols], return_index=True, return_counts=True)
    once = first[count == 1]
    return Prints(values[count == 1], rows[once], cols[once], height, width)


def find_shared(prints: Sequence[Prints]) -> list[Shared]:
    """Find the pairs of samples that hold the same pixels at some shift.

    A patch that many samples hold links each to the next few alone, which joins them all without every pair of them.

    Args:
        prints: one or more, one per sample, all marked with the same `keep_one_in`.

    Returns:
        pairs sorted by (a, b), each at the shift with most equal patches.
    """
    votes = _votes(prints)
    order = np.lexsort((-votes[:, 4], votes[:, 1], votes[:, 0]))
    votes = votes[order]
    first = np.ones(len(votes), bool)
    first[1:] = (votes[1:, :2] != votes[:-1, :2]).any(axis=1)
    chosen = votes[first & (votes[:, 4] >= LEAST_PATCHES)]
    measured = (_measure(prints, row) for row in chosen.tolist())
    return [one for one in measured if one.agreement >= LEAST_SHARE]


def _votes(prints: Sequence[Prints]) -> NDArray[np.int64]:
    """Count equal patches as rows (a, b, row shift, column shift, patches) with a < b."""
    owner = np.repeat(np.arange(len(prints), dtype=np.int64), [len(one.hashes) for one in prints])
    hashes = np.concatenate([one.hashes for one in prints])
    rows = np.concatenate([one.rows for one in prints]).astype(np.int64)
    cols = np.concatenate([one.cols for one in prints]).astype(np.int64)
    order = np.argsort(hashes, kind="stable")
    hashes, owner, rows, cols = hashes[order], owner[order], rows[order], cols[order]
    span = 2 * int(max(max(one.height, one.width) for one in prints)) + 1
    keys, counts = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for ahead in range(1, _NEXT + 1):
        left = np.flatnonzero(hashes[:-ahead] == hashes[ahead:])
        right = left + ahead
        pair = owner[left] * len(prints) + owner[right]
        down, across = (axis[left] - axis[right] + span // 2 for axis in (rows, cols))
        found, count = np.unique((pair * span + down) * span + across, return_counts=True)
        keys, counts = np.concatenate([keys, found]), np.concatenate([counts, count])
    keys, inverse = np.unique(keys, return_inverse=True)
    total = np.bincount(inverse, counts, minlength=len(keys)).astype(np.int64)
    rest, across = np.divmod(keys, span)
    pair, down = np.divmod(rest, span)
    a, b = np.divmod(pair, len(prints))
    return np.stack([a, b, down - span // 2, across - span // 2, total], axis=1)


def _measure(prints: Sequence[Prints], found: Sequence[int]) -> Shared:
    """Compare what is equal with what could be."""
    a, b, row, col, votes = found
    one, two = prints[a], prints[b]
    marked = min(_inside(one, two, row, col), _inside(two, one, -row, -col))
    down = min(one.height, row + two.height) - max(0, row)
    across = min(one.width, col + two.width) - max(0, col)
    smaller = min(one.height * one.width, two.height * two.width)
    return Shared(a, b, row, col, votes, down * across / smaller, min(1.0, votes / max(marked, 1)))


def _inside(one: Prints, two: Prints, row: int, col: int) -> int:
    """Count the marked patches of `one` that lie wholly in `two`, which lies at (row, col) of it."""
    within = (one.rows >= row) & (one.rows <= row + two.height - PATCH_PX)
    within &= (one.cols >= col) & (one.cols <= col + two.width - PATCH_PX)
    return int(within.sum())


def _bits(layer: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Return the pattern of each number; 0 and -0 are one."""
    return np.ascontiguousarray(layer + np.float32(0)).view(np.uint32).astype(np.uint64)


def _polynomial(values: NDArray[np.uint64], key: np.uint64) -> NDArray[np.uint64]:
    """Hash each run of `PATCH_PX` values along a row, modulo 2**64."""
    length = values.shape[1] - PATCH_PX + 1
    mixed = _mixed(values)
    total = mixed[:, :length].copy()
    for step in range(1, PATCH_PX):
        total *= key
        total += mixed[:, step : step + length]
    return total


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble bits (the finaliser of SplitMix64: Steele, Lea, Flood 2014, doi:10.1145/2660193.2660195)."""
    values = values ^ (values >> np.uint64(30))
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    return values


def _is_telling(layer: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which patches have all their pixels and change often enough along rows and columns."""
    with np.errstate(invalid="ignore"):
        across, down = np.diff(layer, axis=1) != 0, np.diff(layer, axis=0) != 0
    least = _LEAST_CHANGES * PATCH_PX * (PATCH_PX - 1)
    changes = _box(across, PATCH_PX, PATCH_PX - 1), _box(down, PATCH_PX - 1, PATCH_PX)
    whole = _box(np.isfinite(layer), PATCH_PX, PATCH_PX) == PATCH_PX**2
    return whole & (changes[0] >= least) & (changes[1] >= least)


def _box(mask: NDArray[np.bool_], rows: int, cols: int) -> NDArray[np.int32]:
    """Count the true pixels of each window."""
    total = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), np.int32)
    total[1:, 1:] = mask.cumsum(axis=0, dtype=np.int32).cumsum(axis=1, dtype=np.int32)
    return total[rows:, cols:] - total[:-rows, cols:] - total[rows:, :-cols] + total[:-rows, :-cols]
