"""Neighbours: which landmarks look alike, by comparing all, or in a large set those of the nearest cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.core.parallel import parallel_map

CODE_LENGTH = 200
"""Length of a descriptor as whole numbers. Products of two codes stay below 2**24, so that float32 adds them without
rounding: the same on every machine, in every order."""

PROBES = 6
"""Cells in which a landmark's look-alikes are looked for."""

_BLOCK = 1024
_ROUNDS = 4
_TRAINED_PER_CELL = 32
_MOST_CELLS = 4096
_CROWDED = 4
_PRODUCT = 1 << 20
_MOST_LIKENESS = 0.9
_SPARE = 3
_MOST_PENDING = 1 << 22

Numbers = NDArray[np.int64]


def look_alikes(
    descriptors: NDArray[np.float32], owner: NDArray[np.int32], likeness: float, neighbours: int
) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield, block by block, the numbers of landmarks and of their closest look-alikes in other samples.

    Args:
        descriptors: (n, 64) float32 of unit length.
        owner: (n,) int32 sample of each landmark.
        likeness: least cosine, 0..1.
        neighbours: look-alikes kept per landmark, the closest first.
    """
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


def encode(descriptors: NDArray[np.float32]) -> NDArray[np.int8]:
    """Round descriptors to whole numbers.

    Args:
        descriptors: (n, 64) float32 of unit length.

    Returns:
        (n, 64) int8 of length `CODE_LENGTH`, nearly; a component above 0.635 is clipped.
    """
    return np.clip(np.rint(descriptors * np.float32(CODE_LENGTH)), -127, 127).astype(np.int8)


@dataclass(frozen=True, slots=True)
class Cells:
    """Landmarks sorted into cells of like ones (an inverted file).

    Attributes:
        codes: (n, 64) int8, in the order of the landmarks.
        owner: (n,) int32 sample of each landmark, ascending.
        members: (n,) int32 landmarks, sorted by cell, then by number.
        starts: (cells + 1,) where each cell begins in `members`.
        probes: (n, p) uint16 the nearest cells of each landmark, its own first.
    """

    codes: NDArray[np.int8]
    owner: NDArray[np.int32]
    members: NDArray[np.int32]
    starts: Numbers
    probes: NDArray[np.uint16]

    @property
    def crowded(self) -> int:
        """Members above which a cell is not searched as a whole."""
        return _CROWDED * max(len(self.members) // (len(self.starts) - 1), 256)


def make_cells(
    codes: NDArray[np.int8], owner: NDArray[np.int32], *, workers: int | None = None
) -> Cells:
    """Sort landmarks into about as many cells as the root of their number.

    Args:
        codes: (n, 64) from `encode`, n at least 1.
        owner: (n,) int32 sample of each landmark, ascending.

    Source: spherical k-means on a strided part, the inverted file of Sivic and Zisserman 2003
    (doi:10.1109/ICCV.2003.1238663). No random numbers and no rounding: the same cells on every machine.
    """
    n_cells = min(1 << max(int(np.sqrt(len(codes))) - 1, 1).bit_length(), _MOST_CELLS)
    centres = _train(codes, min(n_cells, len(codes)))
    n_probes = min(PROBES, len(centres))
    step = max(_PRODUCT // len(centres), 1)
    blocks = range(0, len(codes), step * 64)

    def assign(start: int) -> NDArray[np.uint16]:
        """Find the nearest cells of some landmarks."""
        stop = min(start + step * 64, len(codes))
        return np.concatenate(
            [_nearest(codes[at : at + step], centres, n_probes) for at in range(start, stop, step)]
        )[: stop - start]

    probes = np.concatenate(
        list(parallel_map(assign, blocks, label="sorting landmarks", workers=workers))
    )
    members = np.argsort(probes[:, 0], kind="stable").astype(np.int32)
    sizes = np.bincount(probes[:, 0], minlength=len(centres))
    return Cells(codes, owner, members, np.concatenate([[0], np.cumsum(sizes)]), probes)


def least_product(cells: Cells, likeness: float, neighbours: int) -> int:
    """Return the product of codes from which two landmarks count as alike: the larger the set, the more is asked.

    Asked is what leaves some look-alikes more than are kept, measured on a strided part of the set; never less than
    `likeness` and never more than a cosine of 0.9.
    """
    unit = CODE_LENGTH**2
    some = _strided(len(cells.codes), 512)
    others = _strided(len(cells.codes), 1 << 17)
    counts = np.zeros(2 * unit, np.int64)
    right = cells.codes[others].astype(np.float32)
    for at in range(0, len(some), 64):
        part = some[at : at + 64]
        product = cells.codes[part].astype(np.float32) @ right.T
        flat = np.flatnonzero(product >= likeness * unit)
        rows, cols = np.divmod(flat, len(others))
        apart = cells.owner[part[rows]] != cells.owner[others[cols]]
        alike = product.ravel()[flat[apart]].astype(np.int64)
        counts += np.bincount(alike, minlength=2 * unit)[: 2 * unit]
    above = counts[::-1].cumsum()[::-1] * (len(cells.codes) / len(others) / len(some))
    enough = np.flatnonzero(above <= _SPARE * neighbours)
    asked = int(enough[0]) if len(enough) else unit
    return max(int(np.ceil(likeness * unit)), min(asked, int(_MOST_LIKENESS * unit)))


def look_alikes_in_cells(
    cells: Cells, first: int, stop: int, least: int, neighbours: int
) -> tuple[Numbers, Numbers, int]:
    """Find the closest look-alikes, in other samples, of some landmarks among the members of their nearest cells.

    A crowded cell (one view repeated thousands of times, bare noise) is not searched as a whole: each landmark is
    compared with its first members and with those nearest by number, which is enough to tie all of it together.

    Args:
        first, stop: the landmarks, by number.
        least: least product of two codes that are alike.
        neighbours: look-alikes kept per landmark, the closest first, then the lowest number.

    Returns:
        landmarks, ascending; their look-alikes; how many comparisons crowded cells left out.
    """
    probes = cells.probes[first:stop]
    wanted = probes.ravel()
    order = np.argsort(wanted, kind="stable")
    bounds = np.searchsorted(wanted[order], np.arange(len(cells.starts)))
    found: list[Numbers] = []
    left_out = pending = 0
    for cell in np.flatnonzero(np.diff(bounds)):
        queries = order[bounds[cell] : bounds[cell + 1]] // probes.shape[1]
        members, missed = _members(cells, int(cell), first, stop)
        left_out += missed * len(queries)
        fresh = _alike(cells, queries + first, members, least, neighbours, first)
        found += fresh
        pending += sum(len(one) for one in fresh)
        if pending > _MOST_PENDING:
            found, pending = [_closest(found, neighbours)], 0
    keys = _closest(found, neighbours)
    return (keys >> 45) + first, keys & ((1 << 29) - 1), left_out


def _closest(found: list[Numbers], neighbours: int) -> Numbers:
    """Keep the closest look-alikes of each landmark."""
    if not found:
        return np.zeros(0, np.int64)
    keys = np.sort(np.concatenate(found))
    left = keys >> 45
    return keys[np.arange(len(left)) - np.searchsorted(left, left) < neighbours]


def _members(cells: Cells, cell: int, first: int, stop: int) -> tuple[NDArray[np.int32], int]:
    """Return the members to search, and how many are left out."""
    members = cells.members[cells.starts[cell] : cells.starts[cell + 1]]
    half = cells.crowded // 4
    if len(members) <= cells.crowded:
        return members, 0
    middle = int(np.searchsorted(members, (first + stop) // 2))
    window = members[max(middle - half // 2, half) : max(middle - half // 2, half) + half]
    return np.concatenate([members[:half], window]), len(members) - half - len(window)


def _alike(
    cells: Cells,
    queries: Numbers,
    members: NDArray[np.int32],
    least: int,
    neighbours: int,
    first: int,
) -> list[Numbers]:
    """Compare landmarks with members; a find is one number that sorts by landmark, likeness, and look-alike."""
    if len(members) == 0:
        return []
    right = cells.codes[members].astype(np.float32).T
    found = []
    step = max(_PRODUCT // len(members), 1)
    for at in range(0, len(queries), step):
        part = queries[at : at + step]
        product = cells.codes[part].astype(np.float32) @ right
        flat = np.flatnonzero(product >= least)
        if len(flat) > 2 * neighbours * len(part):
            flat = _strongest(product, cells.owner[part], cells.owner[members], least, neighbours)
        rows, cols = np.divmod(flat, len(members))
        value = product.ravel()[flat].astype(np.int64)
        one, other = part[rows], members[cols].astype(np.int64)
        apart = cells.owner[one] != cells.owner[other]
        one, other, value = one[apart], other[apart], value[apart]
        found.append((one - first) << 45 | ((1 << 16) - 1 - value) << 29 | other)
    return found


def _strongest(
    product: NDArray[np.float32],
    one: NDArray[np.int32],
    other: NDArray[np.int32],
    least: int,
    neighbours: int,
) -> Numbers:
    """Return the flat places of about as many look-alikes per landmark as can be kept, in other samples."""
    product[one[:, None] == other] = -1
    most = min(neighbours, product.shape[1])
    bar = np.partition(product, product.shape[1] - most, axis=1)[:, -most]
    flat = np.flatnonzero(product >= np.maximum(bar, least)[:, None])
    rows = flat // product.shape[1]
    rank = np.arange(len(flat)) - np.searchsorted(rows, rows)
    return flat[rank < 2 * neighbours]


def _train(codes: NDArray[np.int8], n_cells: int) -> NDArray[np.float32]:
    """Find the middles of the cells, in whole numbers."""
    some = codes[_strided(len(codes), _TRAINED_PER_CELL * n_cells)]
    centres = some[_strided(len(some), n_cells)].astype(np.float32)
    step = max(_PRODUCT // n_cells, 1)
    for _ in range(_ROUNDS):
        near = np.concatenate(
            [_nearest(some[at : at + step], centres, 1)[:, 0] for at in range(0, len(some), step)]
        )
        total = np.stack(
            [np.bincount(near, some[:, axis], n_cells) for axis in range(some.shape[1])], axis=1
        )
        length = np.sqrt((total**2).sum(axis=1, keepdims=True))
        moved = np.rint(total * CODE_LENGTH / np.maximum(length, 1)).astype(np.float32)
        centres = np.where(length > 0, moved, centres)
    return centres


def _nearest(
    codes: NDArray[np.int8], centres: NDArray[np.float32], most: int
) -> NDArray[np.uint16]:
    """Return the nearest cells of each landmark, nearest first, then the lowest number."""
    product = codes.astype(np.float32) @ centres.T
    near = np.empty((len(codes), most), np.uint16)
    rows = np.arange(len(codes))
    for rank in range(most):
        near[:, rank] = best = product.argmax(axis=1)
        product[rows, best] = -np.inf
    return near


def _strided(n: int, most: int) -> Numbers:
    """Return up to `most` numbers below n, evenly spaced."""
    most = min(n, most)
    return np.arange(most, dtype=np.int64) * n // max(most, 1)
