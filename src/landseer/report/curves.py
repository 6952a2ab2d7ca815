"""Charts of lines and bars: training, thresholds, folds, quality, choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from landseer.audit.quality import column_name
from landseer.metrics.evaluation import goodness
from landseer.report.style import LINES, dress, legend, new_figure
from landseer.select.selection import Selection
from landseer.track.figures import FAINT, GRID, INK

MANY = 12
"""From so many members on, each is a faint line and the median stands out."""

_MOST_SITES, _SMALL = 24, 3.1

Rows = Sequence[Mapping[str, float]]


def training_figure(
    histories: Mapping[str, Rows], key: str, name: str, *, best: bool, small: bool = False
) -> Figure:
    """Draw a figure of each member by epoch.

    Args:
        histories: rows by member; `epoch` counts from 0.
        key: column drawn.
        name: of the vertical axis; where it is a score of which less is better, `key` holds it with its sign changed.
        best: whether the best value of each member is marked.
        small: whether three fit side by side; lines are not named then.
    """
    figure = new_figure(*((_SMALL, 2.2) if small else ()))
    axis = dress(figure.subplots(), x="epoch", y=name)
    many = len(histories) > MANY
    sign = 1 if not best or goodness(name, 1.0) > 0 else -1
    series = {member: sign * _series(rows, key) for member, rows in histories.items()}
    for number, (member, values) in enumerate(series.items()):
        colour = FAINT if many else LINES[number % len(LINES)]
        axis.plot(
            values.index, values.to_numpy(), color=colour, lw=0.7 if many else 1.5,
            alpha=0.35 if many else 1.0, label=member, marker="." if len(values) == 1 else "",
        )  # fmt: skip
        if best and values.notna().any():
            place = int(np.nanargmax(sign * values.to_numpy()))
            axis.plot(
                values.index.to_numpy()[place], values.to_numpy()[place], "o", ms=3.5 if many else 6, mew=1.4,
                mfc="#ffffff", mec=LINES[1] if many else colour,
            )  # fmt: skip
    if many:
        median = pd.DataFrame(series).median(axis=1)
        axis.plot(median.index, median, color=LINES[0], lw=2.2, label="median of members")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    if not small:
        _name_lines(axis, many)
    return figure


def threshold_figure(selection: Selection) -> Figure:
    """Draw the pooled out-of-fold score at each threshold, and the one that was taken."""
    figure = new_figure()
    axis = dress(figure.subplots(), x="threshold", y=selection.metric)
    for number, curve in enumerate(selection.curves):
        axis.plot(
            curve.thresholds,
            curve.values,
            color=LINES[number % len(LINES)],
            lw=1.7,
            label=curve.tta,
        )
    if selection.threshold is not None:
        axis.axvline(selection.threshold, color=INK, lw=1, ls=(0, (4, 3)))
        right = selection.threshold > 0.75
        axis.annotate(
            f"{selection.threshold:.2f} taken", (selection.threshold, 0.03),
            xycoords=axis.get_xaxis_transform(), xytext=(-5 if right else 5, 0),
            textcoords="offset points", ha="right" if right else "left", fontsize=8.5, color=INK,
        )  # fmt: skip
    axis.set_xlim(0, 1)
    legend(axis)
    return figure


def folds_figure(selection: Selection) -> Figure:
    """Draw each fold's score beside the pooled one and its interval."""
    values = {
        f"fold {fold.fold}": fold.scores.get(selection.metric, np.nan) for fold in selection.folds
    }
    return _rows_figure(selection, values)


def sites_figure(selection: Selection) -> Figure:
    """Draw the score of each site, the best first, beside the pooled one and its interval; 24 at most."""
    metric = selection.metric
    values = {site or "–": scores.get(metric, np.nan) for site, scores in selection.sites.items()}
    order = sorted(
        values, key=lambda name: -np.nan_to_num(goodness(metric, values[name]), nan=-np.inf)
    )
    return _rows_figure(selection, {name: values[name] for name in order[:_MOST_SITES]})


def _rows_figure(selection: Selection, by_name: Mapping[str, float]) -> Figure:
    """Draw scores by name, a row each, below the pooled one and its interval."""
    values = list(by_name.values())
    low, value, high = (
        selection.crossfit.low, selection.crossfit.value, selection.crossfit.high,
    )  # fmt: skip
    figure = new_figure(height=max(1.5, 0.9 + 0.3 * (len(values) + 1)))
    axis = dress(figure.subplots(), x=selection.metric)
    places = range(1, len(values) + 1)
    axis.grid(visible=False, axis="y")
    if np.isfinite([low, high]).all():
        axis.axvspan(low, high, color=LINES[0], alpha=0.10, lw=0)
        axis.plot([low, high], [0, 0], color=LINES[0], lw=3, solid_capstyle="butt")
    if np.isfinite(value):
        axis.axvline(value, color=LINES[0], lw=1, ls=(0, (4, 3)))
    axis.plot(values, places, "o", ms=7, color=INK)
    axis.plot(value, 0, "D", ms=7, color=LINES[0])
    for x, y in zip([value, *values], [0, *places], strict=True):
        if np.isfinite(x):
            axis.annotate(
                f"{x:.3f}".replace("-", "−"), (x, y), xytext=(0, 6), textcoords="offset points", ha="center",
                fontsize=8.5, color=INK,
            )  # fmt: skip
    axis.set_yticks([0, *places], ["pooled", *by_name], color=INK, parse_math=False)
    axis.set_ylim(len(values) + 0.5, -0.75)
    axis.margins(x=0.12)
    return figure


