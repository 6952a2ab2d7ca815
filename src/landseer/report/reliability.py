"""Reliability diagrams: what was said against what was true, before and after, above how often it was said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from numpy.typing import NDArray

from landseer.report.style import LINES, dress, new_figure
from landseer.select.calibration_result import Diagram
from landseer.track.figures import FAINT, INK

BEFORE, AFTER = LINES[1], LINES[0]
"""Colours of probabilities as they are, and calibrated."""

_WIDTH, _HEIGHT = 3.1, 3.5
_TICKS = (0.0, 0.5, 1.0)


def reliability_figure(before: Diagram, after: Diagram | None = None) -> Figure:
    """Draw one row of diagrams, small enough that three stand side by side.

    Args:
        before: without a calibrator.
        after: with it; None draws the first alone.

    Edges: empty bins have no point; the lower part counts pixels in tens, so that rare ones show.
    """
    figure = new_figure(_WIDTH, _HEIGHT)
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
    dress(top, y="share that is true")
    dress(bottom, x="probability", y="pixels")
    top.plot([0, 1], [0, 1], color=FAINT, lw=0.9, ls=(0, (4, 3)))
    shown = [(before, BEFORE, "as averaged"), (after, AFTER, "calibrated")]
    for diagram, colour, name in shown:
        if diagram is not None:
            _line(top, diagram, colour, name)
            _counts(bottom, diagram, colour)
    top.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xticks=_TICKS, yticks=_TICKS)
    bottom.set_yscale("log")
    bottom.yaxis.set_major_locator(LogLocator(numticks=4))
    bottom.yaxis.set_major_formatter(FuncFormatter(lambda count, _: _count_text(count)))
    bottom.yaxis.set_minor_locator(NullLocator())
    if after is not None:
        _legend(top)
    return figure


def _line(axis: Axes, diagram: Diagram, colour: str, name: str) -> None:
    """Draw shares with their intervals."""
    said, true, low, high = map(_numbers, (diagram.said, diagram.true, diagram.low, diagram.high))
    there = np.isfinite(said) & np.isfinite(true)
    axis.plot(said[there], true[there], color=colour, lw=1.5, marker="o", ms=3.4, label=name)
    known = there & np.isfinite(low) & np.isfinite(high)
    axis.vlines(said[known], low[known], high[known], color=colour, lw=3, alpha=0.28)


def _counts(axis: Axes, diagram: Diagram, colour: str) -> None:
    """Draw how many pixels there are in each bin, as steps."""
    pixels = np.asarray(diagram.pixels, float)
    edges = np.linspace(0, 1, len(pixels) + 1)
    axis.stairs(np.where(pixels > 0, pixels, np.nan), edges, color=colour, lw=1.4)


def _count_text(count: float) -> str:
    """Write a number of pixels, thousands as k, millions as M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:g} {letter}"
    return f"{count:g}"


def _legend(axis: Axes) -> None:
    """Name the lines where hardly any line can be: low at the right."""
    drawn = axis.legend(
        fontsize=8, frameon=False, labelcolor=INK, loc="lower right", handlelength=1.4
    )
    for text in drawn.get_texts():
        text.set_parse_math(False)


def _numbers(values: Sequence[float | None]) -> NDArray[np.float64]:
    """Return figures, NaN where they are not known."""
    return np.array([np.nan if value is None else value for value in values], np.float64)
