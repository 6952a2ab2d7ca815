"""What is known besides classes: rasters beside their images, their figures by fold, numbers and directions."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from landseer.core.references import Reference
from landseer.errors import DataError
from landseer.raster.read import read_info
from landseer.raster.reference import grid_map, read_reference
from landseer.report.contact import spaced
from landseer.report.look import Look
from landseer.report.parts import Part, Section, Strip, Tile, number, section, table
from landseer.report.pictures import Ramp
from landseer.report.plots import plot
from landseer.report.reference_plots import numbers_figure, poses_figure, spreads_by_fold_figure
from landseer.report.thumbs import THUMB_PX, Thumbs, captioned, thumbs_of
from landseer.report.value_histograms import MOST_RASTERS, values_by_site_figure
from landseer.report.value_tiles import UNKNOWN, laid, ramp_mark, value_ramp, value_uri
from landseer.samples.figures import figures
from landseer.samples.schema import is_missing
from landseer.samples.table import usable

MOST_SITES = 8
"""Rows of pictures at most, for each raster."""

_PROBED = 24


def references_section(look: Look) -> Section:
    """Show references: pictures, spread, and how many are known; says so where there are none."""
    lead = "What a network can learn besides classes: look whether it fits its images, and is alike in all folds."
    known = known_references(look)
    if not known:
        none: Part = {"kind": "note", "text": "The data have class labels only."}
        return section("references", "Values", lead, none)
    thumb = thumbs_of(look)
    parts: list[Part] = []
    for one in known:
        if one.kind == "raster" and look.config.pictures:
            parts += _pictures(look, one, thumb)
    for one in known:
        if one.kind == "raster":
            parts += _histograms(look, one)
    parts += _plots(look)
    parts.append(_table(look, known))
    return section("references", "Values", lead, *parts)


def known_references(look: Look) -> list[Reference]:
    """Return the references of which any usable sample knows a value."""
    used = usable(look.samples, None)
    there = [one for one in look.references if one.column in used]
    return [one for one in there if not used[one.column].map(is_missing).astype(bool).all()]


def _with(look: Look, reference: Reference) -> gpd.GeoDataFrame:
    """Return the usable samples that have a reference; of rasters, in the order of their means."""
    used = usable(look.samples, None)
    rows = used[~used[reference.column].map(is_missing).astype(bool)]
    mean = reference.figure_column("mean")
    return rows.sort_values([mean, "sample"]) if mean in rows else rows.sort_values("sample")


def _pictures(look: Look, reference: Reference, thumb: Thumbs) -> list[Part]:
    """Make a row of pairs of pictures per site: image, and raster on the ground of the image."""
    rows = _with(look, reference)
    ramp = _ramp(reference, rows)
    shown: list[Strip] = []
    sites = rows["site"].where(~rows["site"].map(is_missing).astype(bool), "")
    for site in sorted(sites.unique())[:MOST_SITES]:
        members = rows[sites == site]
        n_pairs = max(1, look.config.pictures // 2)
        tiles: list[Tile] = []
        for sample in spaced(list(members["sample"]), n_pairs):
            tiles.append(thumb(sample, sample, bar=not shown and not tiles))
            tiles.append(_tile(look, reference, sample, ramp))
        facts = (("samples", f"{len(members):,}"),)
        shown.append(Strip(site or reference.name, facts, tuple(tiles)))
    said = "Each image with its values; per row from the lowest mean to the highest."
    n_sites = sites.nunique()
    said += f" {MOST_SITES} of {n_sites} sites are shown." if n_sites > MOST_SITES else ""
    marks = (ramp_mark(ramp, reference.name), UNKNOWN)
    return [captioned(_title(reference), shown, said, marks, 2 * n_pairs)] if shown else []


def _tile(look: Look, reference: Reference, sample: str, ramp: Ramp) -> Tile:
    """Draw one raster."""
    values = on_image(look, reference, sample)
    label = f"{reference.name} of {sample}"
    if values is None:
        unknown = np.full((THUMB_PX, THUMB_PX), np.nan, np.float32)
        return Tile(value_uri(unknown, ramp, THUMB_PX), label, f"{reference.name}: cannot be read")
    there = values[np.isfinite(values)]
    middle = f"mean {number(float(there.mean()), 2)} {reference.unit}" if there.size else "unknown"
    return Tile(value_uri(values, ramp, THUMB_PX), label, middle.strip())


def on_image(look: Look, reference: Reference, sample: str) -> NDArray[np.float32] | None:
    """Read a raster and lay it on the ground of its image; None where it cannot be read or laid."""
    row = look.row(sample)
    path = Path(row[reference.column])
    try:
        values = read_reference(path, reference)
        values = values[0] if values.ndim > 2 else values
        own = reference.grid == "own"
        grid = grid_map(read_info(Path(row["image"])), read_info(path)) if own else None
    except DataError:
        return None
    return laid(values, grid, (int(row["height"]), int(row["width"])), THUMB_PX)


def _ramp(reference: Reference, rows: gpd.GeoDataFrame) -> Ramp:
    """Choose one scale of colours for all samples: from the figures of the audit, heights from 0 on."""
    low, high = (
        figures(rows, reference.figure_column(name))
        if reference.figure_column(name) in rows
        else np.zeros(0)
        for name in ("min", "max")
    )
    ends = [one[np.isfinite(one)].astype(np.float32) for one in (low, high)]
    is_height = reference.unit == "m" and reference.minimum == 0
    return value_ramp("height" if is_height else "dense_value", reference.unit, ends)


def _histograms(look: Look, reference: Reference) -> list[Part]:
    """Draw how a raster's values are spread over the pixels of each site; none where nothing can be read."""
    figure = values_by_site_figure(_with(look, reference), reference)
    if figure is None:
        return []
    said = (
        f"Known pixels of up to {MOST_RASTERS} rasters of each site, on one scale; shares on a scale of powers of ten. "
        "What lies beyond the axis counts at its end."
    )
    title = f"{reference.name}: values of the pixels by site"
    return [plot(figure, f"values_{reference.name}", title, said)]


