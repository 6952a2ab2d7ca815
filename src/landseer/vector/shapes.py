"""Shapes of a class map that comes in strips: what is closed is handed on, what may go on below is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from landseer.vector.rings import Rings, trace
from landseer.vector.runs import Runs, no_runs, touching, turns

NODATA = -1
"""Value of runs that are no shape, but whose neighbours are cut off by them."""

Connectivity = Literal[4, 8]


@dataclass(frozen=True, slots=True)
class Shapes:
    """Closed shapes.

    Attributes:
        rings: outlines of the parts; `rings.shape` numbers the parts.
        feature: (p,) the shape to which each part belongs, 0, 1, 2 … without gaps; parts of one shape meet in corners.
        value: (f,) value of each shape's pixels.
        n_px: (f,) number of its pixels.
        weight: (f,) sum of its pixels' weights.
        n_weighted: (f,) number of its pixels with a weight.
        is_cut: (f,) whether it touches the border of the map or pixels without data.
    """

    rings: Rings
    feature: NDArray[np.int64]
    value: NDArray[np.int64]
    n_px: NDArray[np.int64]
    weight: NDArray[np.float64]
    n_weighted: NDArray[np.int64]
    is_cut: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Piece:
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


class ShapeCollector:
    """Takes the runs of a map strip by strip and returns the shapes that are closed.

    Memory is that of the shapes which reach into the last row; time is in proportion to runs and corners, whatever the
    number of strips that a shape spans.
    """

    def __init__(self, height: int, width: int, connectivity: Connectivity = 4) -> None:
        self._height, self._width, self._corners = height, width, connectivity == 8
        self._carried, self._carried_part = no_runs(), np.zeros(0, np.int64)
        self._carried_key = np.zeros(0, np.int64)
        self._open: dict[int, list[_Piece]] = {}
        self._next_part, self._next_key = 0, 0

    def feed(self, runs: Runs, weight: NDArray[np.float64], last_row: int) -> Shapes:
        """Take one strip.

        Args:
            runs: of the strip, without those that shall be no shape; `NODATA` marks missing pixels.
            weight: (n, 2) sum and number of the weights of each run's pixels.
            last_row: last row of the strip.

        Returns:
            The shapes that do not reach into the last row; all that are left where it is the last one of the map.
        """
        n_old = len(self._carried)
        runs = self._carried.then(runs)
        is_kept, is_new = runs.value != NODATA, np.arange(len(runs)) >= n_old
        is_open = (runs.row == last_row) & (last_row < self._height - 1)
        sides = touching(runs)
        part = self._next_part + _components(len(runs), _equal(runs, sides))
        self._next_part += len(runs)
        near = touching(runs, corners=True) if self._corners else sides
        links = [_equal(runs, near), _links(self._carried_key)]
        group = _components(len(runs), np.concatenate(links))
        which, corners = turns(runs, is_kept & ~is_open, is_kept & is_new)
        numbers = np.zeros((len(runs), 5))
        numbers[:, 0] = runs.value
        numbers[is_new, 1] = (runs.stop - runs.start)[is_new]
        numbers[is_new, 2:4] = weight
        numbers[:, 4] = self._is_cut(runs, sides)
        strip = _Strip(
            part,
            group,
            which,
            corners.astype(np.int32),
            numbers,
            is_kept,
            np.stack([self._carried_part, part[:n_old]], axis=1),
        )
        closed = self._close(strip, is_open)
        self._carried, self._carried_part = runs.take(is_open), part[is_open]
        return _shapes(closed)

    def _close(self, strip: _Strip, is_open: NDArray[np.bool_]) -> list[_Piece]:
        """Take the closed shapes out of a strip and what was kept; keep the open ones."""
        n_groups, n_old = int(strip.group.max(initial=-1)) + 1, len(self._carried_key)
        goes_on, comes_on = np.zeros(n_groups, bool), np.zeros(n_groups, bool)
        was_kept = strip.is_kept[:n_old]
        goes_on[strip.group[is_open & strip.is_kept]] = True
        comes_on[strip.group[:n_old][was_kept]] = True
        closed = [strip.pieces(np.flatnonzero(~goes_on & ~comes_on))]
        keys: dict[int, set[int]] = {}
        carried = zip(strip.group[:n_old][was_kept], self._carried_key[was_kept], strict=True)
        for group, key in carried:
            keys.setdefault(int(group), set()).add(int(key))
        new_keys = np.full(n_groups, -1)
        groups = np.flatnonzero(goes_on | comes_on)
        for group, piece in zip(groups.tolist(), strip.split(groups), strict=True):
            pieces = self._gathered(keys.get(group, ()), piece)
            new_keys[group] = self._next_key
            self._next_key += 1
            if goes_on[group]:
                self._open[int(new_keys[group])] = pieces
            else:
                closed += [_regrouped(piece, -int(new_keys[group]) - 1) for piece in pieces]
        self._carried_key = new_keys[strip.group[is_open]]
        return closed

    def _gathered(self, keys: Iterable[int], piece: _Piece) -> list[_Piece]:
        """Put what was kept of some shapes into one list, the shorter ones into the longest."""
        lists = sorted((self._open.pop(key) for key in sorted(keys)), key=len)
        longest = lists.pop() if lists else []
        for pieces in lists:
            longest += pieces
        longest.append(piece)
        return longest

    def _is_cut(self, runs: Runs, sides: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which runs lie at the border of the map or beside pixels without data."""
        is_cut = (runs.start == 0) | (runs.stop == self._width)
        is_cut |= (runs.row == 0) | (runs.row == self._height - 1)
        upper, lower = sides.T
        is_missing = runs.value == NODATA
        is_cut[upper[is_missing[lower]]] = True
        is_cut[lower[is_missing[upper]]] = True
        beside = (runs.row[1:] == runs.row[:-1]) & (runs.start[1:] == runs.stop[:-1])
        is_cut[:-1] |= beside & is_missing[1:]
        is_cut[1:] |= beside & is_missing[:-1]
        return is_cut


