"""Places without georeference: where the samples of one place lie to each other, in pixels."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from landseer.report.look import Look
from landseer.samples.schema import is_missing
from landseer.samples.table import usable

Corner = tuple[float, float]

_SEVERAL = 2


@dataclass(frozen=True, slots=True)
class Layout:
    """Samples of one group in the pixels of its first sample.

    Attributes:
        group: its name.
        corners: sample -> (row, col) of its first pixel.
        n_members: samples of the group; those that no shift reaches have no corner.
    """

    group: str
    corners: Mapping[str, Corner]
    n_members: int


def layouts(look: Look, most: int) -> list[Layout]:
    """Lay out the groups of most samples along their strongest shifts.

    Args:
        look: its pairs have `shift_row` and `shift_col`.
        most: groups at most; groups of which only one sample can be laid out are left out.
    """
    used = usable(look.samples, "train")
    if "group" not in used or "shift_row" not in look.pairs:
        return []
    shifted = look.pairs[look.pairs["shift_row"].notna() & look.pairs["shift_col"].notna()]
    group_of = dict(zip(used["sample"], used["group"], strict=True))
    links: dict[str, list[tuple[str, str, float, float, float]]] = {}
    columns = [shifted[name].tolist() for name in ("a", "b", "score", "shift_row", "shift_col")]
    for a, b, score, row, col in zip(*columns, strict=True):
        group = group_of.get(a)
        if group is not None and not is_missing(group) and group == group_of.get(b):
            links.setdefault(str(group), []).append((a, b, score, row, col))
    sizes = used["group"].value_counts()
    laid = [Layout(g, place_samples(found), int(sizes[g])) for g, found in links.items()]
    laid = [one for one in laid if len(one.corners) >= _SEVERAL]
    return sorted(laid, key=lambda one: (-len(one.corners), one.group))[:most]


def place_samples(
    links: Sequence[tuple[str, str, float, float, float]],
) -> dict[str, Corner]:
    """Place samples along their strongest links, from the sample of the strongest one on.

    Args:
        links: a, b, score, and where b's first pixel lies in a: row, column.

    Source: Prim 1957, doi:10.1002/j.1538-7305.1957.tb01515.x.
    """
    near: dict[str, list[tuple[float, str, float, float]]] = {}
    for a, b, score, row, col in links:
        near.setdefault(a, []).append((-score, b, row, col))
        near.setdefault(b, []).append((-score, a, -row, -col))
    first = min(links, key=lambda link: (-link[2], link[0]))[0]
    corners: dict[str, Corner] = {}
    ahead: list[tuple[float, str, float, float]] = [(0.0, first, 0.0, 0.0)]
    while ahead:
        _, name, row, col = heapq.heappop(ahead)
        if name in corners:
            continue
        corners[name] = (row, col)
        for strength, other, down, right in near[name]:
            if other not in corners:
                heapq.heappush(ahead, (strength, other, row + down, col + right))
    return corners
