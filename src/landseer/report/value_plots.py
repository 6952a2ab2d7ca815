"""Charts of real-valued predictions: predicted against true values, and errors by class of the true value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike, NDArray

from landseer.errors import GridError
from landseer.metrics.regression import HEIGHT_EDGES_M, binned_scores
from landseer.report.style import HALF, LINES, dress, legend, new_figure
from landseer.track.figures import FAINT, INK, SEA

DENSITY_COLOURS = LinearSegmentedColormap.from_list(
    "density", ("#d9ecee", "#7dbcc4", SEA, "#053f4a")
)
"""Colours of counts: one hue, light where there are few."""

_LEAST_COUNT = 20


def density_counts(
    truth: NDArray[np.floating], prediction: NDArray[np.floating], edges: ArrayLike
) -> NDArray[np.int64]:
    """Count pixels by true and predicted value; counts of several samples may simply be added.

    Args:
        truth, prediction: values of the same shape, NaN where not known.
        edges: n + 1 ascending.

    Returns:
        (n, n) row = truth, column = prediction; values beyond the ends count in the outermost ones.

    Raises:
        GridError: the shapes differ.

    Edges: pixels of which either is not known do not count.
    """
    y, p = np.asarray(truth), np.asarray(prediction)
    if y.shape != p.shape:
        raise GridError(f"expected a prediction of shape {y.shape}; got {p.shape}")
    inner = np.asarray(edges, float)[1:-1]
    known = np.isfinite(y) & np.isfinite(p)
    rows, cols = (np.searchsorted(inner, one[known], side="right") for one in (y, p))
    n = len(inner) + 1
    return np.bincount(rows * n + cols, minlength=n * n).reshape(n, n)


def density_figure(counts: NDArray[np.integer], edges: ArrayLike, unit: str = "m") -> Figure:
    """Draw how often each value was predicted for each true one, on a scale of powers of ten.

    Args:
        counts: (n, n) as `density_counts` gives.
        edges: n + 1, the same.
        unit: of the values, "" for none.

    Edges: the median is drawn for true values with at least 20 pixels, the last class left out; without any
        pixel there is only the line of equal values.
    """
    at = np.asarray(edges, float)
    figure = new_figure(HALF, 0.8 * HALF)
    end = f", {unit}" if unit else ""
    axis = dress(figure.subplots(), x=f"true{end}", y=f"predicted{end}")
    shown = np.ma.masked_equal(counts.T, 0)
    if shown.count():
        norm = LogNorm(1, max(10, int(counts.max())))
        mesh = axis.pcolormesh(at, at, shown, cmap=DENSITY_COLOURS, norm=norm, rasterized=True)
        _colour_bar(figure, mesh, axis)
    ends = (at[0], at[-1])
    axis.plot(ends, ends, color=INK, lw=1, ls=(0, (4, 3)), label="equal")
    middles, medians = _medians(counts, at)
    axis.plot(middles, medians, color=LINES[1], lw=1.8, label="median of predictions")
    axis.set_xlim(ends)
    axis.set_ylim(ends)
    axis.set_aspect("equal")
    legend(axis)
    return figure


def error_classes_figure(
    sums: ArrayLike, edges: Sequence[float] = HEIGHT_EDGES_M, unit: str = "m"
) -> Figure:
    """Draw RMSE, mean absolute error and bias of each class of the true value, with its number of pixels.

    Args:
        sums: (..., bins, 7) as `value_sums` gives; those of all samples are pooled, pixels without a prediction left
            out.
        edges: of the classes.
        unit: of the values.
    """
    scores = binned_scores(sums, leave_out_missing=True)
    figure = new_figure(HALF, 2.9)
    end = f", {unit}" if unit else ""
    axis = dress(figure.subplots(), x=f"true value{end}; pixels; share of pixels", y=f"error{end}")
    axis.grid(visible=False, axis="x")
    places = np.arange(len(scores["n"]))
    axis.bar(places - 0.2, scores["rmse"], 0.38, color=LINES[0], label="RMSE")
    axis.bar(places + 0.2, scores["mae"], 0.38, color=LINES[4], label="mean absolute error")
    axis.plot(places, scores["bias"], "D", ms=6, mfc=LINES[1], mec="#ffffff", label="bias")
    axis.axhline(0, color=INK, lw=0.8)
    total = max(1.0, float(scores["n"].sum()))
    names = [
        f"{name}\n{count_text(n)}\n{n / total:.1%}"
        for name, n in zip(_short_names(edges), scores["n"], strict=True)
    ]
    axis.set_xticks(places, names, color=INK)
    legend(axis)
    return figure


def count_text(n: float) -> str:
    """Write a number of pixels shortly, such as 812, 12 k, 3.4 M."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if n >= size:
            return f"{n / size:.3g} {unit}"
    return f"{n:.0f}"


def _colour_bar(figure: Figure, mesh: QuadMesh, axis: Axes) -> None:
    """Draw the scale of counts."""
    bar = figure.colorbar(mesh, ax=axis, pad=0.02, fraction=0.05, aspect=28)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8.5, length=0, which="both", colors=FAINT)
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda n, _: count_text(n)))
    bar.set_label("pixels", fontsize=8.5, color=FAINT)


def _short_names(edges: Sequence[float]) -> list[str]:
    """Name classes shortly, such as 2–5 and ≥ 40."""
    return [
        f"≥ {low:g}" if math.isinf(high) else f"{low:g}–{high:g}" for low, high in pairwise(edges)
    ]


def _medians(
    counts: NDArray[np.integer], edges: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return middles of true classes with enough pixels, and the median prediction of each."""
    totals = counts.sum(axis=1)
    middles = (edges[:-1] + edges[1:]) / 2
    column = (counts.cumsum(axis=1) >= totals[:, None] / 2).argmax(axis=1)
    enough = totals >= _LEAST_COUNT
    enough[-1] = False  # holds all that lies beyond the end, too
    return middles[enough], middles[column[enough]]
