"""The map of footprints: where the samples lie, which fold each is in, and which of them are one place."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, label
from scipy.spatial import cKDTree

from landseer.report.hues import FoldStyle, fold_style
from landseer.report.look import Look
from landseer.report.map_frame import Frame, dress_map, frame_for, limits
from landseer.report.style import new_figure
from landseer.samples.schema import is_missing
from landseer.track.figures import FAINT, INK

_WIDE, _HIGH, _SMALL_HIGH = 9.9, 5.4, 3.9
_MAP_WIDE, _DETAIL_IN = 8.2, (3.0, 3.0)
_PX_PER_INCH = 96
_DETAILS, _COLUMNS = 6, 3
_CELLS = 64
_GAIN, _MOSTLY = 4.0, 0.9
_SMALL_PX, _NUMBER_PX, _APART_PX = 5.0, 16.0, 26.0
_STRADDLES = "#a5301f"
_MANY = 1500
_ASIDE = {
    "put aside": FoldStyle("#1d2b33", "s", "#ffffff"),
    "trained on only": FoldStyle("#8b979d", "D", "#ffffff"),
    "test side": FoldStyle("#ffffff", "o", INK),
    "left out": FoldStyle("#ffffff", "x", INK),
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Samples that lie near each other.

    Attributes:
        letter: by which the map names it.
        rows: its samples, geometry in EPSG:4326.
    """

    letter: str
    rows: gpd.GeoDataFrame


def placed(look: Look) -> gpd.GeoDataFrame:
    """Return the samples that have a footprint, with the column `part`: `fold 0` …, or why they are in no fold."""
    rows = look.samples[~look.samples.geometry.isna()].copy()
    rows["part"] = [_part(row) for row in rows.to_dict(orient="records")]
    return rows


def map_figure(look: Look) -> Figure:
    """Draw all footprints.

    Args:
        look: at least one sample has a footprint.
    """
    rows = placed(look)
    found = clusters(rows)
    detailed = sum(len(cluster.rows) for cluster in found)
    height = _SMALL_HIGH if detailed > _MOSTLY * len(rows) else _HIGH
    figure = new_figure(_WIDE, height)
    axis = figure.subplots()
    frame = frame_for(rows)
    box = _draw(axis, frame, rows, (_MAP_WIDE, height - 0.35))
    for cluster in found:
        _frame_cluster(axis, frame, cluster, box)
    _legend(figure, rows)
    return figure


