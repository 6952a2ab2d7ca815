"""Shapes of a class map that comes in strips: what is closed is handed on, what may go on below is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from landseer.vector.pieces import Piece, Strip, added_up, components, regrouped
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


class ShapeCollector:
    """Takes the runs of a map strip by strip and returns the shapes that are closed.

    Memory is that of the shapes which reach into the last row; time is in proportion to runs and corners, whatever the
    number of strips that a shape spans.
    """

    def __init__(self, height: int, width: int, connectivity: Connectivity = 4) -> None:
        self._height, self._width, self._corners = height, width, connectivity == 8
        self._carried, self._carried_part = no_runs(), np.zeros(0, np.int64)
        self._carried_key = np.zeros(0, np.int64)
        self._open: dict[int, list[Piece]] = {}
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
        part = self._next_part + components(len(runs), _equal(runs, sides))
        self._next_part += len(runs)
        near = touching(runs, corners=True) if self._corners else sides
        links = [_equal(runs, near), _links(self._carried_key)]
        group = components(len(runs), np.concatenate(links))
        which, corners = turns(runs, is_kept & ~is_open, is_kept & is_new)
        numbers = np.zeros((len(runs), 5))
        numbers[:, 0] = runs.value
        numbers[is_new, 1] = (runs.stop - runs.start)[is_new]
        numbers[is_new, 2:4] = weight
        numbers[:, 4] = self._is_cut(runs, sides)
        strip = Strip(
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

    def _close(self, strip: Strip, is_open: NDArray[np.bool_]) -> list[Piece]:
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
                closed += [regrouped(piece, -int(new_keys[group]) - 1) for piece in pieces]
        self._carried_key = new_keys[strip.group[is_open]]
        return closed

    def _gathered(self, keys: Iterable[int], piece: Piece) -> list[Piece]:
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


def _equal(runs: Runs, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Keep the pairs of runs of the same value."""
    return pairs[runs.value[pairs[:, 0]] == runs.value[pairs[:, 1]]]


def _links(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pair neighbours in the order of their keys that have the same one."""
    order = np.argsort(keys, kind="stable")
    is_same = keys[order][1:] == keys[order][:-1]
    return np.stack([order[:-1][is_same], order[1:][is_same]], axis=1)


def _shapes(pieces: list[Piece]) -> Shapes:
    """Join pieces: parts by what turned out to be the same, and their corners to rings."""
    owner = np.concatenate([piece.owner for piece in pieces])
    part = np.concatenate([piece.part for piece in pieces])
    same = np.concatenate([piece.same for piece in pieces])
    names, at = np.unique(np.concatenate([part, same.ravel(), owner]), return_inverse=True)
    pairs = at[len(part) : len(part) + same.size].reshape(-1, 2)
    number = components(len(names), pairs)
    part, owner = number[at[: len(part)]], number[at[len(part) + same.size :]]
    group, sums = (np.concatenate([getattr(p, name) for p in pieces]) for name in ("group", "sums"))
    _, feature = np.unique(group, return_inverse=True)
    n_features = int(feature.max(initial=-1)) + 1
    totals = np.stack([added_up(feature, column, n_features) for column in sums.T], axis=1)
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
