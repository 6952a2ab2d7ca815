"""Lines and bars: training, thresholds, folds, quality, choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from landseer.report.style import FAINT, INK, LINES, dress, new_figure
from landseer.select.selection import Selection


def training_figure(histories: Mapping[str, Sequence[Mapping[str, float]]], monitor: str) -> Figure:
    """Draw each member's training loss and its score on its held-out fold, by epoch."""
    figure = new_figure(8.6, 3.0)
    left, right = figure.subplots(1, 2)
    dress(left, x="epoch", y="training loss", title="Training loss")
    dress(right, x="epoch", y=monitor, title="Score on the held-out fold (argmax)")
    for number, (member, rows) in enumerate(histories.items()):
        colour = LINES[number % len(LINES)]
        for axis, key in ((left, "train/loss"), (right, "monitor")):
            points = [(row["epoch"] + 1, row[key]) for row in rows if key in row]
            if points:
                axis.plot(*zip(*points, strict=True), color=colour, lw=1.4, label=member)
        best = max(
            ((row["monitor"], row["epoch"] + 1) for row in rows if "monitor" in row), default=None
        )
        if best is not None:
            right.plot(best[1], best[0], "o", ms=5, color=colour)
    if len(histories) <= 12:
        right.legend(fontsize=7, frameon=False)
    return figure


def threshold_figure(selection: Selection) -> Figure:
    """Draw the pooled out-of-fold score at each threshold, and the one that was taken."""
    figure = new_figure(7.2, 3.0)
    axis = dress(
        figure.subplots(), x="threshold", y=selection.metric, title="Score at each threshold"
    )
    for number, curve in enumerate(selection.curves):
        axis.plot(
            curve.thresholds, curve.values, color=LINES[number], lw=1.6, label=f"TTA {curve.tta}"
        )
    if selection.threshold is not None:
        axis.axvline(selection.threshold, color=INK, lw=0.9, ls="--")
        axis.annotate(
            f"taken: {selection.threshold:.2f}",
            (selection.threshold, axis.get_ylim()[0]),
            xytext=(4, 6),
            textcoords="offset points",
            fontsize=8,
            color=INK,
        )
    axis.legend(fontsize=8, frameon=False)
    return figure


def folds_figure(selection: Selection) -> Figure:
    """Draw each fold's score beside the pooled one and its interval."""
    figure = new_figure(7.2, 2.6)
    axis = dress(figure.subplots(), x="fold", y=selection.metric, title="Score of each fold")
    names = [str(fold.fold) for fold in selection.folds]
    values = [fold.scores.get(selection.metric, np.nan) for fold in selection.folds]
    axis.bar(names, values, width=0.55, color=LINES[0])
    low, high = selection.crossfit.low, selection.crossfit.high
    if np.isfinite([low, high]).all():
        axis.axhspan(low, high, color=LINES[2], alpha=0.3, lw=0)
    axis.axhline(selection.crossfit.value, color=INK, lw=1, ls="--")
    for place, value in enumerate(values):
        if np.isfinite(value):
            axis.text(place, value, f"{value:.3f}", ha="center", va="bottom", fontsize=8, color=INK)
    axis.set_ylim(0, min(1.0, np.nanmax([*values, selection.crossfit.value]) * 1.2 + 1e-6))
    return figure


def comparisons_figure(selection: Selection) -> Figure:
    """Draw what each choice brings, with the interval of the paired difference."""
    rows = selection.comparisons
    figure = new_figure(7.2, 0.9 + 0.38 * max(1, len(rows)))
    axis = dress(
        figure.subplots(), x=f"difference in {selection.metric}", title="What each choice is worth"
    )
    for number, row in enumerate(rows):
        clear = row.low > 0 or row.high < 0
        colour = LINES[0] if clear else FAINT
        axis.plot([row.low, row.high], [number, number], color=colour, lw=2)
        axis.plot(row.difference, number, "o", color=colour, ms=6)
    axis.set_yticks(range(len(rows)), [f"{r.choice}: {r.option} over {r.against}" for r in rows])
    axis.axvline(0, color=INK, lw=0.9)
    axis.invert_yaxis()
    return figure


def balance_figure(samples: pd.DataFrame, names: Sequence[str], colours: Sequence[str]) -> Figure:
    """Draw the class shares of each fold, class 0 left out where there are two classes."""
    figure = new_figure(7.2, 2.6)
    axis = dress(figure.subplots(), x="fold", y="share of pixels", title="Class shares per fold")
    columns = [(n, c) for n, c in zip(names, colours, strict=True) if f"class_{n}_pct" in samples]
    columns = columns[1:] if len(columns) == 2 else columns
    by_fold = samples[samples["fold"] >= 0].groupby("fold")
    width = 0.8 / max(1, len(columns))
    for number, (name, colour) in enumerate(columns):
        means = by_fold[f"class_{name}_pct"].mean()
        places = np.arange(len(means)) + (number - (len(columns) - 1) / 2) * width
        axis.bar(places, means, width * 0.9, color=colour, label=name, edgecolor=INK, lw=0.3)
        axis.set_xticks(range(len(means)), [str(fold) for fold in means.index])
    axis.legend(fontsize=8, frameon=False, ncols=4)
    return figure


def quality_figure(samples: pd.DataFrame, columns: Sequence[str]) -> Figure:
    """Draw how each quality figure is spread over the samples."""
    n_rows = -(-len(columns) // 3)
    figure = new_figure(8.6, 0.3 + 1.7 * n_rows)
    axes = figure.subplots(n_rows, 3, squeeze=False).ravel()
    for axis, name in zip(axes, columns, strict=False):
        values = samples[name].to_numpy(np.float64)
        dress(axis, title=name)
        axis.hist(values[np.isfinite(values)], bins=30, color=LINES[0])
        axis.set_yscale("symlog")
    for axis in axes[len(columns) :]:
        axis.set_visible(False)
    return figure
