"""Quality of the samples: how each figure is spread, the recipe's thresholds, and the worst samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from landseer.audit.quality import column_name
from landseer.core.references import PREFIX
from landseer.report.look import Look
from landseer.report.parts import Part, Section, number, section, table
from landseer.report.plots import plot
from landseer.report.style import LINES, dress, new_figure
from landseer.samples.figures import figure_names, figures
from landseer.samples.schema import COLUMNS, is_missing
from landseer.spectral.formula import Formula
from landseer.spectral.tree import COMPARISONS, Node
from landseer.track.figures import INK

_NOT_QUALITY = frozenset({"fold", "holdout", "weight", "group", "barred"})
_LOW_IS_BAD = ("valid", "sharp", "contrast", "detail", "entropy", "snr")
_KNOWN = {"_valid_pct": "known pixels of", "_covered_pct": "ground covered by"}
_MOST_PANELS, _COLUMNS, _WIDE, _ROW = 32, 4, 9.9, 1.75
_WORST = 4
_BINS = 28
_THRESHOLD = "#c65500"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit of the recipe: the column it is about, its value, and whose it is."""

    column: str
    value: float
    name: str


def quality_columns(look: Look) -> dict[str, tuple[str, ...]]:
    """Return the columns that measure a sample, each with all names under which the table holds the same figures.

    They are numbers that are no flags; counts of pixels only where there is no share; of two classes the second alone;
    of references how much of them is known, not what they say.
    """
    frame = look.samples
    names = [n for n in figure_names(frame) if n not in COLUMNS and n not in _NOT_QUALITY]
    names = [n for n in names if not n.startswith(PREFIX) or n.endswith(tuple(_KNOWN))]
    names = [n for n in names if not pd.api.types.is_bool_dtype(frame[n].dtype)]
    shares = {n.removesuffix("_pct").removesuffix("_pixels") for n in names if n.endswith("_pct")}
    counts = {n for n in names if n.endswith("_pixels")}
    dropped = {n for n in counts if n.startswith("non_") or n.removesuffix("_pixels") in shares}
    if len(look.classes) == 2:
        dropped.add(f"class_{column_name(look.classes.names[0])}_pct")
    found: dict[bytes, list[str]] = {}
    for name in names:
        values = figures(frame, name)
        if name not in dropped and np.isfinite(values).any():
            alike = values.tobytes() if np.nanmin(values) < np.nanmax(values) else name.encode()
            found.setdefault(alike, []).append(name)
    return {same[0]: tuple(same) for same in found.values()}


def thresholds(look: Look) -> list[Threshold]:
    """List the limits that the recipe sets on quality columns: those of flags, and those in rules."""
    quality = look.quality
    limits = [
        Threshold("qa_corrupted_pixels_pct", quality.high_corrupted, "high_corrupted"),
        Threshold("water_pixels_pct", quality.almost_all_water, "almost_all_water"),
        Threshold("striping", quality.high_striping, "high_striping"),
    ]
    if len(look.classes) == 2:
        name = f"class_{column_name(look.classes.names[1])}_pct"
        limits.append(Threshold(name, quality.high_class, "high_class"))
    for rule in quality.suspects:
        limits += [Threshold(c, v, rule.name) for c, v in _compared(Formula.parse(rule.where).tree)]
    return limits


def _varying(look: Look) -> dict[str, tuple[str, ...]]:
    """Return the quality columns that are not all alike."""
    ends = {name: figures(look.samples, name) for name in quality_columns(look)}
    return {
        name: same
        for name, same in quality_columns(look).items()
        if np.nanmin(ends[name]) < np.nanmax(ends[name])
    }


