"""Pairs side by side: both registered, what was compared, a checkerboard of both and their difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from landseer.report.canvas import Panel, Row, draw_sheet, to_image
from landseer.report.compared import Compared
from landseer.report.composites import natural_bands
from landseer.report.evidence import (
    PREFIX,
    checkerboard,
    common_ground,
    difference,
    is_over_heights,
    layer_of,
    limits_of,
    paint_layer,
)
from landseer.report.group_sheets import Record, fold_text
from landseer.report.parts import Mark
from landseer.report.pictures import Ramp
from landseer.report.ramps import DIVERGING, ramp_of
from landseer.report.stretching import fit_stretch
from landseer.report.tiles import fitted
from landseer.samples.schema import is_missing
from landseer.track.pixels import hatch

MOST_DEVIATIONS = 2.0
"""Difference at the ends of its colours, standard deviations."""

_SIDE_PX = 190
_PLACE_PX = 90
_A, _B = "#e8730c", "#00798c"
_NO_DATA = Mark("hatch", "", "no data")


@dataclass(frozen=True, slots=True)
class PairPictures:
    """One pair drawn: pictures are (h, w, 3) float32 of the shared ground.

    Attributes:
        a, b: names of the samples.
        facts: (what, figure).
        place: how the two lie to each other.
        colours_a, colours_b: true colour, one stretch for both.
        layer_a, layer_b: what was compared, one scale for both.
        checks: fields of both layers in turn.
        differs: difference of the two, both brought to one mean and deviation.
    """

    a: str
    b: str
    facts: tuple[tuple[str, str], ...]
    place: Image.Image
    colours_a: NDArray[np.float32]
    colours_b: NDArray[np.float32]
    layer_a: NDArray[np.float32]
    layer_b: NDArray[np.float32]
    checks: NDArray[np.float32]
    differs: NDArray[np.float32]


def weakest_pairs(pairs: pd.DataFrame, n: int) -> pd.DataFrame:
    """Return the accepted pairs that were found by their image with the lowest scores, weakest first; ties by name."""
    found = pairs[pairs["method"].astype(str).str.startswith(PREFIX) & pairs["shift_row"].notna()]
    return found.sort_values(["score", "a", "b"], kind="stable").head(n)


def bridging_pairs(samples: gpd.GeoDataFrame, pairs: pd.DataFrame, n: int) -> pd.DataFrame:
    """Return the pairs without which a group would fall apart first, one per group, weakest first.

    A weak pair between samples that many others tie together does no harm; one that alone holds two parts of a group
    together makes or breaks it.
    """
    found = weakest_pairs(pairs, len(pairs))
    group = dict(zip(samples["sample"], samples["group"], strict=True))
    kept = []
    for _, inside in found.groupby(found["a"].map(group), sort=True):
        link = heaviest_tree_end(inside)
        kept.append(link)
    return found.loc[kept].sort_values(["score", "a", "b"], kind="stable").head(n)


def heaviest_tree_end(inside: pd.DataFrame) -> object:
    """Return the index of the last pair that joins two parts when pairs are added strongest first (Kruskal)."""
    root: dict[str, str] = {}

    def find(name: str) -> str:
        while root.setdefault(name, name) != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    last: object = None
    for pair in inside.sort_values(["score", "a", "b"], ascending=[False, True, True]).itertuples():
        one, two = find(str(pair.a)), find(str(pair.b))
        if one != two:
            root[one], last = two, pair.Index
    return last


def draw_pair(pair: Record, rows: Mapping[str, Record], read: Compared) -> PairPictures | None:
    """Draw one pair.

    Args:
        pair: a row of `audit/pairs.csv` found by image, with its shift.
        rows: sample -> its row of the sample table.
        read: reads samples as they were compared.

    Returns:
        None where the shift leaves no shared pixel.

    Raises:
        FileReadError, BandError, FormulaError: an image cannot be read as it should be.
    """
    a, b = str(pair["a"]), str(pair["b"])
    one, two = (read(rows[name]) for name in (a, b))
    formula = str(pair["method"]).removeprefix(PREFIX)
    layer_a, layer_b = layer_of(one, formula), layer_of(two, formula)
    shift = (int(float(str(pair["shift_row"]))), int(float(str(pair["shift_col"]))))
    common = common_ground(layer_a.shape, layer_b.shape, shift)  # type: ignore[arg-type]
    if common is None:
        return None
    chosen, _ = natural_bands(read.bands)
    colours = [
        np.stack([np.asarray(v[band.name], np.float32) for band in chosen])[:, part[0], part[1]]
        for v, part in ((one, common.a), (two, common.b))
    ]
    layer_a, layer_b = layer_a[common.a], layer_b[common.b]
    limits, is_height = limits_of(layer_a, layer_b), is_over_heights(formula, read.bands)
    drawn = [paint_layer(one, is_height=is_height, limits=limits) for one in (layer_a, layer_b)]
    apart = difference(layer_a, layer_b)
    known = np.isfinite(apart)[..., None]
    painted = np.where(known, difference_ramp().paint(apart), hatch(apart.shape))
    place = _place(rows[a], rows[b], shift)
    return PairPictures(
        a, b, pair_facts(pair, rows[a], rows[b]), place,
        fit_stretch([colours[0]])(colours[0]), fit_stretch([colours[1]])(colours[1]),
        drawn[0], drawn[1], checkerboard(drawn[0], drawn[1]), painted.astype(np.float32),
    )  # fmt: skip


def pair_facts(pair: Record, a: Record, b: Record) -> tuple[tuple[str, str], ...]:
    """Return (what, figure) of a pair: score, overlap, agreement, shift, folds, dates."""
    facts = [("score", f"{float(str(pair['score'])):.1f}")]
    for name in ("overlap", "agreement"):
        facts += [] if is_missing(pair[name]) else [(name, f"{float(str(pair[name])):.2f}")]
    facts.append(
        ("shift", f"{float(str(pair['shift_row'])):+.0f}, {float(str(pair['shift_col'])):+.0f} px")
    )
    facts.append(("fold", " | ".join(fold_text(row) for row in (a, b))))
    dates = [str(row["date"]) for row in (a, b) if not is_missing(row["date"])]
    return (*facts, *([("dates", " | ".join(dates))] if dates else []))


def difference_ramp() -> Ramp:
    """Return the colours of differences."""
    return ramp_of(DIVERGING, -MOST_DEVIATIONS, MOST_DEVIATIONS, "standard deviations")


def pairs_sheet(drawn: Sequence[PairPictures], title: str, notes: Sequence[str]) -> Image.Image:
    """Draw pairs as one sheet, a row each."""
    rows = []
    for number, pair in enumerate(drawn):
        facts = " · ".join(f"{what} {figure}" for what, figure in pair.facts)
        names = (
            f"a: {pair.a}",
            f"b: {pair.b}",
            "a, compared",
            "b, compared",
            "a and b in fields",
            "b − a",
        )
        pictures = (
            pair.colours_a,
            pair.colours_b,
            pair.layer_a,
            pair.layer_b,
            pair.checks,
            pair.differs,
        )
        panels = [Panel(pair.place, ("place",))]
        panels += [Panel(shown(one), (name,)) for one, name in zip(pictures, names, strict=True)]
        rows.append(Row(tuple(panels), f"{number + 1}.  {pair.a} and {pair.b}:  {facts}"))
    width = _PLACE_PX + 6 * (_SIDE_PX + 8) + 32
    return draw_sheet(
        rows, title=title, notes=notes, marks=(Mark("fill", _A, "a"), Mark("fill", _B, "b"), _NO_DATA),
        ramps=(difference_ramp(),), width_px=width,
    )  # fmt: skip


def shown(picture: NDArray[np.float32]) -> Image.Image:
    """Bring a picture of shared ground to its size on the sheet; its shape stays."""
    image = to_image(fitted(picture, _SIDE_PX))
    factor = min(_SIDE_PX / image.width, _SIDE_PX / image.height)
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    return image.resize(size, Image.Resampling.BILINEAR)


def _place(a: Record, b: Record, shift: tuple[int, int]) -> Image.Image:
    """Draw how two samples lie to each other: their outlines, the shared ground grey."""
    sides = [(int(str(row["height"])), int(str(row["width"]))) for row in (a, b)]
    corners = [(0, 0), shift]
    top, left = (min(corner[i] for corner in corners) for i in (0, 1))
    ends = [max(c[i] + s[i] for c, s in zip(corners, sides, strict=True)) for i in (0, 1)]
    factor = (_PLACE_PX - 6) / max(ends[0] - top, ends[1] - left)
    image = Image.new("RGB", (_PLACE_PX, _PLACE_PX), "white")
    draw = ImageDraw.Draw(image)
    common = common_ground(sides[0], sides[1], shift)
    if common is not None:
        rows, cols = common.a
        box = [
            factor * n + 2
            for n in (cols.start - left, rows.start - top, cols.stop - left, rows.stop - top)
        ]
        draw.rectangle(tuple(box), "#dcdfe0")
    for (row, col), (height, width), colour in zip(corners, sides, (_A, _B), strict=True):
        x, y = factor * (col - left) + 2, factor * (row - top) + 2
        draw.rectangle((x, y, x + factor * width, y + factor * height), outline=colour, width=2)
    return image