def values_by_fold(look: Look) -> Figure | None:
    """Draw the means of the samples' rasters by fold; None where none was measured, or no sample is in a fold."""
    used = usable(look.samples, "train")
    rasters = [one for one in known_references(look) if one.kind == "raster"]
    drawn = [one for one in rasters if one.figure_column("mean") in used]
    if not drawn or "fold" not in used or not (used["fold"] >= 0).any():
        return None
    return spreads_by_fold_figure(used, drawn)


def numbers_by_site(look: Look) -> Figure | None:
    """Draw numbers of whole images by site; None where there are none."""
    numbers = [one for one in known_references(look) if one.kind == "number"]
    return numbers_figure(usable(look.samples, None), numbers) if numbers else None


def directions(look: Look) -> Figure | None:
    """Draw the first angle as it lies in the images, at the distance of the first number; None where there is none."""
    known = known_references(look)
    angle = next((one for one in known if one.kind == "angle"), None)
    length = next((one for one in known if one.kind == "number"), None)
    return None if angle is None else poses_figure(usable(look.samples, None), angle, length)


def _plots(look: Look) -> list[Part]:
    """Draw spreads by fold, numbers by site, and how images lean."""
    drawn = (
        (
            values_by_fold(look), "values_by_fold", "Means of the samples by fold",
            "A dot per sample: its mean; bars: the middle half of the fold, with its median. Folds should lie alike.",
        ),
        (
            numbers_by_site(look), "numbers", "Numbers by site",
            "A dot per sample, filled on the training side; bars: the middle half of the site, with its median.",
        ),
        (
            directions(look), "directions", "Directions",
            "As in the image: down is down. The distance from the middle is the number that stands at the circles.",
        ),
    )  # fmt: skip
    return [
        plot(figure, name, title, caption)
        for figure, name, title, caption in drawn
        if figure is not None
    ]


def _table(look: Look, known: list[Reference]) -> Part:
    """Count who knows what."""
    heads = [
        "",
        "unit",
        "training samples",
        "test samples",
        "known pixels",
        "lowest",
        "median",
        "highest",
    ]
    return table("Figures of the values", heads, [_row(look, one) for one in known], n_text=2)


def _row(look: Look, reference: Reference) -> list[str]:
    """Make a reference's row: of rasters the lowest, the median of the means, the highest."""
    rows = _with(look, reference)
    sides = [f"{int((rows['side'] == side).sum()):,}" for side in ("train", "test")]
    if reference.kind != "raster":
        values = figures(rows, reference.column)
        ends = [float(f(values)) for f in (np.min, np.median, np.max)]
        shown = [number(end, 3) for end in ends] if reference.kind == "number" else ["–"] * 3
        return [reference.name, reference.unit, *sides, "–", *shown]
    share = _of(rows, reference, "valid_pct")
    low, middle, high = (_of(rows, reference, name) for name in ("min", "mean", "max"))
    shown = [
        number(_or_nan(f, v), 2) for f, v in ((np.min, low), (np.median, middle), (np.max, high))
    ]
    known = f"{share.mean():.1%}" if share.size else "–"
    return [reference.name, reference.unit, *sides, known, *shown]


def _of(rows: gpd.GeoDataFrame, reference: Reference, figure: str) -> NDArray[np.float64]:
    """Return a figure of the samples that have it."""
    name = reference.figure_column(figure)
    values = figures(rows, name) if name in rows else np.zeros(0)
    return values[np.isfinite(values)]


def _or_nan(reduce: object, values: NDArray[np.float64]) -> float:
    """Reduce values, NaN where there are none."""
    return float(reduce(values)) if values.size else float("nan")  # type: ignore[operator]


def _title(reference: Reference) -> str:
    """Name a reference with its unit."""
    return f"{reference.name}, {reference.unit}" if reference.unit else reference.name
