"""The page of two runs compared: what differs, how surely, and where one sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from landseer.core.bands import Band
from landseer.core.classes import IGNORE, ClassTable
from landseer.core.files import write_text
from landseer.raster.label import read_label
from landseer.report.composites import natural_bands
from landseer.report.judged import judge_held_out
from landseer.report.page import drawing, fill_page
from landseer.report.parts import (
    Mark,
    Part,
    Section,
    Strip,
    Tile,
    cards,
    chart,
    number,
    section,
    strips,
    table,
)
from landseer.report.style import LINES, dress, new_figure
from landseer.report.tiles import composite, index_uri, photo_uri, scale_bar
from landseer.select.selection import Selection
from landseer.select.versus import Paired, SamplePair, Versus
from landseer.track.figures import FAINT, INK
from landseer.track.pixels import class_colours

SIDE_PX = 320
"""Longer side of a picture, px."""

_SQUARE, _LISTED = 4.2, 20
_CHANGES = ("#f1eee6", "#00604f", "#e8730c", "#9aa3a8")
_CHANGE_NAMES = ("both right", "right in the second only", "right in the first only", "both wrong")


@dataclass(frozen=True, slots=True)
class Side:
    """What a page needs of one run.

    Attributes:
        name: of the run.
        bands, classes: of its data.
        selection: how its folds were judged.
        oof: its out-of-fold predictions, as `judge_held_out` takes them.
        rows: of the sample table that it held out, by sample.
    """

    name: str
    bands: tuple[Band, ...]
    classes: ClassTable
    selection: Selection
    oof: Path
    rows: gpd.GeoDataFrame


def headline(found: Versus, names: tuple[str, str]) -> str:
    """Say in one sentence which run is better, and how surely."""
    whole, metric = found.whole, found.metric
    said = f"{metric} of {names[1]} is {_signed(whole.difference)} against {names[0]}"
    ends = f"{found.level:.0%} interval {_signed(whole.low)} to {_signed(whole.high)}"
    if np.isnan(whole.low):
        return f"{said}; one place only, so that nothing can be said of chance."
    if whole.is_clear:
        return f"{said} ({ends} over {found.n_groups:,} places)."
    return f"{said}, which may be chance ({ends} over {found.n_groups:,} places)."


def build_versus_page(
    found: Versus, sides: tuple[Side, Side], out: Path, *, examples: int = 4
) -> None:
    """Write the page, whole or not at all; it asks for nothing outside itself.

    Args:
        found: the comparison.
        sides: both runs.
        out: the HTML file.
        examples: samples shown that gain most, and as many that lose most.

    Raises:
        FileReadError: an image, label or prediction that is shown cannot be read.
        WriteError: the file cannot be written.
    """
    names = names_of(sides)
    with drawing():
        sections = [_scores(found, names), *pictures(found, sides, examples)]
    facts = [
        ("samples in both", f"{len(found.samples):,}"),
        ("places", f"{found.n_groups:,}"),
        ("left out", f"{found.left_out:,}"),
    ]
    title = f"{names[0]} and {names[1]}"
    text = fill_page("versus.html.j2", name=title, facts=facts, sections=sections)
    write_text(out, text)


def told_apart(sides: tuple[Side, Side], folders: tuple[Path, Path]) -> tuple[Side, Side]:
    """Name two runs of one recipe after their folders, by as much of the paths as tells them apart.

    Args:
        sides: both runs, named after their recipes.
        folders: their run folders.

    Edges: names that differ stay, and so do those of one folder that is compared with itself.
    """
    if sides[0].name != sides[1].name:
        return sides
    first, second = (folder.resolve().parts for folder in folders)
    for depth in range(1, max(len(first), len(second)) + 1):
        if first[-depth:] != second[-depth:]:
            names = ("/".join(parts[-depth:]) for parts in (first, second))
            one, two = (replace(side, name=name) for side, name in zip(sides, names, strict=True))
            return one, two
    return sides


def names_of(sides: tuple[Side, Side]) -> tuple[str, str]:
    """Name the runs, apart where they have one name."""
    first, second = (side.name for side in sides)
    return (first, second) if first != second else (f"{first} (first)", f"{second} (second)")


def _scores(found: Versus, names: tuple[str, str]) -> Section:
    """Show the score that decides, and those of each class."""
    rows = [
        [name, *_cells(pair)]
        for name, pairs in found.classes.items()
        for pair in pairs
        for name in [pair.score]
    ]
    heads = ("score", *names, "difference", f"{found.level:.0%} interval")
    whole = found.whole
    shown = cards(
        (number(whole.first), f"{found.metric}, {names[0]}"),
        (number(whole.second), f"{found.metric}, {names[1]}"),
        (_signed(whole.difference), "difference"),
        (f"{_signed(whole.low)} to {_signed(whole.high)}", f"{found.level:.0%} interval"),
        (f"{found.better:,} / {found.worse:,}", "places better / worse"),
    )
    figure = chart(
        _figure(found), "Differences", "Bars: paired intervals over places; grey ones hold zero."
    )
    return section(
        "scores", "Scores", headline(found, names), shown, figure, table("", heads, rows)
    )


def _cells(pair: Paired) -> list[str]:
    """Write one score of both runs."""
    ends = f"{_signed(pair.low)} to {_signed(pair.high)}"
    return [number(pair.first), number(pair.second), _signed(pair.difference), ends]


def _figure(found: Versus) -> Figure:
    """Draw each difference with its interval."""
    pairs = [found.whole, *(pair for of_class in found.classes.values() for pair in of_class)]
    figure = new_figure(height=max(1.5, 0.7 + 0.27 * len(pairs)))
    axis = dress(figure.subplots(), x="difference, second less first")
    axis.grid(visible=False, axis="y")
    for place, pair in enumerate(pairs):
        colour = LINES[0] if pair.is_clear else FAINT
        axis.plot([pair.low, pair.high], [place, place], color=colour, lw=2.5)
        axis.plot(pair.difference, place, "o", color=colour, ms=6)
    axis.set_yticks(range(len(pairs)), [pair.score for pair in pairs], color=INK)
    axis.set_ylim(len(pairs) - 0.5, -0.5)
    axis.axvline(0, color=INK, lw=1)
    axis.xaxis.set_major_locator(MaxNLocator(nbins=5))
    return figure


def pictures(found: Versus, sides: tuple[Side, Side], examples: int) -> list[Section]:
    """Show the samples that gain and lose most.

    Args:
        found, sides, examples: as of `build_versus_page`.

    Raises:
        FileReadError: an image, label or prediction that is shown cannot be read.
    """
    gained = [pair for pair in found.samples if pair.gained_px > 0][:examples]
    lost = [pair for pair in reversed(found.samples) if pair.gained_px < 0][:examples]
    names = names_of(sides)
    parts = [
        _sheet(f"{names[number]} has more pixels right", chosen, sides)
        for number, chosen in ((1, gained), (0, lost))
        if chosen
    ]
    lead = "Samples in order of the pixels that one run has right and the other has not."
    return [section("samples", "Samples", lead, *_by_sample(found, names), *parts)]


def _by_sample(found: Versus, names: tuple[str, str]) -> list[Part]:
    """Show every sample's score under both runs, and list those that differ most."""
    caption = f"One dot per sample, its own {found.metric} under both runs; above the line {names[1]} is better."
    heads = ("sample", "place", *names, "difference", "pixels gained")
    listed = [pair for pair in found.samples if pair.gained_px]
    half = _LISTED // 2
    shown = listed if len(listed) <= _LISTED else [*listed[:half], *listed[-half:]]
    rows = [
        [
            pair.sample,
            pair.group,
            number(pair.first),
            number(pair.second),
            _signed(pair.second - pair.first),
            f"{pair.gained_px:+,}".replace("-", "−"),
        ]
        for pair in shown
    ]
    parts = [chart(_sample_figure(found, names), "Every sample", caption)]
    if rows:
        title = f"The {len(rows)} samples that differ most; samples.csv lists all"
        parts.append(table(title, heads, rows, n_text=2, folded=len(rows) > half))
    return parts


