"""Charts of flow: true and predicted displacement of each image, errors of its direction, and its scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from matplotlib.figure import Figure
from matplotlib.projections.polar import PolarAxes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from landseer.report.hues import MARKERS
from landseer.report.style import HALF, LINES, dress, legend, new_figure
from landseer.track.figures import FAINT, GRID, INK

MOST_DRAWN = 150
"""Images drawn in one chart; of more, so many at even distances."""

_MOST_SITES = 12
_JITTER = 0.3
_TICKS_DEG = (-180, -45, -15, 0, 15, 45, 180)
_NEAR_DEG = 15.0
_QUARTERS = (0, np.pi / 2, np.pi, 3 * np.pi / 2)
_SIDES = ("down", "right", "up", "left")


def flow_figure(known: NDArray[np.float64], said: NDArray[np.float64]) -> Figure:
    """Draw where a point one metre high is displaced to in each image: true as a ring, predicted as a dot, joined.

    Args:
        known: (n, 2) x to the right and y down, px per metre; NaN where not known.
        said: the same, predicted.
    """
    there = np.isfinite(known).all(axis=1) & np.isfinite(said).all(axis=1)
    some = _spaced(np.flatnonzero(there))
    figure = new_figure(HALF, 0.92 * HALF)
    axis = cast(PolarAxes, figure.add_subplot(projection="polar"))
    axis.set_theta_zero_location("S")
    axis.set_facecolor("none")
    axis.grid(color=GRID, linewidth=0.6)
    axis.spines["polar"].set_color(GRID)
    one, two = _polar(known[some]), _polar(said[some])
    for a, b in zip(one.T, two.T, strict=True):
        axis.plot((a[0], b[0]), (a[1], b[1]), color=FAINT, lw=0.8, alpha=0.8, zorder=2)
    axis.plot(*one, "o", ms=6, mfc="#ffffff", mec=INK, mew=1.3, label="true", zorder=3)
    axis.plot(
        *two, "o", ms=4.5, color=LINES[1], mec="#ffffff", mew=0.5, label="predicted", zorder=4
    )
    axis.set_xticks(_QUARTERS, _SIDES, color=FAINT, fontsize=8.5)
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_locator(MaxNLocator(4))
    axis.set_rlabel_position(22.5)
    ticks = [tick for tick in axis.get_yticks() if 0 < tick <= axis.get_ylim()[1]]
    names = [f"{tick:g}" for tick in ticks]
    axis.set_yticks(ticks, [*names[:-1], *(f"{name} px/m" for name in names[-1:])])
    axis.tick_params(colors=FAINT, labelsize=8)
    figure.legend(loc="outside upper right", fontsize=8.5, frameon=False, labelcolor=INK)
    return figure


def direction_figure(errors_deg: NDArray[np.float64], sites: Sequence[str]) -> Figure:
    """Draw by how much each image's direction is turned too far, a row per site.

    Args:
        errors_deg: (n,) in [-180, 180), NaN where not known; positive is too far counter-clockwise.
        sites: (n,) the site of each; the largest twelve are drawn.
    """
    rows = _largest(sites, np.isfinite(errors_deg))
    figure = new_figure(HALF, max(1.9, 1.0 + 0.42 * len(rows)))
    axis = dress(figure.subplots(), x="direction error, degrees")
    axis.grid(visible=False, axis="y")
    axis.axvspan(-_NEAR_DEG, _NEAR_DEG, color=LINES[0], alpha=0.10, lw=0)
    axis.axvline(0, color=INK, lw=0.8)
    for place, site in enumerate(rows):
        mine = errors_deg[np.array([one == site for one in sites]) & np.isfinite(errors_deg)]
        up = place + _lifts(len(mine))
        axis.plot(mine, up, "o", ms=4.5, color=LINES[0], mec="#ffffff", mew=0.4, alpha=0.85)
        middle = float(np.median(np.abs(mine)))
        axis.annotate(
            f"{middle:.1f}°", (1.0, place), xycoords=axis.get_yaxis_transform(), xytext=(4, 0),
            textcoords="offset points", va="center", fontsize=8.5, color=INK, annotation_clip=False,
        )  # fmt: skip
    axis.set_xscale("symlog", linthresh=_NEAR_DEG, linscale=1.2)
    axis.set_xticks(_TICKS_DEG, [f"{tick}°".replace("-", "−") for tick in _TICKS_DEG])
    axis.minorticks_off()
    axis.set_xlim(-190, 190)
    axis.set_yticks(range(len(rows)), [site or "all" for site in rows], color=INK, parse_math=False)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    return figure


def numbers_figure(
    known: NDArray[np.float64], said: NDArray[np.float64], sites: Sequence[str], unit: str
) -> Figure:
    """Draw predicted against true numbers of whole images, marked by site.

    Args:
        known, said: (n,), NaN where not known.
        sites: (n,) the site of each.
        unit: of the numbers.
    """
    there = np.isfinite(known) & np.isfinite(said)
    end = f", {unit}" if unit else ""
    figure = new_figure(HALF, 0.8 * HALF)
    axis = dress(figure.subplots(), x=f"true{end}", y=f"predicted{end}")
    both = np.concatenate([known[there], said[there]]) if there.any() else np.array([0.0, 1.0])
    margin = 0.06 * float(np.ptp(both)) or 0.5
    ends = float(both.min()) - margin, float(both.max()) + margin
    axis.plot(ends, ends, color=INK, lw=1, ls=(0, (4, 3)))
    names = _largest(sites, there)
    for number, site in enumerate(names):
        mine = there & np.array([one == site for one in sites])
        axis.plot(
            known[mine], said[mine], MARKERS[number % len(MARKERS)], ms=5.5, ls="", mec="#ffffff", mew=0.5,
            color=LINES[number % len(LINES)], label=site or "_",
        )  # fmt: skip
    axis.set_xlim(ends)
    axis.set_ylim(ends)
    axis.set_aspect("equal")
    if any(names):
        legend(axis)
    return figure


def _polar(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn (n, 2) x right and y down into (2, n) angle (0 down, counter-clockwise) and length."""
    return np.stack([np.arctan2(*vectors.T), np.hypot(*vectors.T)])


def _largest(sites: Sequence[str], there: NDArray[np.bool_]) -> list[str]:
    """Return the sites with most images of which something is known, at most twelve, in the order of their names."""
    names, counts = np.unique(np.array(list(sites), str)[there], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_MOST_SITES]
    return sorted(str(names[i]) for i in order)


def _lifts(n: int) -> NDArray[np.float64]:
    """Return how far dots of a row are moved off its line, so that they do not hide each other."""
    golden = (np.arange(n) * 0.6180339887) % 1
    return np.asarray((golden - 0.5) * 2 * _JITTER if n > 1 else np.zeros(n))


def _spaced(places: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return at most so many places, at even distances."""
    if len(places) <= MOST_DRAWN:
        return places
    return places[np.linspace(0, len(places) - 1, MOST_DRAWN).astype(int)]
