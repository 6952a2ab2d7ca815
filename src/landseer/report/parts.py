"""The parts that sections are made of, as the page's template takes them, and figures written for people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from landseer.report.style import svg

Part = dict[str, Any]
Section = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mark:
    """One entry of a legend: `fill`, `line` or `hatch` in a colour, or a `scale` with its ticks; and what it means."""

    style: str
    colour: str
    name: str
    ticks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """A scale bar: its share of the picture's width, and its length in words."""

    share_pct: float
    text: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture as data addresses: what is below, an overlay or "", words under it, and for those who cannot see."""

    uri: str
    label: str
    caption: str = ""
    over: str = ""
    bar: Bar | None = None


@dataclass(frozen=True, slots=True)
class Strip:
    """One row of pictures: its name, facts as (what, figure), and the tiles."""

    name: str
    facts: tuple[tuple[str, str], ...]
    tiles: tuple[Tile, ...]


def section(key: str, title: str, lead: str, *parts: Part) -> Section:
    """Make a section; its key is its address on the page."""
    return {"key": key, "title": title, "lead": lead, "parts": parts}


def cards(*figures: tuple[str, str]) -> Part:
    """Make a row of (figure, what it is)."""
    return {"kind": "cards", "cards": figures}


def chart(figure: Figure, title: str, caption: str) -> Part:
    """Make a chart of lines and text."""
    return {"kind": "chart", "svg": svg(figure, title), "title": title, "caption": caption}


def table(
    title: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    n_text: int = 1,
    folded: bool = False,
) -> Part:
    """Make a table.

    Args:
        title: above it; "" for none.
        heads: of the columns.
        rows: cells; text is escaped, markup is not.
        n_text: columns from the left that hold words; the others hold figures.
        folded: whether it is closed until asked for.
    """
    return {
        "kind": "table", "title": title, "heads": heads, "rows": rows, "n_text": n_text, "folded": folded,
    }  # fmt: skip


def tiles(shown: Sequence[Tile], caption: str, marks: Sequence[Mark] = ()) -> Part:
    """Make a sheet of small pictures."""
    return {"kind": "tiles", "tiles": shown, "caption": caption, "marks": marks}


def strips(
    title: str, shown: Sequence[Strip], caption: str, marks: Sequence[Mark], n_columns: int
) -> Part:
    """Make a sheet of rows of pictures."""
    return {
        "kind": "strips", "title": title, "strips": shown, "caption": caption, "marks": marks,
        "n_columns": n_columns,
    }  # fmt: skip


def beside(*parts: Part) -> Part:
    """Put parts side by side where the page is wide enough."""
    return {"kind": "beside", "parts": parts}


def number(value: float | None, digits: int = 4) -> str:
    """Write a figure for people: whole numbers with commas, the others rounded; what is not known is a dash."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if abs(value) < 5e-5:
        return "0"
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) >= 10 else f"{value:.{digits}f}"


def seconds_text(seconds: float) -> str:
    """Write a time: seconds to a minute and a half, then minutes, then hours and minutes."""
    if math.isnan(seconds):
        return "–"
    if seconds < 90:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def matrix(title: str, counts: NDArray[np.int64], names: Sequence[str], caption: str) -> Part:
    """Make a confusion matrix: rows of truth as shares, shaded, and the pixel counts.

    Args:
        title: above it.
        counts: (C, C) int64, rows truth, columns prediction.
        names: of the classes.
        caption: below it.

    Edges: a row without truth has dashes.
    """
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.where(totals > 0, counts / np.maximum(totals, 1), np.nan)
    rows = [
        [_cell(float(s), int(c)) for s, c in zip(*pair, strict=True)]
        for pair in zip(shares, counts, strict=True)
    ]
    return {
        "kind": "matrix", "title": title, "names": names, "caption": caption,
        "rows": list(zip(names, rows, strict=True)),
    }  # fmt: skip


def _cell(share: float, count: int) -> dict[str, str]:
    """Write and shade one cell; dark letters on light, white on dark."""
    if math.isnan(share):
        return {"share": "–", "count": f"{count:,}", "back": "#ffffff", "ink": "#1d2b33"}
    depth = 0.05 + 0.95 * share
    mixed = [round(255 + (part - 255) * depth) for part in (0, 91, 108)]
    return {
        "share": f"{share:.1%}",
        "count": f"{count:,}",
        "back": "#" + "".join(f"{part:02x}" for part in mixed),
        "ink": "#ffffff" if share > 0.62 else "#1d2b33",
    }
