"""From the corners of pixel shapes to polygons: paired along rows and columns, and the pairs followed round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, depth_first_order


@dataclass(frozen=True, slots=True)
class Rings:
    """Closed outlines of shapes in pixel coordinates, x to the right and y down; the shell of a shape first.

    Attributes:
        points: (n, 2) x and y of all corners, each ring from its topmost, leftmost edge on; not closed.
        first: (r + 1,) where each ring begins in `points`, and their end.
        shape: (r,) the shape that a ring bounds, 0, 1, 2 … without gaps.
        is_shell: (r,) whether it is the outer ring of its shape.
    """

    points: NDArray[np.float64]
    first: NDArray[np.int64]
    shape: NDArray[np.int64]
    is_shell: NDArray[np.bool_]

    @property
    def of_point(self) -> NDArray[np.int64]:
        """The ring of each point."""
        return np.repeat(np.arange(len(self.shape)), np.diff(self.first))

    def keep(self, which: NDArray[np.bool_]) -> Rings:
        """Return some of the rings; shapes are numbered anew."""
        of_point = self.of_point
        lengths = np.diff(self.first)[which]
        _, shape = np.unique(self.shape[which], return_inverse=True)
        return Rings(
            self.points[which[of_point]],
            np.concatenate([[0], np.cumsum(lengths)]),
            shape,
            self.is_shell[which],
        )

    def linear_rings(self) -> NDArray[np.object_]:
        """Return them as shapely's rings."""
        return shapely.linearrings(self.points, indices=self.of_point)

    def polygons(self) -> NDArray[np.object_]:
        """Return the shapes as shapely's polygons."""
        if not len(self.shape):
            return np.zeros(0, object)
        return shapely.polygons(self.linear_rings(), indices=self.shape)


def no_rings() -> Rings:
    """Return the rings of no shapes."""
    nothing = np.zeros(0, np.int64)
    return Rings(np.zeros((0, 2)), np.zeros(1, np.int64), nothing, np.zeros(0, bool))


def trace(shape: NDArray[np.int64], corners: NDArray[np.int64]) -> Rings:
    """Follow the outlines of shapes whose pixels hang together by their sides.

    Args:
        shape: (n,) the shape of each corner, 0, 1, 2 … without gaps.
        corners: (n, 4) as of `runs.turns`: all corners of all shapes, in any order.

    Edges: where two pixels of a shape meet in a corner alone, the outline goes round the pixels between them, so that
        a ring never touches itself and every polygon is valid.
    Source: own. In each line the corners of a shape, sorted by column, are the ends of its horizontal edges in turn;
        in each column those of its vertical edges.
    """
    if not len(shape):
        return no_rings()
    line, col, is_below, is_stop = corners.T
    across = np.lexsort((is_below, col, line, shape))
    shape, line, col = shape[across], line[across], col[across]
    is_below, is_stop = is_below[across], is_stop[across]
    down = np.lexsort((is_stop, line, col, shape))
    partner = np.empty(len(down), np.int64)
    partner[down[0::2]], partner[down[1::2]] = down[1::2], down[0::2]

    # An edge joins the corners 2 e and 2 e + 1; it is walked with the shape to the right, seen with y down.
    left = np.arange(0, len(down), 2)
    has_shape_below = is_stop[left] != is_below[left]
    tail, head = left + ~has_shape_below, left + has_shape_below
    order, ring = _walk(partner[head] // 2)
    points = np.stack([tail[order], head[order]], axis=1).ravel()
    begins = np.flatnonzero(np.diff(ring, prepend=-1))
    of_ring = shape[left[order[begins]]]
    return Rings(
        np.stack([col[points], line[points]], axis=1).astype(np.float64),
        np.append(2 * begins, len(points)),
        of_ring,
        np.diff(of_ring, prepend=-1) != 0,
    )


def _walk(following: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Write the cycles of a permutation one after another, each from its least member on, in ascending order of it.

    Returns:
        (n,) the members in order, and (n,) the cycle of each.
    """
    count = len(following)
    _, cycle = connected_components(_graph(np.arange(count), following, count), directed=False)
    firsts = np.unique(cycle, return_index=True)[1]
    firsts = np.sort(firsts)
    before = np.empty(count, np.int64)
    before[following] = np.arange(count)
    # All cycles become one path: each is cut before its first member and led on to the next cycle's.
    path = following.copy()
    path[before[firsts[:-1]]] = firsts[1:]
    keep = np.arange(count) != before[firsts[-1]]
    order = depth_first_order(
        _graph(np.arange(count)[keep], path[keep], count), firsts[0], return_predecessors=False
    )
    return order.astype(np.int64), cycle[order]


def _graph(tails: NDArray[np.int64], heads: NDArray[np.int64], count: int) -> csr_array:
    """Make a directed graph of edges of weight one."""
    return csr_array((np.ones(len(tails), np.int8), (tails, heads)), shape=(count, count))
