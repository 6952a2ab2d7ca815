"""The picture of a learning-rate range test."""

from __future__ import annotations

from matplotlib import rc_context
from matplotlib.figure import Figure

from landseer.report.style import LINES, SETTINGS, dress, legend, new_figure
from landseer.track.figures import FAINT, GRID
from landseer.tune.lr_range import LrRange


def lr_figure(found: LrRange) -> Figure:
    """Draw loss against rate, with the suggestion marked."""
    with rc_context(SETTINGS):
        figure = new_figure(width=7.0, height=4.0)
        figure.set_facecolor("white")
        axis = dress(figure.subplots(), x="learning rate", y="loss")
        axis.plot(found.rates, found.losses, color=FAINT, lw=0.8, alpha=0.6, label="each step")
        axis.plot(found.rates, found.smoothed, color=LINES[0], lw=2, label="smoothed")
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:.0e}")
        axis.grid(which="minor", color=GRID, linewidth=0.3)
        if found.is_falling:
            said = {"suggested": found.suggested, "least loss": found.lowest}
            for number, (name, rate) in enumerate(said.items(), start=1):
                label = f"{name}: {rate:.1e}"
                axis.axvline(rate, color=LINES[number], lw=1.4, ls="--", label=label)
        spread = found.smoothed.max() - found.smoothed.min()
        axis.set_ylim(found.smoothed.min() - 0.1 * spread, found.smoothed[0] + spread)
        legend(axis)
        figure.draw_without_rendering()
    return figure
