"""How figures look: one set of colours and sizes, told apart by the colour-blind."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, FAINT, GRID = "#22313a", "#6b7a83", "#d9dfe2"
LINES = ("#00798c", "#d1495b", "#edae49", "#2e4057", "#66a182", "#8d5a97", "#b5651d", "#5b8def")
"""Colours of lines and bars, in order of use."""


def new_figure(width: float = 7.2, height: float = 3.2) -> Figure:
    """Make an empty figure, sizes in inches at 110 dots per inch."""
    return Figure(figsize=(width, height), dpi=110, layout="constrained")


def dress(axis: Axes, *, x: str = "", y: str = "", title: str = "") -> Axes:
    """Give an axis its labels, a light grid and no box."""
    axis.set_xlabel(x, color=FAINT, fontsize=9)
    axis.set_ylabel(y, color=FAINT, fontsize=9)
    axis.set_title(title, color=INK, fontsize=10, loc="left")
    axis.tick_params(colors=FAINT, labelsize=8)
    axis.grid(color=GRID, linewidth=0.6)
    axis.set_axisbelow(True)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axis.spines[side].set_color(GRID)
    return axis


def bare(axes: Iterable[Axes]) -> None:
    """Take ticks and boxes from axes that show pictures."""
    for axis in axes:
        axis.set_xticks([])
        axis.set_yticks([])
        for spine in axis.spines.values():
            spine.set_color(GRID)


def png_uri(figure: Figure) -> str:
    """Return a figure as a PNG data address, for pictures."""
    return _uri(figure, "png", "image/png")


def svg_uri(figure: Figure) -> str:
    """Return a figure as an SVG data address, for lines and text; the same figure gives the same text."""
    return _uri(figure, "svg", "image/svg+xml")


def _uri(figure: Figure, form: str, mime: str) -> str:
    """Render a figure into a data address."""
    buffer = io.BytesIO()
    metadata = {"Date": None} if form == "svg" else {"Software": None}
    figure.savefig(buffer, format=form, metadata=metadata)
    return f"data:{mime};base64,{base64.b64encode(buffer.getvalue()).decode()}"
