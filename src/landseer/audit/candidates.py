"""Candidates: pairs of samples whose landmarks look alike and agree on one shift."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.audit.descriptor import Landmarks

VOTE_PX = 4
"""Two matches vote for the same shift when it differs by less than this, in working pixels."""

_BLOCK = 1024
_SHIFT_SPAN = 1 << 12


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two samples that may show the same place: pixel (0, 0) of `b` would lie at (row, col) of `a`."""

    a: int
    b: int
    row: int
    col: int
    votes: int


def find_candidates(
    landmarks: Sequence[Landmarks],
    *,
    likeness: float,
    neighbours: int,
    votes: int,
    most_per_sample: int,
) -> list[Candidate]:
    """Match every landmark with its look-alikes elsewhere, and keep the pairs that agree on a shift.

    Args:
        landmarks: one per sample.
        likeness: least cosine between two descriptors, 0..1.
        neighbours: look-alikes kept per landmark, the closest first.
        votes: least number of matches that agree on a shift.
        most_per_sample: candidates kept per sample, most votes first.

    Returns:
        candidates with a < b, at most one per pair, sorted by (a, b).

    Source: own; voting for a translation is the Hough transform of Lowe 2004 (doi:10.1023/B:VISI.0000029664.99615.94).
    """
    owner = np.repeat(
        np.arange(len(landmarks), dtype=np.int32), [len(one.positions) for one in landmarks]
    )
    if len(owner) == 0:
        return []
    positions = np.concatenate([one.positions for one in landmarks])
    descriptors = np.concatenate([one.descriptors for one in landmarks])
    matches = [
        _votes(owner, positions, left, right)
        for left, right in _look_alikes(descriptors, owner, likeness, neighbours)
    ]
    pairs = np.concatenate(matches)
    return _capped(_tally(np.unique(pairs, axis=0), votes), most_per_sample)


def _look_alikes(
    descriptors: NDArray[np.float32], owner: NDArray[np.int32], likeness: float, neighbours: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield, block by block, the indices of landmarks and of their closest look-alikes in other samples."""
    for start in range(0, len(descriptors), _BLOCK):
        block = slice(start, start + _BLOCK)
        cosine = descriptors[block] @ descriptors.T
        flat = np.flatnonzero(cosine >= likeness)
        left, right = np.divmod(flat, cosine.shape[1])
        value = cosine.ravel()[flat]
        other = owner[left + start] != owner[right]
        left, right, value = left[other], right[other], value[other]
        order = np.lexsort((right, -value, left))
        left, right = left[order], right[order]
        rank = np.arange(len(left)) - np.searchsorted(left, left)
        kept = rank < neighbours
        yield left[kept] + start, right[kept]


def _votes(
    owner: NDArray[np.int32],
    positions: NDArray[np.int32],
    left: NDArray[np.intp],
    right: NDArray[np.intp],
) -> NDArray[np.int64]:
    """Turn matches into rows (a, b, row shift, column shift, landmark of a, landmark of b) with a < b."""
    swap = owner[left] > owner[right]
    one, two = np.where(swap, right, left), np.where(swap, left, right)
    shift = positions[one] - positions[two]
    return np.column_stack([owner[one], owner[two], shift, one, two]).astype(np.int64)


def _tally(matches: NDArray[np.int64], votes: int) -> list[Candidate]:
    """Find for each pair the shift most matches agree on, counting in four staggered grids of cells."""
    if len(matches) == 0:
        return []
    a, b, row, col = matches[:, :4].T
    pair = a * (int(b.max()) + 1) + b
    best: dict[int, Candidate] = {}
    for row_offset in (0, VOTE_PX // 2):
        for col_offset in (0, VOTE_PX // 2):
            cell_row = (row + row_offset + _SHIFT_SPAN) // VOTE_PX
            cell_col = (col + col_offset + _SHIFT_SPAN) // VOTE_PX
            key = (pair * (4 * _SHIFT_SPAN) + cell_row) * (4 * _SHIFT_SPAN) + cell_col
            _, first, inverse, count = np.unique(
                key, return_index=True, return_inverse=True, return_counts=True
            )
            mean_row = np.round(np.bincount(inverse, row) / count).astype(int)
            mean_col = np.round(np.bincount(inverse, col) / count).astype(int)
            for cell in np.flatnonzero(count >= votes):
                at, n = int(first[cell]), int(count[cell])
                seen = best.get(int(pair[at]))
                if seen is None or n > seen.votes:
                    best[int(pair[at])] = Candidate(
                        int(a[at]), int(b[at]), int(mean_row[cell]), int(mean_col[cell]), n
                    )
    return [best[key] for key in sorted(best)]


def _capped(candidates: list[Candidate], most_per_sample: int) -> list[Candidate]:
    """Keep a candidate when it is among the most voted of either of its two samples."""
    used: dict[int, int] = {}
    kept = []
    for one in sorted(candidates, key=lambda c: (-c.votes, c.a, c.b)):
        if min(used.get(one.a, 0), used.get(one.b, 0)) < most_per_sample:
            kept.append(one)
            used[one.a] = used.get(one.a, 0) + 1
            used[one.b] = used.get(one.b, 0) + 1
    return sorted(kept, key=lambda c: (c.a, c.b))
