"""Balance of the folds: samples, places, pixels of each class and strata, each against its fair share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from landseer.audit.quality import column_name
from landseer.report.hues import fold_style
from landseer.report.look import Look
from landseer.report.parts import Part, Section, cards, section, table
from landseer.report.plots import plot
from landseer.report.style import dress, new_figure
from landseer.samples.table import usable
from landseer.splits.strata import JOINT
from landseer.track.figures import FAINT, INK

_WIDE = 9.9
_MOST_ROWS, _MOST_FOLDS = 28, 20
_FULL = 0.5
_COLOURS = LinearSegmentedColormap.from_list(
    "share", ("#c65500", "#f2c7a6", "#ffffff", "#a6d0d6", "#00798c")
)


@dataclass(frozen=True, slots=True)
class FoldTable:
    """What each fold holds.

    Attributes:
        folds: their numbers.
        rows: names of what is counted.
        counts: (row, fold).
    """

    folds: tuple[int, ...]
    rows: tuple[str, ...]
    counts: NDArray[np.float64]

    @property
    def fair(self) -> NDArray[np.float64]:
        """What each fold would hold if all held alike, (row,)."""
        return self.counts.mean(axis=1) if self.folds else np.zeros(len(self.rows))

    @property
    def ratio(self) -> NDArray[np.float64]:
        """Counts relative to the fair share, (row, fold); NaN where there is nothing to share."""
        fair = self.fair[:, None]
        return np.divide(self.counts, fair, out=np.full_like(self.counts, np.nan), where=fair > 0)


def fold_table(look: Look) -> FoldTable:
    """Count samples, places, strata (from the split's proof) and labelled pixels per class in each fold."""
    held = _held(look)
    folds = tuple(sorted(int(fold) for fold in held["fold"].unique()))
    by_fold = held.groupby("fold")
    rows: dict[str, NDArray[np.float64]] = {"samples": _of(by_fold.size(), folds)}
    if "group" in held:
        rows["places"] = _of(by_fold["group"].nunique(), folds)
    for name in look.classes.names:
        column = f"class_{column_name(name)}_pixels"
        if column in held:
            rows[f"pixels of {name}"] = _of(by_fold[column].sum(), folds)
    for record in look.proof.get("balance", ()):
        if record["stratum"] not in ("samples", "groups"):
            rows[record["stratum"]] = np.array([record.get(f"fold {f}", 0) for f in folds], float)
    counts = np.stack(list(rows.values())) if folds else np.zeros((len(rows), 0))
    return FoldTable(folds, tuple(rows), counts)


def balance_figure(look: Look) -> Figure:
    """Draw what each fold holds, coloured by how far it is from its fair share."""
    found = fold_table(look)
    folds = found.folds[:_MOST_FOLDS]
    chosen = _drawn_rows(found)
    rows = [found.rows[i] for i in chosen]
    counts, ratio = found.counts[chosen, : len(folds)], found.ratio[chosen, : len(folds)]
    figure = new_figure(_WIDE, 1.1 + 0.29 * len(rows))
    axis = figure.subplots()
    drawn = axis.imshow(ratio - 1, cmap=_COLOURS, vmin=-_FULL, vmax=_FULL, aspect="auto")
    size = 8 if len(folds) <= 12 else 6.5
    for (i, j), value in np.ndenumerate(ratio):
        strong = np.isfinite(value) and abs(value - 1) > 0.38
        axis.text(
            j, i, _short(float(counts[i, j])), ha="center", va="center", fontsize=size,
            color="#ffffff" if strong else INK,
        )  # fmt: skip
    names = [
        f"{name}   (fair {_short(float(fair))})"
        for name, fair in zip(rows, found.fair[chosen], strict=True)
    ]
    plain: dict[str, Any] = {"fontsize": 8.5, "color": INK, "parse_math": False}
    axis.set_yticks(range(len(rows)), names, **plain)
    axis.set_xticks(range(len(folds)), [f"fold {fold}" for fold in folds], **plain)
    axis.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    axis.set_xticks(np.arange(1, len(folds)) - 0.5, minor=True)
    axis.set_yticks(np.arange(1, len(rows)) - 0.5, minor=True)
    axis.grid(which="minor", color="#ffffff", lw=1.5)
    axis.tick_params(which="minor", length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)
    ticks = (-0.5, -0.25, 0, 0.25, 0.5)
    bar = figure.colorbar(
        drawn,
        ax=axis,
        location="bottom",
        shrink=0.4,
        aspect=42,
        pad=0.02,
        ticks=ticks,
        extend="both",
    )
    bar.ax.set_xticklabels(["−50 %", "−25 %", "fair", "+25 %", "+50 %"], fontsize=8, color=FAINT)
    bar.ax.tick_params(length=0)
    bar.outline.set_visible(False)
    return figure


def class_shares_figure(look: Look) -> Figure:
    """Draw each class's share of the labelled pixels in each fold, and in all."""
    held = _held(look)
    names = [n for n in look.classes.names if f"class_{column_name(n)}_pixels" in held]
    shares, whole = _class_shares(held, names)
    names = names[1:] if len(look.classes) == 2 else names
    folds = sorted(shares.index)
    figure = new_figure(_WIDE, 0.8 + max(0.5, 0.15 * len(folds)) * len(names))
    axis = dress(figure.subplots(), x="share of the labelled pixels, %")
    axis.grid(visible=False, axis="y")
    for row, name in enumerate(names):
        axis.plot([whole[name]] * 2, [row - 0.36, row + 0.36], color=INK, lw=1.4, zorder=2)
        for fold in folds:
            style = fold_style(int(fold))
            axis.plot(
                shares.loc[fold, name],
                row + _lift(folds, fold),
                "o",
                ms=12,
                color=style.colour,
                mec="#ffffff",
                mew=0.8,
                zorder=3,
            )
            axis.annotate(
                str(fold), (shares.loc[fold, name], row + _lift(folds, fold)), ha="center", va="center_baseline",
                fontsize=7.5, color=style.ink, zorder=4,
            )  # fmt: skip
    axis.set_yticks(range(len(names)), names, color=INK, parse_math=False)
    axis.set_ylim(len(names) - 0.4, -0.6)
    _scale(axis, shares[names].to_numpy())
    return figure


def balance_section(look: Look) -> Section:
    """Show whether the folds are alike."""
    lead = "A fold that differs from the others makes the score jump, and hides what a model cannot do."
    if not len(_held(look)):
        none: Part = {"kind": "note", "text": "No sample is in a fold."}
        return section("balance", "Balance of the folds", lead, none)
    found = fold_table(look)
    hidden = len(found.rows) - len(_drawn_rows(found))
    caption = (
        "Figures: what each fold holds; in brackets its fair share. Colour: how far it is from that."
        + (f" The table below has {hidden} more rows, strata joined among them." if hidden > 0 else "")
        + (f" Folds beyond {_MOST_FOLDS - 1} are in the table alone." if len(found.folds) > _MOST_FOLDS else "")
    )  # fmt: skip
    parts: list[Part] = [
        cards(*_aside(look)),
        plot(balance_figure(look), "balance", "Each fold against its fair share", caption),
    ]
    if any(name.startswith("pixels of ") for name in found.rows):
        parts.append(
            plot(
                class_shares_figure(look), "class_shares", "Class shares of each fold",
                "Numbers: the folds; black line: all folds together.",
            )
        )  # fmt: skip
    heads = ["", *(f"fold {fold}" for fold in found.folds), "fair share", "farthest from it"]
    rows = [
        [name, *(f"{count:,.0f}" for count in counts), f"{fair:,.1f}", _worst(ratio)]
        for name, counts, fair, ratio in zip(
            found.rows, found.counts, found.fair, found.ratio, strict=True
        )
    ]
    parts.append(table("Counts of each fold", heads, rows, folded=True))
    return section("balance", "Balance of the folds", lead, *parts)


def _drawn_rows(found: FoldTable) -> list[int]:
    """Return the rows that are drawn: no joint strata, and not too many."""
    return [i for i, name in enumerate(found.rows) if JOINT not in name][:_MOST_ROWS]


def _held(look: Look) -> pd.DataFrame:
    """Return the samples that are in a fold."""
    rows = usable(look.samples, "train")
    return rows[rows["fold"] >= 0] if "fold" in rows else rows.iloc[:0].assign(fold=0)


def _of(counts: pd.Series, folds: tuple[int, ...]) -> NDArray[np.float64]:
    """Return counts in the order of the folds."""
    return counts.reindex(list(folds)).fillna(0).to_numpy(np.float64)


def _class_shares(held: pd.DataFrame, names: list[str]) -> tuple[pd.DataFrame, pd.Series]:
    """Return the share of each class in each fold and in all, %."""
    pixels = held[[f"class_{column_name(name)}_pixels" for name in names]].set_axis(names, axis=1)
    by_fold = pixels.groupby(held["fold"]).sum()
    totals = by_fold.sum(axis=1).replace(0, np.nan)
    whole = by_fold.sum()
    return 100 * by_fold.div(totals, axis=0), 100 * whole / max(float(whole.sum()), 1.0)


def _lift(folds: list[int], fold: int) -> float:
    """Return how far a fold's dot is moved off its line, so that dots of one share do not cover each other."""
    place = folds.index(fold)
    return 0.0 if len(folds) == 1 else (place / (len(folds) - 1) - 0.5) * 0.62


def _scale(axis: Axes, shares: NDArray[np.float64]) -> None:
    """Take a logarithmic scale where the shares span more than a factor of 50."""
    known = shares[np.isfinite(shares) & (shares > 0)]
    if len(known) and known.max() > 50 * known.min():
        axis.set_xscale("symlog", linthresh=float(known.min()))
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_xlim(left=0)


def _short(value: float) -> str:
    """Write a count briefly: thousands and millions from ten thousand on."""
    if value >= 1e7:
        return f"{value / 1e6:,.0f} M"
    if value >= 1e6:
        return f"{value / 1e6:.1f} M"
    if value >= 1e4:
        return f"{value / 1e3:.0f} k"
    return f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:.1f}"


def _worst(ratio: NDArray[np.float64]) -> str:
    """Write the largest deviation from the fair share."""
    if not np.isfinite(ratio).any():
        return "–"
    worst = float(ratio[np.nanargmax(np.abs(ratio - 1))]) - 1
    return f"{worst:+.0%}".replace("-", "−")


def _aside(look: Look) -> list[tuple[str, str]]:
    """Return figures of what is in no fold."""
    rows = usable(look.samples, "train")
    aside = rows["holdout"].astype(bool) if "holdout" in rows else pd.Series(False, rows.index)
    only = (rows["fold"] < 0) & ~aside
    figures = [
        (f"{int((rows['fold'] >= 0).sum()):,}", "samples in folds"),
        (f"{int(aside.sum()):,}", "put aside"),
        (f"{int(only.sum()):,}", "trained on, never held out"),
    ]
    return [figure for i, figure in enumerate(figures) if i == 0 or figure[0] != "0"]
