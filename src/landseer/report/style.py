"""How charts look: one set of colours and sizes, and SVG that takes its letters from the page."""

from __future__ import annotations

import io
import re
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from landseer.track.figures import FAINT, GRID, INK
from landseer.track.pixels import PALETTE

LINES = PALETTE[1:]
"""Colours of lines and bars, in order of use; told apart by the colour-blind."""

SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "landseer",
    "text.parse_math": False,
    "axes.formatter.use_mathtext": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
}
"""Settings of matplotlib while the report is drawn: text stays text, `$` is a dollar, equal figures are equal bytes."""

HALF = 4.7
"""Width of a chart, inches: two fit side by side."""

_PX_PER_INCH = 96


def new_figure(width: float = HALF, height: float = 2.7) -> Figure:
    """Make an empty figure, sizes in inches of 96 CSS pixels."""
    return Figure(figsize=(width, height), layout="constrained", facecolor="none")


def dress(axis: Axes, *, x: str = "", y: str = "") -> Axes:
    """Give an axis its labels, a light grid and no box."""
    axis.set_facecolor("none")
    axis.set_xlabel(x, color=FAINT, fontsize=8.5)
    axis.set_ylabel(y, color=FAINT, fontsize=8.5)
    axis.tick_params(colors=FAINT, labelsize=8.5, length=0)
    axis.grid(color=GRID, linewidth=0.6)
    axis.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    axis.spines["bottom"].set_color(GRID)
    return axis


def legend(axis: Axes, n_columns: int = 1) -> None:
    """Put a legend without a box where it covers least."""
    drawn = axis.legend(loc="best", fontsize=8.5, frameon=False, ncols=n_columns, labelcolor=INK)
    for text in drawn.get_texts():
        text.set_parse_math(False)


def legend_above(figure: Figure, axis: Axes, n_columns: int = 1) -> None:
    """Put a legend without a box above the axes, where it covers nothing."""
    drawn = figure.legend(
        *axis.get_legend_handles_labels(), loc="outside upper left", ncols=n_columns, fontsize=8.5, frameon=False,
        labelcolor=INK,
    )  # fmt: skip
    for text in drawn.get_texts():
        text.set_parse_math(False)


def svg(figure: Figure, label: str) -> Markup:
    """Return a figure as an SVG element of its natural width; its letters are the page's.

    Args:
        figure: drawn under `SETTINGS`.
        label: what it shows, for those who cannot see it.
    """
    # Axes of fixed shape find their place at the second look only; until then titles stick out of the picture.
    figure.draw_without_rendering()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue().decode("utf-8")
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r"(font: (?:\w+ )*[\d.]+px|font-family:) [^;\"]+", r"\1 var(--sans)", text)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    box = re.search(r'viewBox="[^"]*"', text)
    width = round(float(figure.get_figwidth()) * _PX_PER_INCH)
    head = Markup('<svg role="img" aria-label="{}" style="max-width:{}px" {}').format(
        label, width, Markup(box.group(0) if box else "")
    )
    body = text[text.index(">", text.index("<svg")) :]
    return head + Markup(' xmlns:xlink="http://www.w3.org/1999/xlink"') + Markup(body)
