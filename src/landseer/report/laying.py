"""Where the samples of one group lie to each other: by georeference, else by the shifts of pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from landseer.audit.mosaic import Link, lay_out
from landseer.samples.schema import is_missing

_TOLERANCE_PX = 24
_SAME_SIDE = 0.01


@dataclass(frozen=True, slots=True)
class Layout:
    """A group laid out.

    Attributes:
        places: sample -> row and column (px) of its upper left corner; the first row and column are 0.
        loose: samples of the group whose place is not known.
        height, width: of the whole, px.
        by: `georeference`, `pairs`, or "" where nothing could be laid out.
        weakest: the link that holds the laid-out part together, or None.
        n_against: links whose shift contradicts stronger ones.
    """

    places: Mapping[str, tuple[int, int]]
    loose: tuple[str, ...]
    height: int
    width: int
    by: str
    weakest: Link | None = None
    n_against: int = 0


def lay_group(members: gpd.GeoDataFrame, pairs: pd.DataFrame) -> Layout:
    """Lay a group out.

    Args:
        members: its rows of the sample table.
        pairs: pairs between them (`audit/pairs.csv`); others are not looked at.

    Edges: with georeference, all must have one grid: one CRS, north up, one pixel size within 1 %. With shifts, the
        largest part that they connect is laid out; duplicates lie on top of each other.
    """
    found = _georeferenced(members)
    if found is not None:
        return _framed(members, found, "georeference")
    names = set(members["sample"])
    mosaic = lay_out(_links(pairs, names), tolerance_px=_TOLERANCE_PX)
    if not mosaic.places:
        return Layout({}, tuple(members["sample"]), 0, 0, "")
    part, _ = Counter(root for root, _ in mosaic.places.values()).most_common(1)[0]
    laid = {name: place for name, (root, place) in mosaic.places.items() if root == part}
    return _framed(members, laid, "pairs", mosaic.weakest, len(mosaic.contradictions))


def _links(pairs: pd.DataFrame, names: set[str]) -> list[Link]:
    """Return the pairs whose shift is known as links; duplicates have none and lie on top of each other."""
    links = []
    for pair in pairs.to_dict("records"):
        a, b = str(pair["a"]), str(pair["b"])
        if a not in names or b not in names:
            continue
        if pair["method"] == "duplicate":
            links.append(Link(a, b, float("inf"), (0, 0)))
        elif not is_missing(pair["shift_row"]):
            shift = (int(pair["shift_row"]), int(pair["shift_col"]))
            links.append(Link(a, b, float(pair["score"]), shift))
    return links


def _georeferenced(members: gpd.GeoDataFrame) -> dict[str, tuple[int, int]] | None:
    """Return places on the samples' common grid, or None where they have none."""
    transforms = list(members["transform"])
    if any(is_missing(t) for t in (*transforms, *members["crs"])) or members["crs"].nunique() != 1:
        return None
    a, _, _, _, e, _ = transforms[0]
    for one in transforms:
        turned = abs(one[1]) + abs(one[3]) > 1e-9 * abs(a)
        if turned or abs(one[0] / a - 1) > _SAME_SIDE or abs(one[4] / e - 1) > _SAME_SIDE:
            return None
    left, top = transforms[0][2], transforms[0][5]
    return {
        name: (round((one[5] - top) / e), round((one[2] - left) / a))
        for name, one in zip(members["sample"], transforms, strict=True)
    }


def _framed(
    members: gpd.GeoDataFrame,
    places: Mapping[str, tuple[int, int]],
    by: str,
    weakest: Link | None = None,
    n_against: int = 0,
) -> Layout:
    """Move places so that they begin at 0, and measure the whole."""
    top = min(row for row, _ in places.values())
    left = min(col for _, col in places.values())
    moved = {name: (row - top, col - left) for name, (row, col) in places.items()}
    sides = members.set_index("sample")[["height", "width"]]
    height = max(row + int(sides.at[name, "height"]) for name, (row, _) in moved.items())
    width = max(col + int(sides.at[name, "width"]) for name, (_, col) in moved.items())
    loose = tuple(name for name in members["sample"] if name not in moved)
    return Layout(moved, loose, height, width, by, weakest, n_against)
