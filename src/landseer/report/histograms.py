"""Histograms of every channel: how its values spread, in each class, and what normalisation clips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from landseer.report.clipping import Clip, clip_of
from landseer.report.hues import CLOSE, DASHES, least_distance, line_colour
from landseer.report.look import Look
from landseer.report.parts import Section, number, section, table
from landseer.report.plots import plot
from landseer.report.style import dress, new_figure
from landseer.report.weighted import weighted_quantiles, weighted_share
from landseer.track.figures import FAINT, INK
from landseer.track.pixels import class_colours

CLIP = "#c65500"
_FILL = "#cfdcde"
_MOST_CHANNELS, _MOST_CLASSES = 60, 6
_COLUMNS, _WIDE, _ROW = 4, 9.9, 1.62
_BINS = 64
_FEW_VALUES = 12
_STEEP = 25.0
_LEAST_PIXELS = 30


@dataclass(frozen=True, slots=True)
class Spread:
    """A channel's pixels, ready to be drawn.

    Attributes:
        channel: its name.
        clip: what normalisation clips.
        below, above: share of the valid pixels clipped, 0..1.
        valid: share of the drawn pixels that have a value, 0..1.
        edges: (bin + 1,) of the histogram.
        density: (bin,) of all pixels, 1/unit; its area is the share that lies on the axis.
        steep: whether only a logarithmic scale shows the low bins.
    """

    channel: str
    clip: Clip
    below: float
    above: float
    valid: float
    edges: NDArray[np.float64]
    density: NDArray[np.float64]
    steep: bool


def spread_of(look: Look, channel: str) -> Spread | None:
    """Count a channel's pixels; None where no pixel has a value."""
    values, weight = look.pixels.column(channel), look.pixels.weight
    known = np.isfinite(values)
    if not known.any():
        return None
    clip = clip_of(channel, look.inputs, look.statistics)
    share = weighted_share(known, weight)
    values, weight = values[known], weight[known]
    edges = _edges(values, weight, clip)
    density = _density(values, weight, edges)
    return Spread(
        channel, clip,
        weighted_share(values < np.float32(clip.low), weight),
        weighted_share(values > np.float32(clip.high), weight),
        share, edges, density, _is_steep(density),
    )  # fmt: skip


