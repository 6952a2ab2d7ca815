"""Rivers: where water runs off a relief, and the valleys that it carves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

Field = NDArray[np.float32]
Nodes = NDArray[np.int32]


@dataclass(frozen=True)
class Drainage:
    """Which cell each cell drains to, and the cells sorted from outlets to summits.

    Attributes:
        receiver: (n + 1,) index of the next cell downstream; n is the sea.
        levels: cells by number of steps to the sea, nearest first.
    """

    receiver: Nodes
    levels: tuple[Nodes, ...]


@lru_cache(maxsize=4)
def _edges(rows: int, cols: int) -> tuple[Nodes, Nodes, Field]:
    """Return both ends of every edge of the 8-neighbour grid, and its length."""
    index = np.arange(rows * cols, dtype=np.int32).reshape(rows, cols)
    pairs = [
        (index[:, :-1], index[:, 1:], 1.0),
        (index[:-1], index[1:], 1.0),
        (index[:-1, :-1], index[1:, 1:], 1.4142),
        (index[:-1, 1:], index[1:, :-1], 1.4142),
    ]
    first = np.concatenate([a.ravel() for a, _, _ in pairs])
    second = np.concatenate([b.ravel() for _, b, _ in pairs])
    length = np.concatenate([np.full(a.size, d, np.float32) for a, _, d in pairs])
    return first, second, length


def drain(height: Field, base_m: float) -> Drainage:
    """Find the runoff of a relief: every cell reaches the sea or the border over the lowest passes.

    Args:
        height: (h, w) float32, metres.
        base_m: cells at or below drain straight into the sea.

    Returns:
        The drainage. Pits need no filling: routes are paths of the minimum spanning tree whose
        edges weigh the higher of both ends, so they leave a pit over its lowest pass.

    Source: own; minimax paths are those of the minimum spanning tree (Hu 1961, 10.1287/opre.9.6.898).
    """
    rows, cols = height.shape
    flat = (height.ravel() - height.min() + 1.0).astype(np.float64)
    first, second, length = _edges(rows, cols)
    high = np.maximum(flat[first], flat[second])
    low = np.minimum(flat[first], flat[second])
    weight = high - 0.02 * (high - low) / length
    border = np.zeros((rows, cols), bool)
    border[0] = border[-1] = border[:, 0] = border[:, -1] = True
    below = height.ravel() <= base_m
    outlets = np.flatnonzero(below | border.ravel())
    outlet_weight = np.where(below[outlets], 1e-3, flat[outlets])
    sea = rows * cols
    graph = coo_array(
        (
            np.concatenate([weight, outlet_weight]),
            (
                np.concatenate([first, outlets]),
                np.concatenate([second, np.full(len(outlets), sea)]),
            ),
        ),
        shape=(sea + 1, sea + 1),
    ).tocsr()
    tree = minimum_spanning_tree(graph, overwrite=True)
    _, receiver = breadth_first_order(tree, sea, directed=False)
    receiver[sea] = sea
    return Drainage(receiver, _levels(receiver, sea))


def _levels(receiver: Nodes, sea: int) -> tuple[Nodes, ...]:
    """Group the cells by their number of steps to the sea (pointer doubling)."""
    steps = np.ones(sea + 1, np.int32)
    steps[sea] = 0
    jump = receiver.copy()
    while (jump != sea).any():
        steps += steps[jump]
        jump = jump[jump]
    order = np.argsort(steps[:sea], kind="stable").astype(np.int32)
    bounds = np.searchsorted(steps[order], np.arange(2, steps.max() + 1))
    return tuple(np.split(order, bounds))


def catchment(drainage: Drainage) -> NDArray[np.float64]:
    """Count the cells that drain through each cell, itself included; (n + 1,) with the sea last."""
    area = np.ones(len(drainage.receiver))
    for cells in reversed(drainage.levels):
        np.add.at(area, drainage.receiver[cells], area[cells])
    return area


def carve(height: Field, steps: int, strength: float, base_m: float) -> tuple[Field, Field]:
    """Let rivers cut their valleys: incision grows with slope and the root of the catchment.

    Args:
        height: (h, w) float32, metres.
        steps: number of implicit time steps.
        strength: incision per step; 0.1 is light, 1 is strong.
        base_m: level to which rivers cut (below 0 makes drowned valleys).

    Returns:
        The new height, and the natural logarithm of the catchment in cells, both (h, w) float32.

    Source: own; implicit stream power law (Braun & Willett 2013, 10.1016/j.geomorph.2012.10.008).
    """
    shape = height.shape
    area = np.ones(height.size + 1)
    for _ in range(steps):
        drainage = drain(height, base_m)
        area = catchment(drainage)
        level = np.append(height.ravel().astype(np.float64), base_m)
        factor = strength * np.sqrt(area) / 3.0
        for cells in drainage.levels:
            down = level[drainage.receiver[cells]]
            cut = (level[cells] + factor[cells] * down) / (1.0 + factor[cells])
            level[cells] = np.where(level[cells] > down, cut, level[cells])
        carved = level[:-1].reshape(shape).astype(np.float32)
        carved = np.where(height <= base_m, height, carved)
        height = 0.9 * carved + 0.1 * ndimage.uniform_filter(carved, 3, mode="nearest")
    return height, np.log(area[:-1]).reshape(shape).astype(np.float32)
