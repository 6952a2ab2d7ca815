"""Correlation of channels: which ones say the same, in an order that puts them side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from landseer.report.clipping import clip_of
from landseer.report.look import Look
from landseer.report.parts import Part, Section, section, table
from landseer.report.plots import plot
from landseer.report.style import new_figure
from landseer.track.figures import FAINT, GRID, INK

REDUNDANT = 0.98
"""From this size of a rank correlation on, two channels say the same to a network."""

_UNKNOWN = "#e3e3de"
_PIXELS = 20_000
_LEAST = 30
_MOST_NAMED, _MOST_FIGURES, _MOST_ROWS = 80, 34, 40
_COLOURS = LinearSegmentedColormap.from_list(
    "signed", ("#7a3300", "#c65500", "#f0b98d", "#ffffff", "#8cc3cb", "#00798c", "#003f4a")
)


@dataclass(frozen=True, slots=True)
class Correlation:
    """How channels go together.

    Attributes:
        channels: in clustered order.
        rank: (c, c) Spearman's correlation; NaN where one does not vary or too few pixels have both.
        linear: (c, c) Pearson's correlation of the values as clipped by normalisation.
        n_pixels: looked at.
        constant: channels that do not vary.
    """

    channels: tuple[str, ...]
    rank: NDArray[np.float64]
    linear: NDArray[np.float64]
    n_pixels: int
    constant: tuple[str, ...]

    def redundant(self) -> list[tuple[str, str, float, float]]:
        """Return pairs of channels beyond `REDUNDANT`, strongest first: names, rank and linear correlation."""
        pairs = [
            (a, b, float(self.rank[i, j]), float(self.linear[i, j]))
            for i, a in enumerate(self.channels)
            for j, b in enumerate(self.channels[:i])
            if abs(self.rank[i, j]) > REDUNDANT
        ]
        return sorted(pairs, key=lambda pair: (-abs(pair[2]), pair[0], pair[1]))


def correlate(look: Look) -> Correlation:
    """Correlate all channels on pixels drawn by weight.

    Edges: each pair uses the pixels that have both values.
    Source: Spearman 1904, doi:10.2307/1412159; order by average linkage on 1 - |rank correlation|, leaves after
        Bar-Joseph et al. 2001, doi:10.1093/bioinformatics/17.suppl_1.S22.
    """
    names = look.pixels.channels
    places = look.pixels.plain(min(_PIXELS, len(look.pixels)), look.seed)
    values = look.pixels.values[places].astype(np.float64)
    clips = [clip_of(name, look.inputs, look.statistics) for name in names]
    clipped = np.stack([np.clip(values[:, i], c.low, c.high) for i, c in enumerate(clips)], axis=1)
    rank, linear = _pairwise(values, ranked=True), _pairwise(clipped, ranked=False)
    order = _order(rank)
    constant = tuple(name for i, name in enumerate(names) if np.isnan(rank[i, i]))
    return Correlation(
        tuple(names[i] for i in order),
        rank[np.ix_(order, order)],
        linear[np.ix_(order, order)],
        len(places),
        constant,
    )


def correlation_figure(look: Look) -> Figure:
    """Draw the matrix: ranks below the diagonal, clipped values above it."""
    return _figure(correlate(look))


def correlation_section(look: Look) -> Section:
    """Show which channels go together."""
    found = correlate(look)
    lead = "Channels that say the same cost time and memory, and bring nothing."
    if len(found.channels) < 2:
        alone: Part = {"kind": "note", "text": "There is one channel: nothing to compare it with."}
        return section("correlation", "Correlation", lead, alone)
    pairs = found.redundant()
    caption = (
        f"{found.n_pixels:,} pixels; in hundredths. Below the diagonal: rank correlation (Spearman), which no bent "
        "scale changes; above it: linear correlation (Pearson) of the values as clipped. Similar ones stand together. "
        f"Boxes: beyond ±{REDUNDANT}; grey: not known, for one does not vary or too few pixels have both."
    )
    parts: list[Part] = [
        plot(_figure(found), "correlation", "Correlation of the channels", caption)
    ]
    if found.constant:
        parts.append(
            {"kind": "warning", "text": f"These channels do not vary: {', '.join(found.constant)}."}
        )
    if pairs:
        more = f", the first {_MOST_ROWS}" if len(pairs) > _MOST_ROWS else ""
        rows = [
            [a, b, f"{rank:+.4f}", f"{linear:+.4f}"] for a, b, rank, linear in pairs[:_MOST_ROWS]
        ]
        heads = ["channel", "and channel", "rank correlation", "linear correlation"]
        title = f"Redundant pairs, beyond ±{REDUNDANT} ({len(pairs)}{more})"
        parts.append(table(title, heads, rows, n_text=2))
    else:
        parts.append({"kind": "note", "text": f"No pair of channels is beyond ±{REDUNDANT}."})
    return section("correlation", "Correlation", lead, *parts)


def _pairwise(values: NDArray[np.float64], *, ranked: bool) -> NDArray[np.float64]:
    """Correlate the columns of (n, c) values, each pair where both are there; ranks are those among these pixels."""
    known = np.isfinite(values)
    n_channels = values.shape[1]
    masks = {known[:, i].tobytes(): known[:, i] for i in range(n_channels)}
    keys = [known[:, i].tobytes() for i in range(n_channels)]
    result = np.full((n_channels, n_channels), np.nan)
    for a, one in masks.items():
        for b, two in masks.items():
            both = one & two
            first = [i for i in range(n_channels) if keys[i] == a]
            second = [i for i in range(n_channels) if keys[i] == b]
            if int(both.sum()) >= _LEAST:
                result[np.ix_(first, second)] = _between(
                    values[both][:, first], values[both][:, second], ranked=ranked
                )
    return result


def _between(
    one: NDArray[np.float64], two: NDArray[np.float64], *, ranked: bool
) -> NDArray[np.float64]:
    """Correlate each of (n, a) columns with each of (n, b)."""
    parts = []
    for layer in (one, two):
        centred = rankdata(layer, axis=0) if ranked else layer
        centred = centred - centred.mean(axis=0)
        length = np.sqrt((centred**2).sum(axis=0))
        scale = np.abs(layer).max(axis=0) * np.sqrt(len(layer)) * 1e-9
        parts.append(centred / np.where(length > scale, length, np.nan))
    return np.clip(parts[0].T @ parts[1], -1, 1)


def _order(rank: NDArray[np.float64]) -> list[int]:
    """Order channels so that similar ones are side by side."""
    if len(rank) < 3:
        return list(range(len(rank)))
    distance = 1 - np.abs(np.nan_to_num(rank))
    np.fill_diagonal(distance, 0)
    flat = squareform((distance + distance.T) / 2, checks=False)
    tree = optimal_leaf_ordering(linkage(flat, "average"), flat)
    return [int(i) for i in leaves_list(tree)]


def _figure(found: Correlation) -> Figure:
    """Draw a correlation."""
    n = len(found.channels)
    side = min(9.9, max(3.6, 1.5 + 0.34 * n))
    figure = new_figure(side, side - 0.35)
    axis = figure.subplots()
    lower = np.tril(np.ones((n, n), bool), -1)
    shown = np.where(lower, found.rank, found.linear)
    np.fill_diagonal(shown, np.nan)
    drawn = axis.imshow(shown, cmap=_COLOURS.with_extremes(bad=_UNKNOWN), vmin=-1, vmax=1)
    if n <= _MOST_FIGURES:
        _write_figures(axis, shown)
    for i, j in zip(*np.nonzero(np.abs(np.nan_to_num(found.rank)) > REDUNDANT), strict=True):
        if i > j:
            box = Rectangle((j - 0.46, i - 0.46), 0.92, 0.92, fill=False, ec="#000000", lw=1.3)
            axis.add_patch(box)
    size = 8.5 if n <= _MOST_FIGURES else 6
    names = found.channels if n <= _MOST_NAMED else [""] * n
    plain: dict[str, Any] = {"fontsize": size, "color": INK, "parse_math": False}
    axis.set_xticks(range(n), names, rotation=90 if n > 6 else 0, **plain)
    axis.set_yticks(range(n), names, **plain)
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_color(GRID)
    bar = figure.colorbar(
        drawn, ax=axis, shrink=0.5, aspect=22, pad=0.015, ticks=(-1, -0.5, 0, 0.5, 1)
    )
    bar.ax.tick_params(labelsize=8, colors=FAINT, length=0)
    bar.outline.set_visible(False)
    return figure


def _write_figures(axis: Axes, shown: NDArray[np.float64]) -> None:
    """Write each correlation in hundredths."""
    size = 7.2 if len(shown) <= 20 else 6.3
    for (i, j), value in np.ndenumerate(shown):
        if np.isfinite(value):
            text = f"{round(100 * value)}".replace("-", "−")
            colour = "#ffffff" if abs(value) > 0.6 else INK
            axis.text(j, i, text, ha="center", va="center", fontsize=size, color=colour)
