"""A sheet per place: its samples laid out as one mosaic, where they disagree, and each of them in order of date."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from landseer.core.bands import Band
from landseer.report.canvas import (
    Panel,
    Row,
    draw_legend,
    draw_sheet,
    font,
    stack,
    text_line,
    to_image,
    with_bar,
)
from landseer.report.compared import Compared
from landseer.report.composites import natural_bands, read_colours
from landseer.report.evidence import (
    formula_of,
    is_over_heights,
    layer_of,
    limits_of,
    paint_layer,
)
from landseer.report.laying import Layout, lay_group
from landseer.report.parts import Mark
from landseer.report.pictures import Ramp, nice_limits
from landseer.report.ramps import ramp_of
from landseer.report.relief import TINT
from landseer.report.stretching import Stretch, fit_stretch
from landseer.report.tiles import fitted, scale_bar
from landseer.samples.schema import is_missing
from landseer.track.pixels import hatch

Record = Mapping[Any, Any]
"""A row of a table: column -> value."""

MOST_MEMBERS = 40
"""Samples of a group that are shown on their own."""

_MOSAIC_PX, _THUMB_PX = (410, 560), 150
_MOST_MOSAIC = 400
_FIT = 24
_LEAST_PANEL_PX = 250
_NAMED = 12
_LINE = 150
_WORST = "magma_r"
_NO_DATA = Mark("hatch", "", "no sample, or no data")


@dataclass(frozen=True, slots=True)
class Member:
    """One sample of a group, read and shrunk alike for all: colours (3, h, w), compared layer (h, w) or None."""

    name: str
    colours: NDArray[np.float32]
    layer: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class Mosaic:
    """One picture of all samples of a group, with its legend."""

    title: str
    image: Image.Image
    marks: tuple[Mark, ...] = ()
    ramps: tuple[Ramp, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupSheet:
    """A drawn group: the sheet, its mosaics as (title, image), and the facts of its row in the index."""

    name: str
    sheet: Image.Image
    mosaics: tuple[tuple[str, Image.Image], ...]
    facts: tuple[tuple[str, str], ...]


def group_sheet(
    name: str, members: gpd.GeoDataFrame, pairs: pd.DataFrame, read: Compared
) -> GroupSheet:
    """Draw one group.

    Args:
        name: of the group.
        members: its rows of the sample table, with `fold`.
        pairs: pairs of the same place; those of the group are taken.
        read: reads samples as they were compared.

    Raises:
        FileReadError, BandError, FormulaError: an image cannot be read as it should be.

    Edges: samples whose shift is not known are shown on their own only; of very large groups the mosaic holds the
        first 400 in order of date, and the sheet says so.
    """
    members = ordered(members)
    inside = pairs[pairs["a"].isin(members["sample"]) & pairs["b"].isin(members["sample"])]
    layout = lay_group(members, inside)
    formula = formula_of(inside["method"])
    factor = max(1, layout.height // _MOSAIC_PX[1], layout.width // _MOSAIC_PX[0])
    chosen, _ = natural_bands(read.bands)
    stretch = _stretch(members, chosen)
    shown = [r for r in members.to_dict("records") if r["sample"] in layout.places][:_MOST_MOSAIC]
    drawn = [_read(row, read, chosen, formula, factor) for row in shown]
    is_height = formula is not None and is_over_heights(formula, read.bands)
    gsd_m = _gsd(members)
    mosaics = _mosaics(drawn, layout, factor, stretch, is_height, formula, gsd_m) if drawn else []
    thumbs = [
        _thumb(row, chosen, stretch, inside)
        for row in members.head(MOST_MEMBERS).to_dict("records")
    ]
    small = [(one.title, one.image) for one in mosaics] or [("first sample", thumbs[0].image)]
    panels = [_panel(one) for one in mosaics]
    rows = [Row(tuple(panels)), Row(tuple(thumbs), _thumbs_head(members))]
    notes = _notes(members, inside, layout, len(shown))
    sheet = draw_sheet([row for row in rows if row.panels], title=f"group {name}", notes=notes)
    return GroupSheet(name, sheet, tuple(small), facts_of(members, inside))


def ordered(members: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Sort rows by date, those without one last, then by name."""
    return members.sort_values(["date", "sample"], kind="stable", na_position="last")


