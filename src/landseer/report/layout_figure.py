"""The largest places drawn in pixels: how deep samples lie on each other, or when each was taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from landseer.report.hues import fold_style
from landseer.report.look import Look
from landseer.report.pixel_layout import Corner, Layout, layouts
from landseer.report.style import new_figure
from landseer.track.figures import FAINT, INK

_COLUMNS, _WIDE = 3, 9.9
_INSET, _MOST_FRAMES = 0.04, 8
_CELLS = 300
_LATE = 0.9


def layout_figure(look: Look, most: int = 6) -> Figure | None:
    """Draw the largest groups in pixels; None where no group can be laid out.

    Where dates are known each sample is a frame in the colour of its date, those at one spot inside each other; where a
    group lies in several folds, in the colour of its fold. Else the tint, in the colour of the fold, says how many
    samples lie on top of each other.
    """
    shown = layouts(look, most)
    if not shown:
        return None
    n_rows = -(-len(shown) // _COLUMNS)
    figure = new_figure(_WIDE, 3.3 * n_rows)
    axes = figure.subplots(n_rows, _COLUMNS, squeeze=False)
    rows = look.samples.set_index("sample")
    days = days_of(rows, [name for one in shown for name in one.corners])
    for axis, one in zip(axes.flat, shown, strict=False):
        boxes = {
            name: (*corner, float(rows.at[name, "height"]), float(rows.at[name, "width"]))
            for name, corner in one.corners.items()
        }
        folds = {name: int(rows.at[name, "fold"]) if "fold" in rows else -1 for name in boxes}
        _limits(axis, np.array(list(boxes.values())))
        there = sorted(set(folds.values()))
        if days:
            deep = _frames(axis, boxes, _date_colours(list(boxes), days))
        elif len(there) > 1:
            ordered = sorted(folds, key=lambda name: (folds[name], name))
            deep = _frames(axis, boxes, {name: _colour(folds[name]) for name in ordered})
        else:
            deep = _depth(axis, boxes, _colour(there[0]))
        _title(axis, one, [fold for fold in there if fold >= 0], deep)
    for axis in axes.flat[len(shown) :]:
        axis.set_visible(False)
    if days:
        _date_bar(figure, axes, days)
    else:
        _fold_legend(figure, {name for one in shown for name in one.corners}, rows)
    return figure


def days_of(rows: pd.DataFrame, names: Sequence[str]) -> dict[str, float]:
    """Return the dates of samples as days since 1970; empty unless at least two differ.

    Args:
        rows: sample table, indexed by sample.
        names: which samples.
    """
    texts = pd.Series(rows.loc[list(names), "date"].to_numpy(), index=list(names), dtype=object)
    times = pd.to_datetime(texts, errors="coerce", utc=True, format="mixed").dropna()
    if times.nunique() < 2:
        return {}
    days = times.to_numpy("datetime64[s]").astype(np.float64) / 86400
    return {str(name): float(day) for name, day in zip(times.index, days, strict=True)}


_Box = tuple[float, float, float, float]


def _depth(axis: Axes, boxes: Mapping[str, _Box], colour: str) -> str:
    """Tint each pixel by how many samples show it, and draw the samples' edges; returns how many at most, in words."""
    corners = np.array(list(boxes.values()))
    low, high = corners[:, :2].min(axis=0), (corners[:, :2] + corners[:, 2:]).max(axis=0)
    per_cell = float((high - low).max()) / _CELLS
    starts = np.rint((corners[:, :2] - low) / per_cell).astype(int)
    ends = np.rint((corners[:, :2] + corners[:, 2:] - low) / per_cell).astype(int)
    counts = np.zeros(ends.max(axis=0), int)
    for (top, left), (bottom, right) in zip(starts, ends, strict=True):
        counts[top:bottom, left:right] += 1
    n_rows, n_cols = counts.shape
    extent = (low[1], low[1] + n_cols * per_cell, low[0] + n_rows * per_cell, low[0])
    tint = LinearSegmentedColormap.from_list("depth", ("#ffffff", colour))
    share = 0.12 + 0.6 * np.ma.masked_equal(counts, 0) / max(1, counts.max())
    axis.imshow(share, cmap=tint, vmin=0, vmax=1, extent=extent, interpolation="nearest", zorder=1)
    for box in boxes.values():
        axis.add_patch(_rectangle(box, INK, 0.45))
    return f"up to {counts.max()} deep"