def histograms_figure(look: Look) -> Figure:
    """Draw a small histogram of each channel, with the clip lines, and each class's own curve."""
    names = look.pixels.channels[:_MOST_CHANNELS]
    n_rows = -(-len(names) // _COLUMNS)
    figure = new_figure(_WIDE, _ROW * n_rows + 0.3)
    axes = figure.subplots(n_rows, _COLUMNS, squeeze=False)
    drawn = _drawn_classes(look)
    for axis, name in zip(axes.flat, names, strict=False):
        _panel(axis, look, name, drawn)
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    _legend(figure, drawn)
    return figure


def histograms_section(look: Look) -> Section:
    """Show how the channels spread and what is clipped."""
    names = look.pixels.channels
    left = len(names) - _MOST_CHANNELS
    areas = "Every curve has the area 1, so that rare classes are as high as common ones. "
    caption = (
        f"{look.pixels.said()}. {areas if len(look.classes) else ''}Dashed: where normalisation clips, with the share "
        "of pixels beyond. Axes end at the 0.1 % and 99.9 % quantiles, or at the clip lines."
        + (f" {left} further channels are in the table alone." if left > 0 else "")
    )
    spreads = {name: spread_of(look, name) for name in names}
    rows = [_row(look, name, spreads[name]) for name in names]
    heads = [
        "channel", "scaled by", "have a value", "1 %", "median", "99 %", "low end", "high end", "clipped below",
        "above",
    ]  # fmt: skip
    return section(
        "histograms",
        "Histograms",
        "What the network sees, channel by channel.",
        plot(histograms_figure(look), "histograms", "Spread of each channel", caption),
        table("Figures of the channels", heads, rows, n_text=2, folded=True),
    )


def _panel(axis: Axes, look: Look, name: str, drawn: list[tuple[int, str, str, object]]) -> None:
    """Draw one channel."""
    dress(axis)
    axis.grid(visible=False)
    axis.set_yticks([])
    axis.tick_params(labelsize=7.5)
    axis.set_title(name, fontsize=8.5, color=INK, loc="left", pad=3, parse_math=False)
    spread = spread_of(look, name)
    if spread is None:
        axis.text(
            0.5, 0.5, "no value", transform=axis.transAxes, ha="center", color=FAINT, fontsize=8
        )
        axis.set_xticks([])
        return
    axis.stairs(spread.density, spread.edges, fill=True, color=_FILL)
    values = look.pixels.column(name)
    for place, _, colour, dash in drawn:
        own = np.isfinite(values) & (look.pixels.classes == place)
        if int(own.sum()) >= _LEAST_PIXELS:
            density = _density(values[own], look.pixels.weight[own], spread.edges)
            axis.stairs(density, spread.edges, color=colour, lw=1.25, ls=dash)
    for end in spread.clip.ends:
        axis.axvline(end, color=CLIP, lw=1.1, ls=(0, (3, 2)))
    if spread.steep:
        axis.set_yscale("log")
        axis.set_ylim(bottom=max(float(spread.density[spread.density > 0].min()) * 0.5, 1e-12))
        axis.set_yticks([])
        axis.minorticks_off()
    else:
        axis.set_ylim(bottom=0)
    axis.set_title(_said(spread), fontsize=7.2, color=FAINT, loc="right", pad=3)
    if len(spread.edges) - 1 <= _FEW_VALUES:
        axis.set_xticks((spread.edges[:-1] + spread.edges[1:]) / 2)
    else:
        axis.locator_params(axis="x", nbins=5)


def _said(spread: Spread) -> str:
    """Write a panel's note: shares clipped, logarithmic scale."""
    clipped = f"{spread.below:.1%} | {spread.above:.1%}" if spread.clip.ends else "not clipped"
    return f"{clipped} · log" if spread.steep else clipped


def _row(look: Look, name: str, spread: Spread | None) -> list[str]:
    """Make a channel's row of the table."""
    if spread is None:
        return [name, clip_of(name, look.inputs, look.statistics).rule, "0 %", *["–"] * 7]
    values, weight = look.pixels.column(name), look.pixels.weight
    middle = weighted_quantiles(values, weight, (0.01, 0.5, 0.99))
    ends = [number(e) if np.isfinite(e) else "–" for e in (spread.clip.low, spread.clip.high)]
    clipped = [f"{s:.2%}" if spread.clip.ends else "–" for s in (spread.below, spread.above)]
    shown = [number(float(value)) for value in middle]
    return [name, spread.clip.rule, f"{spread.valid:.1%}", *shown, *ends, *clipped]


def _edges(
    values: NDArray[np.float32], weight: NDArray[np.float64], clip: Clip
) -> NDArray[np.float64]:
    """Choose bins: around each value where there are few whole ones, else even ones that hold the clip lines."""
    some = np.unique(values[: 1 << 15])
    if len(some) <= _FEW_VALUES and (some == np.round(some)).all():
        return np.arange(float(some[0]), float(some[-1]) + 2) - 0.5 if some[-1] - some[0] < 64 else (
            np.linspace(float(some[0]) - 0.5, float(some[-1]) + 0.5, _BINS + 1)
        )  # fmt: skip
    low, high = weighted_quantiles(values, weight, (0.001, 0.999))
    ends = clip.ends or (low, high)
    low, high = min(low, *ends), max(high, *ends)
    margin = 0.02 * (high - low) or 0.5
    return np.linspace(low - margin, high + margin, _BINS + 1)


def _density(
    values: NDArray[np.float32], weight: NDArray[np.float64], edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Count (n,) finite values: share of the weight per unit in each bin."""
    counts, _ = np.histogram(values, edges, weights=weight)
    return counts / weight.sum() / np.diff(edges)


def _is_steep(density: NDArray[np.float64]) -> bool:
    """Say whether the highest bin hides the others: 25 times the middle one of those that are not empty."""
    filled = density[density > 0]
    return len(filled) > 2 and float(filled.max()) > _STEEP * float(np.median(filled))


def _drawn_classes(look: Look) -> list[tuple[int, str, str, object]]:
    """Return number, name, colour and dash of the classes that get a curve: the most frequent ones."""
    counts = np.bincount(look.pixels.classes, minlength=256)[: len(look.classes)]
    order = [int(n) for n in np.argsort(-counts, kind="stable") if counts[n] >= _LEAST_PIXELS]
    chosen = sorted(order[:_MOST_CLASSES])
    colours = [line_colour(c) for c in class_colours(look.classes.colours, len(look.classes))]
    alike = least_distance([colours[n] for n in chosen]) < CLOSE
    return [
        (n, look.classes.names[n], colours[n], DASHES[i % len(DASHES)] if alike else "-")
        for i, n in enumerate(chosen)
    ]


def _legend(figure: Figure, drawn: list[tuple[int, str, str, object]]) -> None:
    """Say above the panels what the curves are."""
    handles: list[Patch | Line2D] = [Patch(facecolor=_FILL, label="all pixels")]
    handles += [Line2D([], [], color=c, ls=dash, lw=1.5, label=name) for _, name, c, dash in drawn]
    handles.append(Line2D([], [], color=CLIP, ls=(0, (3, 2)), lw=1.2, label="clipped beyond"))
    shown = figure.legend(
        handles=handles, loc="outside upper left", ncols=min(8, len(handles)), fontsize=8.5, frameon=False,
        labelcolor=INK, handlelength=1.8,
    )  # fmt: skip
    for text in shown.get_texts():
        text.set_parse_math(False)