def facts_of(members: gpd.GeoDataFrame, inside: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    """Return (what, figure) of a group: samples, folds, pairs, and how strong the weakest and strongest of them are."""
    folds = sorted({fold_text(row) for row in members.to_dict("records")})
    facts = [("samples", f"{len(members):,}"), ("fold", ", ".join(folds))]
    dates = sorted(str(date) for date in members["date"] if not is_missing(date))
    facts += (
        [("dates", dates[0] if dates[0] == dates[-1] else f"{dates[0]} … {dates[-1]}")]
        if dates
        else []
    )
    facts.append(("pairs", f"{len(inside):,}"))
    for column, what in (("overlap", "overlap"), ("agreement", "agrees")):
        values = inside[column].dropna()
        if len(values):
            facts.append((what, f"{values.min():.2f}–{values.max():.2f}"))
    return tuple(facts)


def fold_text(row: Record) -> str:
    """Write a sample's fold: its number, `test` on the test side, `no fold` where it has none."""
    fold = -1 if is_missing(row.get("fold")) else int(str(row["fold"]))
    return "test" if row["side"] == "test" else str(fold) if fold >= 0 else "no fold"


def file_name(group: str, taken: set[str]) -> str:
    """Return a file name for a group, without its ending: letters and digits stay, and no two are alike.

    Args:
        group: its name.
        taken: names given before, lower case; the new one is added.
    """
    plain = re.sub(r"[^\w.-]+", "_", group).strip("._")[:80] or "group"
    name, n = plain, 1
    while name.lower() in taken or name.lower() == "index":
        n += 1
        name = f"{plain}_{n}"
    taken.add(name.lower())
    return name


def _read(
    row: Record,
    read: Compared,
    chosen: Sequence[Band],
    formula: str | None,
    factor: int,
) -> Member:
    """Read a sample, every so many pixels averaged."""
    variables = read(row)
    colours = np.stack([np.asarray(variables[band.name], np.float32) for band in chosen])
    layer = None if formula is None else shrink(layer_of(variables, formula), factor)
    return Member(str(row["sample"]), np.stack([shrink(one, factor) for one in colours]), layer)


def shrink(layer: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Average blocks of pixels; NaN where all of a block is missing; what is left over at the end is dropped."""
    height, width = (max(1, n // factor) for n in layer.shape)
    if factor == 1 or min(layer.shape) < factor:
        return layer[:height, :width]
    blocks = layer[: height * factor, : width * factor].reshape(height, factor, width, factor)
    known = np.isfinite(blocks)
    count = known.sum(axis=(1, 3))
    total = np.where(known, blocks, 0).sum(axis=(1, 3), dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def _stretch(members: gpd.GeoDataFrame, chosen: Sequence[Band]) -> Stretch:
    """Fit one stretch for the group, to some of its samples."""
    places = np.unique(np.linspace(0, len(members) - 1, min(len(members), _FIT)).astype(int))
    return fit_stretch(
        [read_colours(Path(image), chosen) for image in members["image"].iloc[places]]
    )


def _mosaics(
    read: Sequence[Member],
    layout: Layout,
    factor: int,
    stretch: Stretch,
    is_height: bool,
    formula: str | None,
    gsd_m: float | None,
) -> list[Mosaic]:
    """Draw the mosaic in colours with the samples' outlines, in the compared layer, and where the samples disagree."""
    shape = (max(1, -(-layout.height // factor)), max(1, -(-layout.width // factor)))
    places = {n: (r // factor, c // factor) for n, (r, c) in layout.places.items()}
    bar = scale_bar(layout.width, gsd_m)
    colours = stretch(_pasted([(m.name, m.colours) for m in read], places, shape))
    framed = _framed(to_image(colours), read, places)
    drawn = [Mosaic("in colours, each sample framed", with_bar(framed, bar), (_NO_DATA,))]
    layers = [(m.name, m.layer[None]) for m in read if m.layer is not None]
    if not layers or formula is None:
        return drawn
    whole = _pasted(layers, places, shape)[0]
    limits = nice_limits(*limits_of(whole))
    ramp = Ramp(TINT, *limits, "m") if is_height else ramp_of("gray", *limits)
    picture = _scaled(to_image(paint_layer(whole, is_height=is_height, limits=limits)))
    drawn.append(Mosaic(f"compared: {formula}", picture, (), (ramp,)))
    deviation, depth = _disagreement(layers, places, shape)
    share = np.where(depth > 1, deviation / (limits[1] - limits[0]), np.nan).astype(np.float32)
    worst = ramp_of(_WORST, 0, 0.25)
    painted = np.where(np.isfinite(share)[..., None], worst.paint(share), hatch(shape))
    image = _scaled(to_image(painted.astype(np.float32)))
    marks = (Mark("hatch", "", "seen once, or not at all"),)
    drawn.append(Mosaic("disagreement, as a share of that range", image, marks, (worst,)))
    return drawn


def _scaled(image: Image.Image) -> Image.Image:
    """Bring a mosaic to the size at which it is shown."""
    factor = min(_MOSAIC_PX[0] / image.width, _MOSAIC_PX[1] / image.height)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.BILINEAR if factor > 1 else Image.Resampling.BOX)


def _panel(one: Mosaic) -> Panel:
    """Put title, picture and legend below each other."""
    width = max(one.image.width, _LEAST_PANEL_PX)
    legend = draw_legend(one.marks, one.ramps, width)
    return Panel(stack([text_line(one.title, width), one.image, legend], width))


def _pasted(
    layers: Sequence[tuple[str, NDArray[np.float32]]],
    places: Mapping[str, tuple[int, int]],
    shape: tuple[int, int],
) -> NDArray[np.float32]:
    """Lay (band, h, w) arrays into one, later ones on top, missing pixels transparent."""
    whole = np.full((layers[0][1].shape[0], *shape), np.nan, np.float32)
    for name, layer in layers:
        row, col = places[name]
        view = whole[:, row : row + layer.shape[1], col : col + layer.shape[2]]
        part = layer[:, : view.shape[1], : view.shape[2]]
        known = np.isfinite(part).all(axis=0)
        view[:, known] = part[:, known]
    return whole


def _disagreement(
    layers: Sequence[tuple[str, NDArray[np.float32]]],
    places: Mapping[str, tuple[int, int]],
    shape: tuple[int, int],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the standard deviation between samples at each place, and how many samples are there."""
    count, total, squares = (np.zeros(shape) for _ in range(3))
    means = [float(np.nanmean(layer)) for _, layer in layers if np.isfinite(layer).any()]
    level = float(np.mean(means)) if means else 0.0
    for name, layer in layers:
        row, col = places[name]
        rows = slice(row, min(row + layer.shape[1], shape[0]))
        cols = slice(col, min(col + layer.shape[2], shape[1]))
        part = (
            layer[0, : rows.stop - rows.start, : cols.stop - cols.start].astype(np.float64) - level
        )
        known = np.isfinite(part)
        filled = np.where(known, part, 0)
        count[rows, cols] += known
        total[rows, cols] += filled
        squares[rows, cols] += filled**2
    mean = total / np.maximum(count, 1)
    return np.sqrt(np.maximum(squares / np.maximum(count, 1) - mean**2, 0)), count.astype(np.int64)


def _framed(
    image: Image.Image, read: Sequence[Member], places: Mapping[str, tuple[int, int]]
) -> Image.Image:
    """Scale a mosaic and frame each sample with a thin line; few samples are named."""
    shown = _scaled(image)
    factor = shown.width / image.width
    lines = Image.new("L", shown.size, 0)
    draw = ImageDraw.Draw(lines)
    for member in read:
        row, col = places[member.name]
        height, width = member.colours.shape[1:]
        box = [factor * n for n in (col, row, col + width, row + height)]
        draw.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), outline=_LINE)
    shown.paste(Image.new("RGB", shown.size, "white"), (0, 0), lines)
    if len(read) <= _NAMED:
        letters, face = ImageDraw.Draw(shown), font(10)
        for member in read:
            y, x = (factor * n + 2 for n in places[member.name])
            letters.text((x, y), member.name, "white", face, stroke_width=1, stroke_fill="#10181c")
    return shown


def _thumb(
    row: Record,
    chosen: Sequence[Band],
    stretch: Stretch,
    inside: pd.DataFrame,
) -> Panel:
    """Draw one sample on its own, in the group's stretch, with its strongest pair."""
    name, colours = str(row["sample"]), read_colours(Path(row["image"]), chosen)
    image = to_image(fitted(stretch(colours), _THUMB_PX))
    fold = fold_text(row)
    where = f"fold {fold}" if fold.isdecimal() else fold
    date = "" if is_missing(row["date"]) else f" · {row['date']}"
    own = inside[(inside["a"] == name) | (inside["b"] == name)].sort_values(
        "score", ascending=False
    )
    lines = [name, where + date]
    if len(own):
        best = own.iloc[0]
        lines += [f"with {best['b'] if best['a'] == name else best['a']}:", pair_figures(best)]
    return Panel(image, tuple(lines))


def pair_figures(pair: pd.Series) -> str:
    """Write overlap and agreement of a pair, what there is of them."""
    figures = [] if is_missing(pair["overlap"]) else [f"{pair['overlap']:.0%}"]
    figures += [] if is_missing(pair["agreement"]) else [f"r {pair['agreement']:.2f}"]
    return ", ".join(figures) or str(pair["method"])


def _notes(
    members: gpd.GeoDataFrame, inside: pd.DataFrame, layout: Layout, n_laid: int
) -> list[str]:
    """Write what holds the group together."""
    notes = [" · ".join(f"{what} {figure}" for what, figure in facts_of(members, inside))]
    if layout.by == "pairs" and layout.weakest is not None:
        weak = layout.weakest
        notes.append(
            "Laid out by the shifts of its pairs, later samples on top; where a pair is wrong, lines break at a frame. "
            f"It would fall apart first between {weak.a} and {weak.b} (score {weak.score:.1f}); "
            f"{layout.n_against:,} pairs contradict stronger ones."
        )
    elif layout.by:
        notes.append("Laid out by georeference.")
    else:
        notes.append("No shift is known: the samples are shown on their own.")
    if layout.by and n_laid < len(members):
        notes.append(f"The mosaic holds {n_laid:,} of {len(members):,} samples.")
    return notes


def _thumbs_head(members: gpd.GeoDataFrame) -> str:
    """Say which samples are shown on their own."""
    order = "in order of date" if members["date"].notna().any() else "by name"
    first = (
        f"the first {MOST_MEMBERS} of {len(members):,} samples"
        if len(members) > MOST_MEMBERS
        else "each sample"
    )
    return f"{first}, {order}, with the strongest pair: overlap, agreement (correlation) of what was compared"


def _gsd(members: gpd.GeoDataFrame) -> float | None:
    """Return the samples' ground distance, m, or None."""
    known = members["gsd_m"].dropna()
    return float(known.median()) if len(known) else None