def details_figure(look: Look) -> Figure | None:
    """Draw the clusters that are too small to be seen on the whole map; None where there are none."""
    found = clusters(placed(look))
    if not found:
        return None
    n_rows = -(-len(found) // _COLUMNS)
    figure = new_figure(_WIDE, 3.35 * n_rows)
    axes = figure.subplots(n_rows, _COLUMNS, squeeze=False)
    for axis, cluster in zip(axes.flat, found, strict=False):
        _draw(axis, frame_for(cluster.rows), cluster.rows, _DETAIL_IN)
        n_places = cluster.rows["group"].nunique() if "group" in cluster.rows else 0
        places = f", {n_places:,} {'place' if n_places == 1 else 'places'}" if n_places else ""
        title = f"{cluster.letter} · {len(cluster.rows):,} samples{places}"
        axis.set_title(title, fontsize=8.5, color=INK, loc="left", pad=4)
    for axis in axes.flat[len(found) :]:
        axis.set_visible(False)
    return figure


def clusters(rows: gpd.GeoDataFrame) -> list[Cluster]:
    """Return the largest clusters that a map of their own shows at least four times as large; at most six.

    Clusters are samples whose middles lie in connected cells of a grid of 64 by 64 over all of them, gaps of one cell
    allowed.
    """
    frame = frame_for(rows)
    middles = _middles(rows.to_crs(frame.crs))
    low, extent = middles.min(axis=0), float(np.ptp(middles, axis=0).max())
    if extent <= 0:
        return []
    cells = np.minimum(((middles - low) / extent * _CELLS).astype(int), _CELLS - 1)
    grid = np.zeros((_CELLS, _CELLS), bool)
    grid[cells[:, 0], cells[:, 1]] = True
    numbers, n_found = label(binary_dilation(grid, np.ones((3, 3))), np.ones((3, 3)))
    number = numbers[cells[:, 0], cells[:, 1]]
    sizes = np.bincount(number, minlength=n_found + 1)
    chosen = []
    for one in np.argsort(-sizes, kind="stable"):
        inside = number == one
        own = _extent(rows[inside].to_crs(frame.crs)) if sizes[one] else np.inf
        if sizes[one] > 1 and own * _GAIN <= extent:
            chosen.append(rows[inside])
    letters = string.ascii_uppercase
    return [Cluster(letters[i], rows) for i, rows in enumerate(chosen[:_DETAILS])]


def _part(row: dict[str, object]) -> str:
    """Say where a sample belongs."""
    if not is_missing(row["excluded"]):
        return "left out"
    if row["side"] == "test":
        return "test side"
    if row.get("holdout"):
        return "put aside"
    fold = row.get("fold", -1)
    return f"fold {fold}" if isinstance(fold, int) and fold >= 0 else "trained on only"


def _style(part: str) -> FoldStyle:
    """Return how a part is drawn."""
    return _ASIDE[part] if part in _ASIDE else fold_style(int(part.split()[1]))


def _parts(rows: gpd.GeoDataFrame) -> list[str]:
    """Return the parts there are, folds in order, the others after them."""
    there = set(rows["part"])
    folds = sorted(
        (part for part in there if part not in _ASIDE), key=lambda part: int(part.split()[1])
    )
    return [*folds, *(part for part in _ASIDE if part in there)]


def _draw(
    axis: Axes, frame: Frame, rows: gpd.GeoDataFrame, size_in: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Draw footprints on a map of this width and height, as marks where they would be too small; returns the limits."""
    projected = rows.to_crs(frame.crs)
    box = limits(projected.total_bounds, size_in[0] / size_in[1])
    dress_map(axis, frame, box)
    px = size_in[0] * _PX_PER_INCH / (box[2] - box[0])
    size = float(np.median(np.sqrt(projected.area)))
    if size * px < _SMALL_PX:
        _marks(axis, projected, px)
    else:
        _polygons(axis, projected)
        _outlines(axis, projected, px)
    return box


def _marks(axis: Axes, projected: gpd.GeoDataFrame, px: float) -> None:
    """Draw each sample as a mark at its middle."""
    size = _mark_size(projected, px)
    for order, part in enumerate(reversed(_parts(projected))):
        style, middles = _style(part), _middles(projected[projected["part"] == part])
        edge = FAINT if style.colour == "#ffffff" else "#ffffff"
        colours: dict[str, Any] = (
            {"c": FAINT} if style.marker == "x" else {"c": style.colour, "edgecolors": edge}
        )
        axis.scatter(
            middles[:, 0], middles[:, 1], s=size, marker=style.marker, linewidths=0.6, zorder=3 + order / 100,
            rasterized=len(projected) > _MANY, **colours,
        )  # fmt: skip


def _mark_size(projected: gpd.GeoDataFrame, px: float) -> float:
    """Return the area of a mark, points squared: as wide as half the neighbours are apart, within limits."""
    if len(projected) < 2:
        return 40.0
    middles = _middles(projected)
    apart = cKDTree(middles).query(middles, k=2)[0][:, 1]
    return float(np.clip(0.75 * float(np.median(apart)) * px, 4.5, 6.5) ** 2)


def _polygons(axis: Axes, projected: gpd.GeoDataFrame) -> None:
    """Draw each footprint, see-through, so that what lies on top of each other shows."""
    for order, part in enumerate(reversed(_parts(projected))):
        style = _style(part)
        shapes = projected.geometry[projected["part"] == part]
        hollow = style.colour == "#ffffff"
        drawn = PatchCollection(
            [_patch(shape) for shape in shapes], facecolor=style.colour, alpha=0.35 if hollow else 0.55,
            edgecolor=FAINT if hollow else INK, linewidth=0.5, hatch="////" if part == "left out" else None,
            zorder=2 + order / 100, rasterized=len(projected) > _MANY,
        )  # fmt: skip
        axis.add_collection(drawn)


def _outlines(axis: Axes, projected: gpd.GeoDataFrame, px: float) -> None:
    """Draw the outline of each place of several samples, and write its folds on it where there is room."""
    if "group" not in projected:
        return
    named = projected[~projected["group"].map(is_missing).astype(bool)]
    written: list[tuple[float, float]] = []
    for _, members in named.groupby("group"):
        folds = [part for part in _parts(members) if part not in _ASIDE]
        whole = shapely.union_all(members.geometry.to_numpy())
        edge = _STRADDLES if len(folds) > 1 else INK
        for shape in getattr(whole, "geoms", [whole]):
            left, bottom, right, top = shape.bounds
            side_px = min(right - left, top - bottom) * px
            if len(members) > 1:
                patch = _patch(shape)
                wide = float(np.clip(side_px / 16, 0.5, 1.3))
                patch.set(facecolor="none", edgecolor=edge, linewidth=wide, zorder=4)
                axis.add_patch(patch)
            at = shape.representative_point()
            free = all(math.dist((at.x, at.y), other) * px > _APART_PX for other in written)
            if folds and side_px >= _NUMBER_PX and free:
                written.append((at.x, at.y))
                _number(axis, at, folds)


def _number(axis: Axes, at: shapely.Point, folds: Sequence[str]) -> None:
    """Write the number of a fold in its colour; those of several in the colour of a warning."""
    style = _style(folds[0])
    fill, ink = (_STRADDLES, "#ffffff") if len(folds) > 1 else (style.colour, style.ink)
    text, shape = (
        ",".join(fold.split()[1] for fold in folds),
        "round" if len(folds) > 1 else "circle",
    )
    axis.annotate(
        text, (at.x, at.y), ha="center", va="center", fontsize=8, color=ink, zorder=5,
        bbox={"boxstyle": f"{shape},pad=0.22", "facecolor": fill, "edgecolor": "#ffffff", "lw": 0.8},
    )  # fmt: skip


def _patch(shape: shapely.Geometry) -> PathPatch:
    """Turn a polygon or several into a patch, holes included."""
    rings = []
    for polygon in getattr(shape, "geoms", [shape]):
        rings += [polygon.exterior, *polygon.interiors]
    return PathPatch(
        Outline.make_compound_path(
            *(Outline(np.asarray(ring.coords)[:, :2], closed=True) for ring in rings)
        )
    )


def _frame_cluster(axis: Axes, frame: Frame, cluster: Cluster, box: Sequence[float]) -> None:
    """Draw the rectangle of a cluster that has a map of its own."""
    left, bottom, right, top = limits(cluster.rows.to_crs(frame.crs).total_bounds, 1.0)
    least = 0.035 * (box[3] - box[1])
    x, y = (left + right) / 2, (bottom + top) / 2
    half = max(right - left, top - bottom, least) / 2
    axis.add_patch(
        Rectangle((x - half, y - half), 2 * half, 2 * half, fill=False, ec=INK, lw=1.1, zorder=6)
    )
    axis.annotate(
        cluster.letter, (x + half, y + half), xytext=(3, 1), textcoords="offset points", fontsize=10, weight="bold",
        color=INK, zorder=7, bbox={"facecolor": "#ffffff", "alpha": 0.75, "lw": 0, "pad": 1},
    )  # fmt: skip


def _legend(figure: Figure, rows: gpd.GeoDataFrame) -> None:
    """Say what the colours mean, and how many samples each part has."""
    handles = []
    for part in _parts(rows):
        style = _style(part)
        hollow = style.colour == "#ffffff"
        handles.append(
            Line2D(
                [], [], ls="", marker=style.marker, ms=8, mfc=style.colour, mec=FAINT if hollow else "#ffffff", mew=0.8,
                label=f"{part} ({int((rows['part'] == part).sum()):,})",
            )
        )  # fmt: skip
    figure.legend(
        handles=handles, loc="outside right upper", ncols=1 + (len(handles) > 16), fontsize=8.5, frameon=False,
        labelcolor=INK, handletextpad=0.2,
    )  # fmt: skip


def _middles(projected: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Return the middles of footprints, (n, 2)."""
    middles = projected.geometry.centroid
    return np.stack([middles.x.to_numpy(), middles.y.to_numpy()], axis=1)


def _extent(projected: gpd.GeoDataFrame) -> float:
    """Return the longer side of the bounds, m."""
    left, bottom, right, top = projected.total_bounds
    return float(max(right - left, top - bottom))