@dataclass(frozen=True, slots=True)
class _Strip:
    """All runs of a strip and of the row above it, and to what they belong.

    Attributes:
        part, group: (n,) of each run.
        which, corners: runs and places of the corners.
        numbers: (n, 5) as `_Piece.sums`, by run.
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

    def pieces(self, groups: NDArray[np.int64]) -> _Piece:
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

    def split(self, groups: NDArray[np.int64]) -> list[_Piece]:
        """Return each of some groups as a piece of its own."""
        runs = _by_group(self.group, groups)
        corners = _by_group(self.group[self.which], groups)
        old = _by_group(self.group[: len(self.same)], groups)
        return [self._piece(*each) for each in zip(runs, corners, old, strict=True)]

    def _piece(
        self, runs: NDArray[np.int64], corners: NDArray[np.int64], old: NDArray[np.int64]
    ) -> _Piece:
        """Add up what some runs say about their parts."""
        part, first, inverse = np.unique(self.part[runs], return_index=True, return_inverse=True)
        sums = np.stack(
            [_added(inverse, column, len(part)) for column in self.numbers[runs].T], axis=1
        )
        sums[:, 0] = self.numbers[runs[first], 0]
        return _Piece(
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


def _components(count: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number what hangs together by pairs."""
    graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), (count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _added(
    owner: NDArray[np.int64], numbers: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    """Add up numbers by owner."""
    return np.bincount(owner, numbers, count).astype(np.float64)


def _equal(runs: Runs, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Keep the pairs of runs of the same value."""
    return pairs[runs.value[pairs[:, 0]] == runs.value[pairs[:, 1]]]


def _links(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pair neighbours in the order of their keys that have the same one."""
    order = np.argsort(keys, kind="stable")
    is_same = keys[order][1:] == keys[order][:-1]
    return np.stack([order[:-1][is_same], order[1:][is_same]], axis=1)


def _regrouped(piece: _Piece, group: int) -> _Piece:
    """Give a piece of one shape another number."""
    return _Piece(
        piece.owner, piece.corners, piece.part, np.full(len(piece.part), group), piece.sums, piece.same
    )  # fmt: skip


def _shapes(pieces: list[_Piece]) -> Shapes:
    """Join pieces: parts by what turned out to be the same, and their corners to rings."""
    owner = np.concatenate([piece.owner for piece in pieces])
    part = np.concatenate([piece.part for piece in pieces])
    same = np.concatenate([piece.same for piece in pieces])
    names, at = np.unique(np.concatenate([part, same.ravel(), owner]), return_inverse=True)
    pairs = at[len(part) : len(part) + same.size].reshape(-1, 2)
    number = _components(len(names), pairs)
    part, owner = number[at[: len(part)]], number[at[len(part) + same.size :]]
    group, sums = (np.concatenate([getattr(p, name) for p in pieces]) for name in ("group", "sums"))
    _, feature = np.unique(group, return_inverse=True)
    n_features = int(feature.max(initial=-1)) + 1
    totals = np.stack([_added(feature, column, n_features) for column in sums.T], axis=1)
    value, of_part = np.zeros(n_features, np.int64), np.zeros(len(names), np.int64)
    value[feature] = sums[:, 0].astype(np.int64)
    of_part[part] = feature
    corners = np.concatenate([piece.corners for piece in pieces])
    rings = trace(owner, corners)
    return Shapes(
        rings=rings,
        feature=of_part[: int(number.max(initial=-1)) + 1],
        value=value,
        n_px=totals[:, 1].astype(np.int64),
        weight=totals[:, 2],
        n_weighted=totals[:, 3].astype(np.int64),
        is_cut=totals[:, 4] > 0,
    )
