"""Plots of references: means of rasters by fold, numbers by site, and directions as they lie in the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import geopandas as gpd
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.projections.polar import PolarAxes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from landseer.core.references import Reference
from landseer.report.hues import fold_style
from landseer.report.style import HALF, LINES, dress, new_figure
from landseer.samples.figures import figures
from landseer.samples.schema import is_missing
from landseer.track.figures import FAINT, GRID, INK

_WIDE = 9.9
_SPREAD = 0.62
_MOST_SITES = 12
_QUARTERS = (0, np.pi / 2, np.pi, 3 * np.pi / 2)
_SIDES = ("down", "right", "up", "left")


def spreads_by_fold_figure(rows: gpd.GeoDataFrame, references: Sequence[Reference]) -> Figure:
    """Draw the means of the samples' rasters, a row per fold and a panel per reference.

    Args:
        rows: training samples with `fold`; those of no fold are left out.
        references: rasters of which the table has the mean.
    """
    held = rows[rows["fold"] >= 0]
    folds = sorted(int(fold) for fold in held["fold"].unique())
    figure = new_figure(_WIDE, (0.75 + 0.32 * len(folds)) * len(references))
    axes = figure.subplots(len(references), 1, squeeze=False)[:, 0]
    for axis, reference in zip(axes, references, strict=True):
        dress(axis, x=_named(reference))
        axis.grid(visible=False, axis="y")
        for place, fold in enumerate(folds):
            own = held[held["fold"] == fold]
            values = figures(own, reference.figure_column("mean"))
            values = np.sort(values[np.isfinite(values)])
            _row(axis, values, place, fold_style(fold).colour)
        axis.set_yticks(range(len(folds)), [f"fold {fold}" for fold in folds], color=INK)
        axis.set_ylim(len(folds) - 0.4, -0.6)
    return figure


def numbers_figure(rows: gpd.GeoDataFrame, references: Sequence[Reference]) -> Figure:
    """Draw the numbers of the samples, a row per site and a panel per reference.

    Args:
        rows: samples of both sides.
        references: numbers.
    """
    sites = _sites(rows)
    names = sorted(set(sites))[:_MOST_SITES]
    figure = new_figure(_WIDE, (0.75 + 0.32 * len(names)) * len(references))
    axes = figure.subplots(len(references), 1, squeeze=False)[:, 0]
    for axis, reference in zip(axes, references, strict=True):
        dress(axis, x=_named(reference))
        axis.grid(visible=False, axis="y")
        for place, site in enumerate(names):
            own = rows[sites == site]
            values = figures(own, reference.column)
            known = np.isfinite(values)
            trained = (own["side"] == "train").to_numpy()[known]
            _row(axis, values[known], place, LINES[place % len(LINES)], filled=trained)
        axis.set_yticks(range(len(names)), names, color=INK, parse_math=False)
        axis.set_ylim(len(names) - 0.4, -0.6)
    return figure


def poses_figure(rows: gpd.GeoDataFrame, angle: Reference, length: Reference | None) -> Figure:
    """Draw directions as they lie in the image, at the distance of a number where there is one.

    Args:
        rows: samples of both sides.
        angle: radians, 0 = down, counter-clockwise.
        length: number that is the distance from the middle, or None.
    """
    figure = new_figure(1.3 * HALF, HALF)
    axis = cast(PolarAxes, figure.add_subplot(projection="polar"))
    axis.set_theta_zero_location("S")
    axis.set_facecolor("none")
    axis.grid(color=GRID, linewidth=0.6)
    axis.spines["polar"].set_color(GRID)
    theta, sites = figures(rows, angle.column), _sites(rows)
    radius = np.ones(len(rows)) if length is None else figures(rows, length.column)
    known = np.isfinite(theta) & np.isfinite(radius)
    names = sorted(set(sites[known]))[:_MOST_SITES]
    for place, site in enumerate(names):
        own = known & (sites == site)
        colour = LINES[place % len(LINES)]
        axis.plot(theta[own], radius[own], "o", ms=4.5, color=colour, alpha=0.75, mew=0, label=site)
    axis.set_xticks(_QUARTERS, _SIDES, color=FAINT, fontsize=8.5)
    axis.tick_params(colors=FAINT, labelsize=8)
    axis.set_ylim(bottom=0)
    _circles(axis, length)
    if names and names != [""]:
        drawn = figure.legend(
            loc="outside right upper", fontsize=8.5, frameon=False, labelcolor=INK
        )
        for text in drawn.get_texts():
            text.set_parse_math(False)
    return figure


def _circles(axis: PolarAxes, length: Reference | None) -> None:
    """Draw a few circles, the outermost one with the name of what they measure."""
    if length is None:
        axis.set_yticks([])
        return
    axis.yaxis.set_major_locator(MaxNLocator(4))
    axis.set_rlabel_position(22.5)
    ticks = [tick for tick in axis.get_yticks() if 0 < tick <= axis.get_ylim()[1]]
    names = [f"{tick:g}" for tick in ticks]
    axis.set_yticks(ticks, [*names[:-1], *(f"{name} {length.unit}" for name in names[-1:])])


def _row(
    axis: Axes,
    values: NDArray[np.float64],
    place: int,
    colour: str,
    filled: NDArray[np.bool_] | None = None,
) -> None:
    """Draw dots side by side in order, so that they do not cover each other, and the middle half as a bar."""
    if not values.size:
        return
    order = np.argsort(values, kind="stable")
    lift = np.zeros(len(values))
    lift[order] = ((np.arange(len(values)) * 0.618) % 1 - 0.5) * _SPREAD
    full = np.ones(len(values), bool) if filled is None else filled
    for chosen, face in ((full, colour), (~full, "none")):
        axis.plot(
            values[chosen], place + lift[chosen], "o", ms=4, mfc=face, mec=colour, mew=0.8, alpha=0.7, zorder=3,
        )  # fmt: skip
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    axis.plot([low, high], [place, place], color=INK, lw=1.6, zorder=4)
    axis.plot([middle], [place], "|", ms=12, color=INK, mew=1.8, zorder=4)


def _sites(rows: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Return the site of each row, "" where there is none."""
    return np.array(["" if is_missing(site) else str(site) for site in rows["site"]], object)


def _named(reference: Reference) -> str:
    """Name a reference with its unit."""
    return f"{reference.name}, {reference.unit}" if reference.unit else reference.name