def _sample_figure(found: Versus, names: tuple[str, str]) -> Figure:
    """Draw each sample's score under the first run against that under the second; undefined ones are left out."""
    figure = new_figure(_SQUARE, _SQUARE)
    axis = dress(
        figure.subplots(), x=f"{found.metric}, {names[0]}", y=f"{found.metric}, {names[1]}"
    )
    pairs = np.array([[pair.first, pair.second] for pair in found.samples], float).reshape(-1, 2)
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    low, high = (float(pairs.min()), float(pairs.max())) if len(pairs) else (0.0, 1.0)
    edge = 0.05 * (high - low) or 0.05
    limits = (low - edge, high + edge)
    axis.plot(limits, limits, color=INK, lw=1)
    gains = pairs[:, 1] - pairs[:, 0]
    colours = np.where(gains > 0, LINES[0], np.where(gains < 0, LINES[1], FAINT))
    axis.scatter(pairs[:, 0], pairs[:, 1], s=16, c=list(colours), alpha=0.75, linewidths=0)
    axis.set_xlim(*limits)
    axis.set_ylim(*limits)
    axis.set_aspect("equal")
    axis.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axis.yaxis.set_major_locator(MaxNLocator(nbins=5))
    return figure


def _sheet(title: str, chosen: Sequence[SamplePair], sides: tuple[Side, Side]) -> Part:
    """Make a row of pictures per sample."""
    classes = sides[0].classes
    rows = [_strip(pair, sides, first=not i) for i, pair in enumerate(chosen)]
    colours = class_colours(classes.colours, len(classes))
    marks = [Mark("fill", c, n) for c, n in zip(colours, classes.names, strict=True)]
    marks += [Mark("fill", c, n) for c, n in zip(_CHANGES[1:], _CHANGE_NAMES[1:], strict=True)]
    marks.append(Mark("hatch", "", "no data, or not judged"))
    return strips(title, rows, "", marks, len(rows[0].tiles))