def _frames(axis: Axes, boxes: Mapping[str, _Box], colours: Mapping[str, str]) -> str:
    """Draw each sample as a frame in its colour, those at one spot inside each other in the order of the colours.

    Returns:
        How many share the fullest spot, in words.
    """
    spots: dict[Corner, list[str]] = {}
    for name in colours:
        if name in boxes:
            spots.setdefault(boxes[name][:2], []).append(name)
    for names in spots.values():
        for depth, name in enumerate(names[:_MOST_FRAMES]):
            row, col, height, width = boxes[name]
            inset = depth * _INSET * min(height, width)
            box = (row + inset, col + inset, height - 2 * inset, width - 2 * inset)
            patch = _rectangle(box, colours[name], 1.8)
            patch.set_facecolor((colours[name], 0.1))
            axis.add_patch(patch)
    most = max(map(len, spots.values()))
    return f"up to {most} at one spot" + (f", {_MOST_FRAMES} drawn" if most > _MOST_FRAMES else "")


def _date_colours(names: Sequence[str], days: Mapping[str, float]) -> dict[str, str]:
    """Return colours by date, the earliest sample first; grey where a date is not known."""
    low, high = min(days.values()), max(days.values())
    ordered = sorted(names, key=lambda name: (days.get(name, -np.inf), name))
    scale = matplotlib.colormaps["viridis"]
    return {
        name: to_hex(scale(_LATE * (days[name] - low) / (high - low))) if name in days else FAINT
        for name in ordered
    }


def _rectangle(box: _Box, edge: str, wide: float) -> Rectangle:
    """Make the outline of a sample."""
    row, col, height, width = box
    return Rectangle(
        (col, row), width, height, facecolor="none", edgecolor=edge, linewidth=wide, zorder=2
    )


def _colour(fold: int) -> str:
    """Return a fold's colour, grey for none."""
    return fold_style(fold).colour if fold >= 0 else FAINT


def _title(axis: Axes, one: Layout, folds: Sequence[int], deep: str) -> None:
    """Name a group, its folds, and how much of it is drawn."""
    named = f"fold {', '.join(map(str, folds))}" if folds else "no fold"
    missing = one.n_members - len(one.corners)
    more = f" (+{missing} without shift)" if missing else ""
    plain: dict[str, Any] = {"color": INK, "loc": "left", "parse_math": False}
    axis.set_title(
        f"{one.group} · {named}\n{len(one.corners)} samples{more}, {deep}",
        fontsize=8.5,
        pad=4,
        **plain,
    )


def _limits(axis: Axes, boxes: NDArray[np.float64]) -> None:
    """Show all samples, rows downwards, in a square with pixel figures."""
    low, high = boxes[:, :2].min(axis=0), (boxes[:, :2] + boxes[:, 2:]).max(axis=0)
    half = 0.54 * float((high - low).max())
    row, col = (low + high) / 2
    axis.set_xlim(col - half, col + half)
    axis.set_ylim(row + half, row - half)
    axis.set_aspect("equal")
    axis.set_facecolor("#f7f7f3")
    axis.tick_params(labelsize=7, labelcolor=FAINT, length=2.5, color="#8b979d")
    axis.locator_params(nbins=5)
    axis.set_xlabel("px", fontsize=7.5, color=FAINT, labelpad=1)
    for spine in axis.spines.values():
        spine.set_color("#8b979d")
        spine.set_linewidth(0.7)


def _fold_legend(figure: Figure, names: set[str], rows: pd.DataFrame) -> None:
    """Say below the panels which colour is which fold."""
    there = sorted(
        int(fold) for fold in rows.loc[sorted(names)].get("fold", pd.Series(-1)).unique()
    )
    handles = [
        Line2D([], [], ls="", marker="s", ms=8, mfc=_colour(fold), mec="none", label=f"fold {fold}")
        for fold in there
        if fold >= 0
    ]
    figure.legend(
        handles=handles,
        loc="outside lower left",
        ncols=10,
        fontsize=8.5,
        frameon=False,
        labelcolor=INK,
        handletextpad=0.2,
    )


def _date_bar(figure: Figure, axes: NDArray[Any], days: Mapping[str, float]) -> None:
    """Draw the scale of the dates."""
    low, high = min(days.values()), max(days.values())
    scale = ScalarMappable(Normalize(low, low + (high - low) / _LATE), "viridis")
    ticks = np.linspace(low, high, 5)
    bar = figure.colorbar(scale, ax=axes, shrink=0.7, aspect=30, pad=0.015, ticks=list(ticks))
    named = np.array(np.round(ticks), "datetime64[D]").astype(str)
    bar.ax.set_yticklabels(list(named), fontsize=7.5, color=FAINT)
    bar.ax.set_ylim(low, high)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0)
