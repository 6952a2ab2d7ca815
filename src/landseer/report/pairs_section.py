"""Pairs on the data page: the weakest accepted ones; pointing at a picture changes from one sample to the other."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from landseer.report.look import Look
from landseer.report.pair_sheets import (
    MOST_DEVIATIONS,
    PairPictures,
    difference_ramp,
    draw_pair,
    weakest_pairs,
)
from landseer.report.parts import Mark, Part, Section, Strip, Tile, cards, section, strips
from landseer.report.tiles import photo_uri
from landseer.samples.schema import is_missing

_SIDE_PX = 200
_COLUMNS = 5
_FRAME = 0.91


def pairs_section(look: Look) -> Section:
    """Show the weakest pairs that were taken for one place, and lead to the sheets of places."""
    used = look.samples[~look.samples["group"].map(is_missing).astype(bool)]
    sizes = used["group"].value_counts()
    parts: list[Part] = [
        cards(
            (f"{len(sizes):,}", "places"),
            (f"{int((sizes > 1).sum()):,}", "seen more than once"),
            (f"{int(sizes.max()) if len(sizes) else 0:,}", "samples of the most seen place"),
            (f"{len(look.pairs):,}", "pairs of one place"),
        )
    ]
    if int((sizes > 1).sum()):
        link = Markup(
            'A sheet per place, laid out: <a href="groups/index.html">groups/index.html</a>.'
        )
        parts.append({"kind": "note", "text": link})
    rows = {str(row["sample"]): row for row in look.samples.to_dict("records")}
    table = weakest_pairs(look.pairs, look.config.pictures)
    drawn = [draw_pair(pair, rows, look.compared) for pair in table.to_dict("records")]
    shown = [_strip(pair) for pair in drawn if pair is not None]
    if shown:
        low, high = difference_ramp().colours[0], difference_ramp().colours[-1]
        marks = (
            Mark("fill", low, f"b lower by {MOST_DEVIATIONS:g} standard deviations"),
            Mark("fill", high, "b higher"),
            Mark("hatch", "", "no data"),
        )
        said = (
            "The ground that both share, lowest scores first. Point at the first picture to change from b to a. "
            "If these show one place, the stronger pairs do."
        )
        parts.append(strips("The weakest accepted pairs", shown, said, marks, _COLUMNS))
    lead = (
        "Samples of one place stay on one side of every split; a wrong pair only makes groups larger, "
        "a missed one leaks."
    )
    return section("pairs", "The same place twice", lead, *parts)


def _strip(pair: PairPictures) -> Strip:
    """Make a pair's row."""
    a, b = (photo_uri(squared(one), _SIDE_PX) for one in (pair.colours_a, pair.colours_b))
    both = f"{pair.a} and {pair.b}"
    others = {
        "a, compared": pair.layer_a,
        "b, compared": pair.layer_b,
        "a and b in fields": pair.checks,
        "b − a": pair.differs,
    }
    tiles = [Tile(a, f"{both}, true colour", "b; point: a", b)]
    tiles += [
        Tile(photo_uri(squared(one), _SIDE_PX), f"{both}, {name}", name)
        for name, one in others.items()
    ]
    return Strip(f"a {pair.a}, b {pair.b}", pair.facts, tuple(tiles))


def squared(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put an (h, w, 3) picture into a square of light grey, so that narrow ground does not fill the page."""
    side = max(picture.shape[:2])
    square = np.full((side, side, 3), _FRAME, np.float32)
    row, col = ((side - n) // 2 for n in picture.shape[:2])
    square[row : row + picture.shape[0], col : col + picture.shape[1]] = picture
    return square
