"""Objects of class maps of any size: connected pixels, followed from strip to strip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from landseer.metrics.objects import Overlaps

Ids = NDArray[np.int64]
"""(h, w) numbers of objects that hold through the whole scene, counted from 1; 0: no object."""

_AROUND = {4: ndimage.generate_binary_structure(2, 1), 8: ndimage.generate_binary_structure(2, 2)}


_HALF_BITS = 31
"""Objects of a scene are fewer than 2^31, so that two numbers fit one word."""


class Components:
    """Gives connected pixels of a mask that comes in strips a number; numbers that prove to be one are united later.

    Args:
        connectivity: 4 or 8 neighbours.
    """

    def __init__(self, connectivity: int = 8) -> None:
        self._around = _AROUND[connectivity]
        self._parents = np.zeros(1, np.int64)
        self._last: Ids | None = None

    def label(self, mask: NDArray[np.bool_]) -> Ids:
        """Number the next strip: (h, w) true where objects are."""
        if not len(mask):
            return np.zeros(mask.shape, np.int64)
        if self._last is None:
            ids = self._number(mask)
        else:
            ids = self._number(np.vstack([self._last > 0, mask]))
            self._unite(self._last, ids[:1])
            ids = ids[1:]
        self._last = ids[-1:].copy()
        return ids

    def roots(self) -> NDArray[np.int64]:
        """Return for each number given the one that stands for its object; 0 for 0."""
        roots = self._parents
        while True:
            further = roots[roots]
            if np.array_equal(further, roots):
                return roots
            roots = further

    def _number(self, mask: NDArray[np.bool_]) -> Ids:
        """Give the connected pixels of a mask numbers that were never given before."""
        strip, n = ndimage.label(mask, self._around)
        start = len(self._parents)
        self._parents = np.concatenate([self._parents, np.arange(start, start + n)])
        return np.where(strip > 0, strip.astype(np.int64) + (start - 1), 0)

    def _unite(self, above: Ids, below: Ids) -> None:
        """Note that the numbers of two equal rows belong together."""
        first, second, _ = _count_pairs(above[above > 0], below[above > 0])
        for one, other in zip(first.tolist(), second.tolist(), strict=True):
            roots = self._root(one), self._root(other)
            self._parents[max(roots)] = min(roots)

    def _root(self, number: int) -> int:
        """Follow a number to the one that stands for its object, and shorten the way."""
        root = number
        while self._parents[root] != root:
            root = int(self._parents[root])
        while self._parents[number] != root:
            self._parents[number], number = root, int(self._parents[number])
        return root


class ObjectCounter:
    """Lays the objects of two masks that come in strips on each other; the result equals that of one pass.

    Memory grows with the number of objects, not with the area.

    Args:
        connectivity: 4 or 8: which neighbours belong to one object.
    """

    def __init__(self, connectivity: int = 8) -> None:
        self._true, self._predicted = Components(connectivity), Components(connectivity)
        self._areas = [_Sums(), _Sums(), _Sums()]
        self._pairs: dict[tuple[int, int], int] = {}
        self._is_numbered = False

    def add(
        self,
        truth: NDArray[np.bool_] | NDArray[np.integer],
        prediction: NDArray[np.bool_],
        ignored: NDArray[np.bool_] | None = None,
    ) -> None:
        """Take the next strip.

        Args:
            truth: (h, w) true where objects are; or their numbers, 0 for none, where touching ones are told apart.
            prediction: (h, w) true where objects are predicted.
            ignored: (h, w) true where nothing is judged.
        """
        known = None if ignored is None or not ignored.any() else ~ignored
        if truth.dtype == np.bool_:
            mask = truth.astype(bool, copy=False)
            true = self._true.label(mask if known is None else mask & known)
        else:
            self._is_numbered = True
            numbers = truth.astype(np.int64)
            true = numbers if known is None else np.where(known, numbers, 0)
        predicted = self._predicted.label(prediction)
        if known is not None:
            self._areas[2].add(predicted[~known])
            predicted = np.where(known, predicted, 0)
        for sums, ids in zip(self._areas, (true, predicted), strict=False):
            sums.add(ids[ids > 0])
        both = (true > 0) & (predicted > 0)
        self._add_pairs(true[both], predicted[both])

    def finish(self) -> Overlaps:
        """Return how the objects of the whole scene lie on each other."""
        roots = self._predicted.roots()
        true_roots = None if self._is_numbered else self._true.roots()
        true_ids, true = self._areas[0].united(true_roots)
        inside, areas = self._areas[1].united(roots)
        outside, hidden = self._areas[2].united(roots)
        ids = np.union1d(inside, outside)
        keys = np.array(list(self._pairs), np.int64).reshape(-1, 2)
        first = np.searchsorted(
            true_ids, keys[:, 0] if true_roots is None else true_roots[keys[:, 0]]
        )
        second = np.searchsorted(ids, roots[keys[:, 1]])
        pairs, where = np.unique(np.stack([first, second], axis=1), axis=0, return_inverse=True)
        shared = np.array(list(self._pairs.values()), np.float64)
        return Overlaps(
            true=true,
            predicted=_spread(ids, inside, areas),
            pairs=pairs.astype(np.int64),
            shared=_sums(where.ravel(), shared, len(pairs)),
            ignored=_spread(ids, outside, hidden),
        )

    def _add_pairs(self, true: Ids, predicted: Ids) -> None:
        """Count pixels by pair of objects."""
        first, second, counts = (found.tolist() for found in _count_pairs(true, predicted))
        for pair, count in zip(zip(first, second, strict=True), counts, strict=True):
            self._pairs[pair] = self._pairs.get(pair, 0) + count


class _Sums:
    """Pixels by number of object."""

    def __init__(self) -> None:
        self._ids: list[Ids] = []
        self._counts: list[NDArray[np.int64]] = []

    def add(self, ids: Ids) -> None:
        """Count the pixels of each number."""
        unique, counts = np.unique(ids[ids > 0], return_counts=True)
        self._ids.append(unique)
        self._counts.append(counts)

    def united(self, roots: NDArray[np.int64] | None) -> tuple[Ids, NDArray[np.float64]]:
        """Return the objects' numbers, ascending, and their areas; without roots numbers stay as they are."""
        if not self._ids:
            return np.zeros(0, np.int64), np.zeros(0)
        given = np.concatenate(self._ids)
        ids, where = np.unique(given if roots is None else roots[given], return_inverse=True)
        return ids, _sums(where, np.concatenate(self._counts), len(ids))


def _count_pairs(first: Ids, second: Ids) -> tuple[Ids, Ids, NDArray[np.int64]]:
    """Return each pair of numbers that stand at the same place, and how often."""
    keys, counts = np.unique((first << _HALF_BITS) | second, return_counts=True)
    return keys >> _HALF_BITS, keys & (2**_HALF_BITS - 1), counts


def _sums(
    places: NDArray[np.intp], values: NDArray[np.int64] | NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    """Add up the values of each place."""
    return np.bincount(places, values.astype(np.float64), minlength=size).astype(np.float64)


def _spread(ids: Ids, some: Ids, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give every number its value, 0 where it has none."""
    found = np.zeros(len(ids))
    found[np.searchsorted(ids, some)] = values
    return found
