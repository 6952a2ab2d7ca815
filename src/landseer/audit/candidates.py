"""Candidates: pairs of samples whose landmarks look alike and agree on one shift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from landseer.audit.descriptor import Landmarks
from landseer.audit.neighbours import (
    Cells,
    encode,
    least_product,
    look_alikes,
    look_alikes_in_cells,
    make_cells,
)
from landseer.core.parallel import parallel_map

VOTE_PX = 4
"""Two matches vote for the same shift when it differs by less than this, in working pixels."""

EXACT_UP_TO = 60_000
"""Up to this many landmarks each is compared with all; above it with those of the nearest cells."""

_SHIFT_SPAN = 1 << 12
_BLOCK_LANDMARKS = 1 << 17

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two samples that may show the same place: pixel (0, 0) of `b` would lie at (row, col) of `a`."""

    a: int
    b: int
    row: int
    col: int
    votes: int


@dataclass(frozen=True, slots=True)
class LandmarkTable:
    """The landmarks of many samples, in a quarter of the bytes.

    Attributes:
        owner: (n,) int32 sample of each landmark, ascending.
        positions: (n, 2) int16 row and column, in working pixels.
        codes: (n, 64) int8 from `neighbours.encode`.
    """

    owner: NDArray[np.int32]
    positions: NDArray[np.int16]
    codes: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Proposals:
    """Candidates as a table, and what was left out in finding them.

    Attributes:
        rows: (n, 5) int64 columns a, b, row, col, votes with a < b, one per pair, sorted by (a, b).
        n_cut: proposals dropped because their samples had more than they may keep; in cells counted sample by sample,
            some of them kept for the other sample's sake.
        n_uncompared: comparisons of landmarks that crowded cells left out.
    """

    rows: Numbers
    n_cut: int = 0
    n_uncompared: int = 0

    def candidates(self) -> list[Candidate]:
        """Return the rows one by one."""
        return [Candidate(*row) for row in self.rows.tolist()]


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

    Edges: above `EXACT_UP_TO` landmarks the search is `propose_in_cells`.
    Source: own; voting for a translation is the Hough transform of Lowe 2004 (doi:10.1023/B:VISI.0000029664.99615.94).
    """
    counts = [len(one.positions) for one in landmarks]
    if sum(counts) > EXACT_UP_TO:
        table = make_table(landmarks)
        return propose_in_cells(
            table, likeness=likeness, neighbours=neighbours, votes=votes,
            most_per_sample=most_per_sample,
        ).candidates()  # fmt: skip
    return propose_exactly(
        landmarks, likeness=likeness, neighbours=neighbours, votes=votes,
        most_per_sample=most_per_sample,
    ).candidates()  # fmt: skip


def make_table(landmarks: Sequence[Landmarks]) -> LandmarkTable:
    """Put the landmarks of all samples into one table."""
    counts = [len(one.positions) for one in landmarks]
    return LandmarkTable(
        np.repeat(np.arange(len(counts), dtype=np.int32), counts),
        np.concatenate([one.positions.astype(np.int16) for one in landmarks]),
        np.concatenate([encode(one.descriptors) for one in landmarks]),
    )


def propose_exactly(
    landmarks: Sequence[Landmarks],
    *,
    likeness: float,
    neighbours: int,
    votes: int,
    most_per_sample: int,
) -> Proposals:
    """Propose pairs by comparing each landmark with all others; see `find_candidates`."""
    owner = np.repeat(
        np.arange(len(landmarks), dtype=np.int32), [len(one.positions) for one in landmarks]
    )
    if len(owner) == 0:
        return Proposals(np.zeros((0, 5), np.int64))
    positions = np.concatenate([one.positions for one in landmarks])
    descriptors = np.concatenate([one.descriptors for one in landmarks])
    matches = [
        _directed_low_first(owner, positions, left, right)
        for left, right in look_alikes(descriptors, owner, likeness, neighbours)
    ]
    rows = _tally(np.unique(np.concatenate(matches), axis=0)[:, :4], votes)
    kept = _among_the_most(rows, most_per_sample)
    return Proposals(rows[kept], int((~kept).sum()))


def propose_in_cells(
    table: LandmarkTable,
    *,
    likeness: float,
    neighbours: int,
    votes: int,
    most_per_sample: int,
    workers: int | None = None,
) -> Proposals:
    """Propose pairs of a large set by comparing each landmark with those of its nearest cells.

    Time grows with the power 1.5 of the number of landmarks, memory linearly. Each sample counts the votes of its own
    landmarks alone, so one vote fewer is asked (never fewer than 2); a pair stays when it is among the
    `most_per_sample` most voted of either sample, ties going to the lower number.

    Args:
        table: the landmarks of all samples.
        likeness, neighbours, votes, most_per_sample: as in `find_candidates`.
    """
    if len(table.owner) == 0:
        return Proposals(np.zeros((0, 5), np.int64))
    cells = make_cells(table.codes, table.owner, workers=workers)
    least = least_product(cells, likeness, neighbours)
    bounds = _blocks(table.owner)

    def search(block: tuple[int, int]) -> Proposals:
        """Propose the partners of some samples."""
        return _propose_block(
            table, cells, block, least, neighbours, max(votes - 1, 2), most_per_sample
        )

    parts = list(parallel_map(search, bounds, label="looking for the same place", workers=workers))
    both = np.concatenate([part.rows for part in parts])
    order = np.lexsort((-both[:, 4], both[:, 1], both[:, 0]))
    both = both[order]
    rows = both[_first_of_run(both[:, 0], both[:, 1])]
    return Proposals(
        rows, sum(part.n_cut for part in parts), sum(part.n_uncompared for part in parts)
    )


def _blocks(owner: NDArray[np.int32]) -> list[tuple[int, int]]:
    """Cut the landmarks into runs of whole samples."""
    bounds = [0]
    while bounds[-1] < len(owner):
        last = min(bounds[-1] + _BLOCK_LANDMARKS, len(owner)) - 1
        stop = int(np.searchsorted(owner, owner[last]))
        if stop <= bounds[-1] or last == len(owner) - 1:
            stop = int(np.searchsorted(owner, owner[last], side="right"))
        bounds.append(stop)
    return list(pairwise(bounds))


def _propose_block(
    table: LandmarkTable,
    cells: Cells,
    block: tuple[int, int],
    least: int,
    neighbours: int,
    votes: int,
    most_per_sample: int,
) -> Proposals:
    """Propose the partners of the samples of a block of landmarks, the most voted of each."""
    left, right, n_uncompared = look_alikes_in_cells(cells, *block, least, neighbours)
    often = _of_frequent_pairs(table.owner[left], table.owner[right], votes)
    left, right = left[often], right[often]
    shift = table.positions[left].astype(np.int64) - table.positions[right]
    rows = _tally(np.column_stack([table.owner[left], table.owner[right], shift]), votes)
    rows = rows[np.lexsort((rows[:, 1], -rows[:, 4], rows[:, 0]))]
    rank = np.arange(len(rows)) - np.searchsorted(rows[:, 0], rows[:, 0])
    kept = rows[rank < most_per_sample]
    swap = kept[:, 0] > kept[:, 1]
    kept[swap] = kept[swap][:, [1, 0, 2, 3, 4]] * np.array([1, 1, -1, -1, 1])
    return Proposals(kept, len(rows) - len(kept), n_uncompared)


def _directed_low_first(
    owner: NDArray[np.int32], positions: NDArray[np.int32], left: Numbers, right: Numbers
) -> Numbers:
    """Turn matches into rows (a, b, row shift, column shift, landmark of a, landmark of b) with a < b."""
    swap = owner[left] > owner[right]
    one, two = np.where(swap, right, left), np.where(swap, left, right)
    shift = positions[one] - positions[two]
    return np.column_stack([owner[one], owner[two], shift, one, two]).astype(np.int64)


def _tally(matches: Numbers, votes: int) -> Numbers:
    """Find for each pair the shift most matches agree on, counting in four staggered grids of cells.

    Args:
        matches: (n, 4) int64 columns a, b, row shift, column shift.
        votes: least number of matches.

    Returns:
        (m, 5) int64 columns a, b, row, col, votes, sorted by (a, b).
    """
    matches = matches[_of_frequent_pairs(matches[:, 0], matches[:, 1], votes)]
    if len(matches) == 0:
        return np.zeros((0, 5), np.int64)
    a, b, row, col = matches.T
    # Numbered densely, so that the keys below stay small whatever the number of samples.
    _, pair = np.unique(a * (int(b.max()) + 1) + b, return_inverse=True)
    found = []
    for row_offset in (0, VOTE_PX // 2):
        for col_offset in (0, VOTE_PX // 2):
            cell_row = (row + row_offset + _SHIFT_SPAN) // VOTE_PX
            cell_col = (col + col_offset + _SHIFT_SPAN) // VOTE_PX
            key = (pair * (2 * _SHIFT_SPAN) + cell_row) * (2 * _SHIFT_SPAN) + cell_col
            _, first, inverse, count = np.unique(
                key, return_index=True, return_inverse=True, return_counts=True
            )
            mean_row = np.round(np.bincount(inverse, row) / count)
            mean_col = np.round(np.bincount(inverse, col) / count)
            rows = np.column_stack([a[first], b[first], mean_row, mean_col, count])
            found.append(rows[count >= votes].astype(np.int64))
    every = np.concatenate(found)
    every = every[np.lexsort((np.arange(len(every)), -every[:, 4], every[:, 1], every[:, 0]))]
    return every[_first_of_run(every[:, 0], every[:, 1])]


def _of_frequent_pairs(
    a: NDArray[np.signedinteger], b: NDArray[np.signedinteger], votes: int
) -> Numbers:
    """Return the matches, by position, of the pairs that have at least `votes` in all."""
    if len(a) == 0:
        return np.zeros(0, np.int64)
    pair = a.astype(np.int64) * (int(b.max()) + 1) + b
    order = np.argsort(pair, kind="stable")
    starts = np.flatnonzero(np.diff(pair[order], prepend=-1))
    counts = np.diff(starts, append=len(order))
    return order[np.repeat(counts >= votes, counts)]


def _first_of_run(one: Numbers, two: Numbers) -> NDArray[np.bool_]:
    """Tell which rows differ from the row before."""
    first = np.ones(len(one), bool)
    first[1:] = (one[1:] != one[:-1]) | (two[1:] != two[:-1])
    return first


def _among_the_most(rows: Numbers, most_per_sample: int) -> NDArray[np.bool_]:
    """Tell which candidates are among the most voted of either of their two samples."""
    used: dict[int, int] = {}
    kept = np.zeros(len(rows), bool)
    for number in np.lexsort((rows[:, 1], rows[:, 0], -rows[:, 4])):
        a, b = int(rows[number, 0]), int(rows[number, 1])
        if min(used.get(a, 0), used.get(b, 0)) < most_per_sample:
            kept[number] = True
            used[a] = used.get(a, 0) + 1
            used[b] = used.get(b, 0) + 1
    return kept