def _strip(pair: SamplePair, sides: tuple[Side, Side], *, first: bool) -> Strip:
    """Make the pictures of one sample."""
    side, row = sides[0], sides[0].rows.loc[pair.sample]
    truth = read_label(Path(row["label"]), side.classes)
    decided = [
        judge_held_out(one.selection, one.oof, pair.sample, int(one.rows.loc[pair.sample]["fold"]))[
            1
        ]
        for one in sides
    ]
    colours = class_colours(side.classes.colours, len(side.classes))
    picture = composite(Path(row["image"]), side.bands)
    names = names_of(sides)
    shown = {
        natural_bands(side.bands)[1]: photo_uri(picture, SIDE_PX),
        "truth": index_uri(truth, colours, SIDE_PX),
        names[0]: index_uri(decided[0], colours, SIDE_PX),
        names[1]: index_uri(decided[1], colours, SIDE_PX),
        "what changed": index_uri(
            _changes(truth, decided[0], decided[1], len(colours)), _CHANGES, SIDE_PX
        ),
    }
    bar = scale_bar(picture.shape[1], row["gsd_m"]) if first else None
    tiles = [
        Tile(uri, f"{pair.sample}, {name}", name, bar=None if i else bar)
        for i, (name, uri) in enumerate(shown.items())
    ]
    facts = (
        ("first", number(pair.first, 3)),
        ("second", number(pair.second, 3)),
        ("px", f"{pair.gained_px:+,}"),
    )
    return Strip(pair.sample, facts, tuple(tiles))


def _changes(
    truth: NDArray[np.uint8], first: NDArray[np.uint8], second: NDArray[np.uint8], n_classes: int
) -> NDArray[np.uint8]:
    """Say for each pixel which run has it right: positions in `_CHANGES`, 255 where truth is not known."""
    kinds = np.select(
        [(first == truth) & (second == truth), second == truth, first == truth], [0, 1, 2], 3
    )
    return np.where(truth < n_classes, kinds, IGNORE).astype(np.uint8)


def _signed(value: float) -> str:
    """Write a difference with its sign."""
    return "–" if np.isnan(value) else f"{value:+.3f}".replace("-", "−")
