"""The sheets beside the data page: a PNG per place, the weakest pairs, and a page that leads to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from markupsafe import Markup
from PIL import Image

from landseer.core.files import atomic_path, write_text
from landseer.core.parallel import parallel_map
from landseer.report.canvas import png_bytes
from landseer.report.data_page import render
from landseer.report.group_sheets import GroupSheet, Record, file_name, group_sheet
from landseer.report.look import Look
from landseer.report.pair_sheets import (
    PairPictures,
    bridging_pairs,
    draw_pair,
    pairs_sheet,
    weakest_pairs,
)
from landseer.report.pairs_section import squared
from landseer.report.parts import Section, Strip, Tile, section, strips
from landseer.report.tiles import photo_uri
from landseer.samples.schema import is_missing
from landseer.samples.table import usable

GROUPS, PAIRS = "groups", "pairs"
"""Folders of the sheets, beside the data page."""

_SMALL_PX = 280
_SHEETS = {
    "weakest": (
        "The weakest accepted pairs",
        "Lowest scores first: if these show one place, the stronger ones do.",
    ),
    "bridges": (
        "Pairs that hold groups together",
        "Per group the pair without which it would fall apart first, weakest first: a wrong one joins two places.",
    ),
}


def write_gallery(look: Look, folder: Path) -> list[str]:
    """Write the sheets of groups and pairs, and `groups/index.html`, which shows and links them.

    Args:
        look: what is known of the data.
        folder: of the data page; sheets of an earlier call that are no longer made are removed.

    Returns:
        Names of the files, relative to the folder.

    Raises:
        FileReadError: an image cannot be read.
        WriteError: a file cannot be written.
    """
    written = [*_write_groups(look, folder / GROUPS), *_write_pairs(look, folder / PAIRS)]
    kept = {folder / name for name in written}
    for stale in {*folder.glob(f"{GROUPS}/*.png"), *folder.glob(f"{PAIRS}/*.png")} - kept:
        stale.unlink()
    return written


def several(look: Look) -> list[tuple[str, gpd.GeoDataFrame]]:
    """Return the groups of more than one usable sample, of both sides, the largest first, ties by name."""
    used = usable(look.samples, None)
    if "group" not in used:
        return []
    named = used[~used["group"].map(is_missing).astype(bool)]
    groups = [(str(name), rows) for name, rows in named.groupby("group") if len(rows) > 1]
    return sorted(groups, key=lambda group: (-len(group[1]), group[0]))


def _write_groups(look: Look, folder: Path) -> list[str]:
    """Write a sheet per group and the page of them."""
    groups = several(look)
    chosen = groups[: look.config.group_sheets]
    taken: set[str] = set()
    files = [f"{file_name(name, taken)}.png" for name, _ in chosen]
    draw = partial(_draw, look)
    strip_rows = []
    for file, drawn in zip(
        files, parallel_map(draw, chosen, label="sheets of places"), strict=True
    ):
        _write_png(folder / file, drawn.sheet)
        strip_rows.append(_strip(file, drawn))
    page = _index(look, strip_rows, len(groups))
    write_text(folder / "index.html", render(look, page))
    return [*(f"{GROUPS}/{file}" for file in files), f"{GROUPS}/index.html"]


def _draw(look: Look, group: tuple[str, gpd.GeoDataFrame]) -> GroupSheet:
    """Draw one group."""
    name, members = group
    return group_sheet(name, members, look.pairs, look.compared)


def _strip(file: str, drawn: GroupSheet) -> Strip:
    """Make a group's row of the page."""
    link = Markup('<a href="{}">the whole sheet</a>').format(file)
    tiles = []
    for i, (title, image) in enumerate(drawn.mosaics):
        picture = squared(np.asarray(image, np.float32) / np.float32(255))
        caption = Markup("{}: {}").format(title, link) if not i else title
        tiles.append(Tile(photo_uri(picture, _SMALL_PX), f"group {drawn.name}, {title}", caption))
    return Strip(drawn.name, drawn.facts, tuple(tiles))


def _index(look: Look, rows: Sequence[Strip], n_groups: int) -> list[Section]:
    """Make the sections of the page."""
    left = n_groups - len(rows)
    said = f"{n_groups:,} places are seen more than once"
    said += (
        f"; the {len(rows):,} with most samples are shown, {left:,} are left out" if left else ""
    )
    said += " (recipe key report.group_sheets)." if left else "."
    notes = [
        Markup('<a href="../pairs/{}.png">{}</a>: {}').format(name, title, about)
        for name, (title, about) in _SHEETS.items()
        if len(look.pairs) and look.config.pair_sheets
    ]
    parts = [strips("", rows, said, (), 3)] if rows else [{"kind": "note", "text": said}]
    parts += [{"kind": "notes", "notes": notes}] if notes else []
    lead = Markup(
        'Samples that show one place, laid out. <a href="../index.html">Back to the data</a>'
    )
    return [section("groups", "Places seen more than once", lead, *parts)]


def _write_pairs(look: Look, folder: Path) -> list[str]:
    """Write the sheets of pairs; none where no pair was found by its image."""
    n, rows = look.config.pair_sheets, _rows(look)
    tables = {
        "weakest": weakest_pairs(look.pairs, n),
        "bridges": bridging_pairs(look.samples, look.pairs, n),
    }
    written = []
    for name, table in tables.items():
        drawn = draw_pairs(look, table, rows)
        if drawn:
            title, about = _SHEETS[name]
            note = (
                f"{about} a and b are stretched each on its own; what was compared has one scale; "
                "b − a after both have one mean and one deviation: blank where they agree."
            )
            _write_png(folder / f"{name}.png", pairs_sheet(drawn, title, [note]))
            written.append(f"{PAIRS}/{name}.png")
    return written


def draw_pairs(look: Look, table: pd.DataFrame, rows: Mapping[str, Record]) -> list[PairPictures]:
    """Draw the pairs of a table that share ground."""
    drawn = (draw_pair(pair, rows, look.compared) for pair in table.to_dict("records"))
    return [one for one in drawn if one is not None]


def _rows(look: Look) -> dict[str, Record]:
    """Return sample -> row."""
    return {str(row["sample"]): row for row in look.samples.to_dict("records")}


def _write_png(path: Path, image: Image.Image) -> None:
    """Write an image as PNG of few colours, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(png_bytes(image, few_colours=True))