def quality_figure(look: Look) -> Figure:
    """Draw a small histogram of each quality column, left-out samples apart, with the recipe's limits."""
    names = dict(list(_varying(look).items())[:_MOST_PANELS])
    n_rows = max(1, -(-len(names) // _COLUMNS))
    figure = new_figure(_WIDE, _ROW * n_rows + 0.3)
    axes = figure.subplots(n_rows, _COLUMNS, squeeze=False)
    out = ~look.samples["excluded"].map(is_missing).to_numpy(bool)
    limits = thresholds(look)
    for axis, name in zip(axes.flat, names, strict=False):
        _panel(axis, look, name, out, [limit for limit in limits if limit.column in names[name]])
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    handles: list[Patch | Line2D] = [Patch(facecolor=LINES[0], label="used")]
    handles += [Patch(facecolor=LINES[1], label="left out")] if out.any() else []
    if any(limit.column in same for limit in limits for same in names.values()):
        handles.append(
            Line2D([], [], color=_THRESHOLD, ls=(0, (3, 2)), lw=1.2, label="limit of the recipe")
        )
    figure.legend(
        handles=handles,
        loc="outside upper left",
        ncols=4,
        fontsize=8.5,
        frameon=False,
        labelcolor=INK,
    )
    return figure


def quality_section(look: Look) -> Section:
    """Show the samples' quality."""
    names = list(quality_columns(look))
    lead = "One figure per sample, each against what the recipe allows."
    if not _varying(look):
        none: Part = {"kind": "note", "text": "Nothing was measured that differs between samples."}
        return section("quality", "Quality of the samples", lead, none)
    varying = _varying(look)
    left = len(varying) - _MOST_PANELS
    alike = [plain(name) for name in names if name not in varying]
    caption = (
        "Samples by figure; heights on a scale that shows single samples. Columns of the same figures are drawn once."
        + (f" All samples alike, not drawn: {', '.join(alike)}." if alike else "")
        + (f" {left} further columns are not drawn." if left > 0 else "")
    )
    parts: list[Part] = [
        plot(quality_figure(look), "quality", "Spread of each figure", caption),
        table(
            "The worst samples", ["figure", "median", "worst first"], _worst(look, names), n_text=1
        ),
    ]
    flags = _flags(look)
    if flags:
        parts.append(table("Flags", ["flag", "samples", "of those known"], flags, folded=True))
    return section("quality", "Quality of the samples", lead, *parts)


def _panel(
    axis: Axes, look: Look, name: str, out: NDArray[np.bool_], limits: list[Threshold]
) -> None:
    """Draw one column."""
    values = figures(look.samples, name)
    factor = 100.0 if name.endswith("_pct") else 1.0
    known = np.isfinite(values)
    shown = values[known] * factor
    reach = [limit.value * factor for limit in limits]
    low, high = min(shown.min(), *reach, np.inf), max(shown.max(), *reach, -np.inf)
    low = min(low, 0.0) if factor == 100 and low < 0.5 * high else low
    edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    dress(axis)
    axis.grid(visible=False, axis="x")
    for chosen, colour in ((np.ones(len(shown), bool), LINES[0]), (out[known], LINES[1])):
        counts, _ = np.histogram(shown[chosen], edges)
        if chosen.any():
            axis.stairs(counts, edges, fill=True, color=colour)
    most = int(np.histogram(shown, edges)[0].max())
    axis.set_yscale("symlog", linthresh=1)
    axis.set_yticks([0, *(10**power for power in range(6) if 10**power <= max(most, 1))])
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axis.minorticks_off()
    axis.set_ylim(0, max(most, 1) * 2.2)
    axis.tick_params(labelsize=7.5)
    axis.locator_params(axis="x", nbins=5)
    unit = ", %" if factor == 100 else ""
    axis.set_title(
        f"{plain(name)}{unit}", fontsize=8.5, color=INK, loc="left", pad=3, parse_math=False
    )
    for limit in limits:
        _limit_line(axis, limit, factor)


def _limit_line(axis: Axes, limit: Threshold, factor: float) -> None:
    """Draw a limit and name it."""
    axis.axvline(limit.value * factor, color=_THRESHOLD, lw=1.2, ls=(0, (3, 2)))
    low, high = axis.get_xlim()
    right = (limit.value * factor - low) > 0.55 * (high - low)
    axis.annotate(
        limit.name, (limit.value * factor, 0.97), xycoords=axis.get_xaxis_transform(), xytext=(-3 if right else 3, 0),
        textcoords="offset points", ha="right" if right else "left", va="top", fontsize=7, color=_THRESHOLD,
        parse_math=False,
    )  # fmt: skip


def plain(column: str) -> str:
    """Name a quality column in plain words."""
    for end, words in _KNOWN.items():
        if column.startswith(PREFIX) and column.endswith(end):
            return f"{words} {column.removeprefix(PREFIX).removesuffix(end)}"
    name = column.removesuffix("_pct").removesuffix("_pixels")
    return (f"class {name.removeprefix('class_')}" if name.startswith("class_") else name).replace(
        "_", " "
    )


def _worst(look: Look, names: list[str]) -> list[list[str]]:
    """Make the table of the worst samples; shares of classes are neither good nor bad."""
    rows = []
    for name in names:
        if name.startswith("class_"):
            continue
        values = figures(look.samples, name)
        low_is_bad = name.startswith(_LOW_IS_BAD) or name.endswith(tuple(_KNOWN))
        sorted_places = np.argsort(values if low_is_bad else -values, kind="stable")
        order = [int(i) for i in sorted_places if np.isfinite(values[i])][:_WORST]
        if np.nanmin(values) == np.nanmax(values):
            rows.append([plain(name), _figure(name, float(np.nanmedian(values))), "all alike"])
            continue
        worst = [f"{look.samples['sample'].iloc[i]} ({_figure(name, values[i])})" for i in order]
        rows.append([plain(name), _figure(name, float(np.nanmedian(values))), ", ".join(worst)])
    return rows


def _figure(name: str, value: float) -> str:
    """Write a figure: shares in percent."""
    return f"{value:.1%}" if name.endswith("_pct") else number(value, 3)


def _flags(look: Look) -> list[list[str]]:
    """Count how many samples have each flag."""
    frame = look.samples
    rows = []
    for name in figure_names(frame):
        if pd.api.types.is_bool_dtype(frame[name].dtype) and name not in _NOT_QUALITY:
            values = figures(frame, name)
            known = int(np.isfinite(values).sum())
            n_true = int(np.nansum(values))
            share = f"{n_true / known:.1%}" if known else "–"
            rows.append([name, f"{n_true:,}", share])
    return rows


def _compared(tree: Node) -> list[tuple[str, float]]:
    """Return the columns that a condition compares with numbers, and the numbers."""
    if tree.op in COMPARISONS and len(tree.args) == 2:
        kinds = {arg.op: arg.value for arg in tree.args}
        if set(kinds) == {"var", "const"}:
            return [(str(kinds["var"]), float(kinds["const"] or 0))]
    return [pair for arg in tree.args for pair in _compared(arg)]
