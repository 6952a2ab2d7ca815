"""Forest: which proposed pairs to prove next, when not every pair but only who hangs together has to be known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

ROUNDS = 12
"""After so many rounds what could still join anything is proved at once."""

SECOND_LINKS = 2
"""A sample's strongest proposals that are proved even where they close a ring: rings show a wrong link."""

MOST_FAILED = 8
"""Two samples that have each failed so many proofs, and passed none, are not tried any more: bare texture."""

Numbers = NDArray[np.int64]
Marks = NDArray[np.bool_]


def prove_by_forest(
    pairs: Numbers, n_samples: int, prove: Callable[[Numbers], Marks]
) -> tuple[Numbers, Numbers, Numbers]:
    """Prove pairs until all that could still join two samples has been tried, and leave the rest.

    Each round proves the strongest spanning forest of what has not been tried between parts that are not yet joined.
    One view repeated m times takes fewer than 3 m proofs that way, and not m (m - 1) / 2.

    Args:
        pairs: (n, 3) columns a, b, strength; the strongest are tried first, ties in the order of the rows.
        n_samples: number of samples; a and b are below it.
        prove: takes numbers of rows and tells which of them hold.

    Returns:
        the rows that hold, ascending; the rows left untried because their samples are joined already; and the rows
        given up, see `MOST_FAILED`.

    Source: Boruvka's and Kruskal's spanning forests, with proofs between the rounds.
    """
    order = np.lexsort((np.arange(len(pairs)), -pairs[:, 2]))
    rank = np.empty(len(pairs), np.int64)
    rank[order] = np.arange(len(pairs))
    tried = np.zeros(len(pairs), bool)
    holds = np.zeros(len(pairs), bool)
    chosen = _strongest_of_each(pairs, order, n_samples)
    for number in range(ROUNDS + 1):
        part = _parts(pairs[holds], n_samples).astype(np.int64)
        one, two = part[pairs[:, 0]], part[pairs[:, 1]]
        hopeless = _hopeless(pairs[tried, :2], pairs[holds, :2], n_samples)
        given_up = hopeless[pairs[:, 0]] & hopeless[pairs[:, 1]]
        open_ = np.flatnonzero(~tried & ~given_up & (one != two))
        if number < ROUNDS:
            picked = open_[_forest(one[open_], two[open_], rank[open_], n_samples)]
        else:
            picked = open_
        picked = np.union1d(picked, chosen) if number == 0 else picked
        if len(picked) == 0:
            break
        tried[picked] = True
        holds[picked] = prove(picked)
    joined = ~tried & (one == two)
    return np.flatnonzero(holds), np.flatnonzero(joined), np.flatnonzero(~tried & ~joined)


def _hopeless(tried: Numbers, held: Numbers, n_samples: int) -> Marks:
    """Tell which samples have failed `MOST_FAILED` proofs and passed none."""
    n_tried = np.bincount(tried.ravel(), minlength=n_samples)
    n_held = np.bincount(held.ravel(), minlength=n_samples)
    return (n_held == 0) & (n_tried >= MOST_FAILED)


def _strongest_of_each(pairs: Numbers, order: Numbers, n_samples: int) -> Numbers:
    """Return the rows that are among the `SECOND_LINKS` strongest of the sample that comes later."""
    later = pairs[order, :2].max(axis=1)
    by_sample = np.argsort(later, kind="stable")
    rank = np.arange(len(pairs)) - np.searchsorted(later[by_sample], later[by_sample])
    return order[by_sample[rank < SECOND_LINKS]]


def _parts(links: Numbers, n_samples: int) -> NDArray[np.int32]:
    """Number the connected parts."""
    graph = coo_array(
        (np.ones(len(links), np.int8), (links[:, 0], links[:, 1])), shape=(n_samples, n_samples)
    )
    return connected_components(graph, directed=False)[1]


def _forest(one: Numbers, two: Numbers, rank: Numbers, n_parts: int) -> Numbers:
    """Return the edges, by position, of the strongest spanning forest; of parallel edges only the strongest counts."""
    if len(one) == 0:
        return np.zeros(0, np.int64)
    low, high = np.minimum(one, two), np.maximum(one, two)
    key = low * n_parts + high
    order = np.lexsort((rank, key))
    first = order[np.flatnonzero(np.diff(key[order], prepend=-1))]
    weight = (np.argsort(np.argsort(rank[first])) + 1).astype(np.float64)
    graph = coo_array((weight, (low[first], high[first])), shape=(n_parts, n_parts))
    tree = minimum_spanning_tree(graph.tocsr())
    by_weight = np.empty(len(first), np.int64)
    by_weight[weight.astype(np.int64) - 1] = first
    return np.sort(by_weight[tree.data.astype(np.int64) - 1])
