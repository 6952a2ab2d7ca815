"""Mosaics: where the samples of one group lie to each other, what holds the group together, and what contradicts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Shift = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Link:
    """A pair of samples with its strength, and the shift of `b` in `a` in pixels if it is known."""

    a: str
    b: str
    score: float
    shift: Shift | None


@dataclass(frozen=True, slots=True)
class Mosaic:
    """A group laid out.

    Attributes:
        weakest: the link without which the group would fall apart first; None for a single sample.
        contradictions: links whose shift differs from the one that stronger links imply by more than the tolerance.
        height, width: extent of the places of the upper left corners, in pixels.
        places: sample -> the first sample of its part, and the row and column (px) of its upper left corner there.
    """

    weakest: Link | None
    contradictions: tuple[Link, ...]
    height: int
    width: int
    places: Mapping[str, tuple[str, Shift]] = field(default_factory=dict)


def lay_out(links: Sequence[Link], *, tolerance_px: int) -> Mosaic:
    """Lay out one group along its strongest links, and check all other links against that.

    Args:
        links: the links of one connected group.
        tolerance_px: largest difference of two shifts that still agree.

    Source: own (Kruskal's maximum spanning tree, doi:10.1090/S0002-9939-1956-0078686-7).
    """
    places: dict[str, tuple[str, Shift]] = {}
    members: dict[str, list[str]] = {}
    weakest, contradictions = None, []
    for link in sorted(links, key=lambda one: (-one.score, one.a, one.b)):
        for name in (link.a, link.b):
            if name not in places:
                places[name], members[name] = (name, (0, 0)), [name]
        if places[link.a][0] == places[link.b][0]:
            if link.shift is not None and _gap(places, link) > tolerance_px:
                contradictions.append(link)
        else:
            weakest = link
            _join(places, members, link)
    rows = [place[1][0] for place in places.values()] or [0]
    cols = [place[1][1] for place in places.values()] or [0]
    height, width = max(rows) - min(rows), max(cols) - min(cols)
    return Mosaic(weakest, tuple(contradictions), height, width, places)


def _gap(places: dict[str, tuple[str, Shift]], link: Link) -> int:
    """Return by how much a link's shift differs from where its samples already lie."""
    (_, one), (_, two) = places[link.a], places[link.b]
    row, col = link.shift or (0, 0)
    return max(abs(two[0] - one[0] - row), abs(two[1] - one[1] - col))


def _join(places: dict[str, tuple[str, Shift]], members: dict[str, list[str]], link: Link) -> None:
    """Move the part that holds `b` to where the link says that it lies, and make it one with the part of `a`."""
    (root, one), (other, two) = places[link.a], places[link.b]
    row, col = link.shift or (0, 0)
    down, right = one[0] + row - two[0], one[1] + col - two[1]
    for name in members.pop(other):
        _, (at_row, at_col) = places[name]
        places[name] = (root, (at_row + down, at_col + right))
        members[root].append(name)
