"""What is known of shapes after some strips of a map: corners, parts, and which parts turned out to be one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True, slots=True)
class Piece:
    """What is known of some shapes after some strips.

    Attributes:
        owner: (n,) number of the part to which each corner belongs.
        corners: (n, 4) as of `turns`.
        part: (m,) numbers of parts.
        group: (m,) the shape of each.
        sums: (m, 5) value, pixels, weight, pixels with weight, cut pixels.
        same: (q, 2) numbers that turned out to mean one part.
    """

    owner: NDArray[np.int64]
    corners: NDArray[np.int32]
    part: NDArray[np.int64]
    group: NDArray[np.int64]
    sums: NDArray[np.float64]
    same: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Strip:
    """All runs of a strip and of the row above it, and to what they belong.

    Attributes:
        part, group: (n,) of each run.
        which, corners: runs and places of the corners.
        numbers: (n, 5) as `Piece.sums`, by run.
        is_kept: (n,) false of pixels without data.
        same: (k, 2) old and new part of the runs of the row above, which are the first k runs.
    """

    part: NDArray[np.int64]
    group: NDArray[np.int64]
    which: NDArray[np.int64]
    corners: NDArray[np.int32]
    numbers: NDArray[np.float64]
    is_kept: NDArray[np.bool_]
    same: NDArray[np.int64]

    def pieces(self, groups: NDArray[np.int64]) -> Piece:
        """Return all shapes of some groups as one piece."""
        is_wanted = np.zeros(int(self.group.max(initial=-1)) + 1, bool)
        is_wanted[groups] = True
        of_run = is_wanted[self.group] & self.is_kept
        of_corner = of_run[self.which]
        return self._piece(
            np.flatnonzero(of_run),
            np.flatnonzero(of_corner),
            np.flatnonzero(of_run[: len(self.same)]),
        )

    def split(self, groups: NDArray[np.int64]) -> list[Piece]:
        """Return each of some groups as a piece of its own."""
        runs = _by_group(self.group, groups)
        corners = _by_group(self.group[self.which], groups)
        old = _by_group(self.group[: len(self.same)], groups)
        return [self._piece(*each) for each in zip(runs, corners, old, strict=True)]

    def _piece(
        self, runs: NDArray[np.int64], corners: NDArray[np.int64], old: NDArray[np.int64]
    ) -> Piece:
        """Add up what some runs say about their parts."""
        part, first, inverse = np.unique(self.part[runs], return_index=True, return_inverse=True)
        sums = np.stack(
            [added_up(inverse, column, len(part)) for column in self.numbers[runs].T], axis=1
        )
        sums[:, 0] = self.numbers[runs[first], 0]
        return Piece(
            self.part[self.which[corners]],
            self.corners[corners],
            part,
            self.group[runs[first]],
            sums,
            self.same[old],
        )


def _by_group(group: NDArray[np.int64], wanted: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the positions of the members of each wanted group."""
    positions = np.flatnonzero(np.isin(group, wanted))
    positions = positions[np.argsort(group[positions], kind="stable")]
    ends = np.searchsorted(group[positions], wanted, "right")
    return np.split(positions, ends[:-1]) if len(wanted) else []


def regrouped(piece: Piece, group: int) -> Piece:
    """Give a piece of one shape another number."""
    return Piece(
        piece.owner, piece.corners, piece.part, np.full(len(piece.part), group), piece.sums, piece.same
    )  # fmt: skip


def components(count: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number what hangs together by pairs."""
    graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), (count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def added_up(
    owner: NDArray[np.int64], numbers: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    """Add up numbers by owner."""
    return np.bincount(owner, numbers, count).astype(np.float64)