def comparisons_figure(selection: Selection) -> Figure:
    """Draw what each choice brings, with the interval of the paired difference."""
    rows = selection.comparisons
    figure = new_figure(height=max(1.5, 0.9 + 0.42 * len(rows)))
    less = ", less is better" if goodness(selection.metric, 1.0) < 0 else ""
    axis = dress(figure.subplots(), x=f"difference in {selection.metric}{less}")
    axis.grid(visible=False, axis="y")
    for number, row in enumerate(rows):
        clear = row.low > 0 or row.high < 0
        colour = LINES[0] if clear else FAINT
        axis.plot([row.low, row.high], [number, number], color=colour, lw=2.5)
        axis.plot(row.difference, number, "o", color=colour, ms=7)
        axis.annotate(
            f"{row.difference:+.3f}".replace("-", "−"), (row.difference, number), xytext=(0, 7),
            textcoords="offset points", ha="center", fontsize=8.5, color=INK,
        )  # fmt: skip
    names = [f"{row.choice}:\n{row.option} over {row.against}" for row in rows]
    axis.set_yticks(range(len(rows)), names, color=INK)
    axis.set_ylim(len(rows) - 0.5, -0.7)
    axis.axvline(0, color=INK, lw=1)
    axis.xaxis.set_major_locator(MaxNLocator(nbins=5))
    return figure


def balance_figure(samples: pd.DataFrame, names: Sequence[str], colours: Sequence[str]) -> Figure:
    """Draw the class shares of each fold with its number of samples, class 0 left out where there are two classes."""
    figure = new_figure()
    axis = dress(figure.subplots(), y="share of pixels, %")
    axis.grid(visible=False, axis="x")
    columns = [
        (n, c)
        for n, c in zip(names, colours, strict=True)
        if f"class_{column_name(n)}_pct" in samples
    ]
    columns = columns[1:] if len(columns) == 2 else columns
    by_fold = samples[samples["fold"] >= 0].groupby("fold")
    sizes = by_fold.size()
    width = 0.7 / max(1, len(columns))
    for number, (name, colour) in enumerate(columns):
        means = 100 * by_fold[f"class_{column_name(name)}_pct"].mean()
        places = np.arange(len(means)) + (number - (len(columns) - 1) / 2) * width
        axis.bar(places, means, width * 0.92, color=colour, label=name, edgecolor=FAINT, lw=0.4)
        for x, y in zip(places, means, strict=True) if len(columns) == 1 else ():
            if np.isfinite(y):
                axis.annotate(
                    f"{y:.3g}", (x, y), xytext=(0, 3), textcoords="offset points", ha="center",
                    fontsize=8.5, color=INK,
                )  # fmt: skip
    labels = [f"{fold}\n{size:,}" for fold, size in sizes.items()]
    axis.set_xticks(range(len(labels)), labels)
    axis.set_xlabel("fold, and its samples", color=FAINT, fontsize=8.5)
    axis.margins(y=0.2)
    legend(axis, n_columns=min(4, max(1, len(columns))))
    return figure


def quality_figure(values: pd.Series) -> Figure:
    """Draw how many samples have which share, counts on a scale that shows single samples."""
    figure = new_figure(width=2.5, height=1.6)
    axis = dress(figure.subplots(), x="% of a sample's pixels", y="samples")
    shares = 100 * values.to_numpy(np.float64)
    shares = shares[np.isfinite(shares)]
    top = float(shares.max()) if len(shares) and shares.max() > 0 else 1.0
    counts, edges = np.histogram(shares, bins=25, range=(0, top))
    axis.stairs(counts, edges, fill=True, color=LINES[0])
    most = int(counts.max()) if len(counts) else 1
    ticks = [0, *(10**power for power in range(6) if 10**power <= max(most, 1))]
    axis.set_yscale("symlog", linthresh=1)
    axis.set_yticks(ticks)
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axis.minorticks_off()
    axis.set_ylim(0, max(most, 1) * 1.5)
    axis.grid(visible=False, axis="x")
    axis.grid(color=GRID, axis="y")
    return figure


def _series(rows: Rows, key: str) -> pd.Series:
    """Return a column by epoch, counted from 1; epochs without it are left out."""
    points = {int(row["epoch"]) + 1: row[key] for row in rows if key in row}
    return pd.Series(points, dtype=np.float64)


def _name_lines(axis: Axes, many: bool) -> None:
    """Name the lines: all of a few, or the median alone."""
    if many:
        for line in axis.get_lines():
            if line.get_label() != "median of members":
                line.set_label("_")
    if any(not str(line.get_label()).startswith("_") for line in axis.get_lines()):
        legend(axis)
