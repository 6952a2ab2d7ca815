"""Cuts: the fewest pairs that hold the two large parts of a group together."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from landseer.audit.mosaic import Link

LEAST_PART = 0.1
"""Share of a group that each of its two parts must have to be called one."""

_LEAST_SAMPLES = 2


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a group would come apart first.

    Attributes:
        pairs: the links between the two parts, the weakest first; a single one is a bridge.
        sizes: samples of the parts, the smaller one first.
    """

    pairs: tuple[Link, ...]
    sizes: tuple[int, int]


def find_cut(links: Sequence[Link]) -> Cut | None:
    """Find the fewest pairs that part a group between the dense middles of its two large parts.

    The strongest links that hold the group together form a tree; its weakest link with a tenth of the group on either
    side tells which two parts are meant. The better linked half of each part is its middle. The cut is the smallest one
    that parts the two middles; on which side of it the others lie follows.

    Args:
        links: the links of one connected group.

    Returns:
        The cut; None where no link of the tree has a tenth of the group, and two samples, on either side.

    Source: maximum spanning tree (Kruskal 1956, doi:10.1090/S0002-9939-1956-0078686-7) and maximum flow = minimum cut
    (Ford and Fulkerson 1956, doi:10.4153/CJM-1956-045-5), by scipy.
    """
    names = sorted({name for link in links for name in (link.a, link.b)})
    near: dict[str, set[str]] = defaultdict(set)
    for link in links:
        near[link.a].add(link.b)
        near[link.b].add(link.a)
    part = _weak_part(names, links)
    if part is None:
        return None
    middles = [
        sorted(side, key=lambda name: (-len(near[name] & side), name))[: (len(side) + 1) // 2]
        for side in (part, set(names) - part)
    ]
    inside = _side_of(names, near, *middles)
    pairs = [link for link in links if (link.a in inside) != (link.b in inside)]
    pairs.sort(key=lambda link: (link.score, link.a, link.b))
    small, large = sorted((len(inside), len(names) - len(inside)))
    return Cut(tuple(pairs), (small, large))


def _weak_part(names: Sequence[str], links: Sequence[Link]) -> set[str] | None:
    """Return the samples on one side of the tree's weakest link that parts the group in two large parts."""
    tree = _strongest_tree(names, links)
    near: dict[str, list[str]] = defaultdict(list)
    for link in tree:
        near[link.a].append(link.b)
        near[link.b].append(link.a)
    least = max(_LEAST_SAMPLES, LEAST_PART * len(names))
    sizes, order, above = _subtrees(names[0], near)
    for link in sorted(tree, key=lambda one: (one.score, one.a, one.b)):
        below = link.a if above.get(link.a) == link.b else link.b
        if least <= sizes[below] <= len(names) - least:
            inside = {below}
            for name in order:
                if above.get(name) in inside:
                    inside.add(name)
            return inside
    return None


def _strongest_tree(names: Sequence[str], links: Sequence[Link]) -> list[Link]:
    """Return the maximum spanning tree."""
    root = {name: name for name in names}

    def find(name: str) -> str:
        """Return a name's root."""
        while root[name] != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    tree = []
    for link in sorted(links, key=lambda one: (-one.score, one.a, one.b)):
        one, other = find(link.a), find(link.b)
        if one != other:
            root[one] = other
            tree.append(link)
    return tree


def _subtrees(
    first: str, near: dict[str, list[str]]
) -> tuple[dict[str, int], list[str], dict[str, str]]:
    """Return the samples below each sample of a tree (itself included), a downward order, and each one's parent."""
    order: list[str] = []
    above: dict[str, str] = {}
    waiting = deque([first])
    while waiting:
        name = waiting.popleft()
        order.append(name)
        for other in near[name]:
            if above.get(name) != other:
                above[other] = name
                waiting.append(other)
    sizes = dict.fromkeys(order, 1)
    for name in reversed(order[1:]):
        sizes[above[name]] += sizes[name]
    return sizes, order, above


def _side_of(
    names: Sequence[str], near: dict[str, set[str]], sources: Sequence[str], sinks: Sequence[str]
) -> set[str]:
    """Return the sources' side of the smallest cut between two sets of samples."""
    number = {name: n for n, name in enumerate(names)}
    start, stop, wide = len(names), len(names) + 1, len(names) ** 2
    ends = [(number[a], number[b], 1) for a in names for b in sorted(near[a])]
    ends += [(start, number[name], wide) for name in sources]
    ends += [(number[name], stop, wide) for name in sinks]
    rows, cols, widths = np.array(ends, np.int32).T
    capacity = csr_array((widths, (rows, cols)), shape=(stop + 1, stop + 1))
    left = (capacity - maximum_flow(capacity, start, stop).flow).tocsr()
    inside, waiting = {start}, [start]
    while waiting:
        at = waiting.pop()
        span = slice(left.indptr[at], left.indptr[at + 1])
        for other, free in zip(left.indices[span], left.data[span], strict=True):
            if free > 0 and int(other) not in inside:
                inside.add(int(other))
                waiting.append(int(other))
    return {names[n] for n in inside - {start}}
