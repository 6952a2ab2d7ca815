"""Pictures of training: input, truth and prediction side by side, and confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from landseer.core.files import atomic_path
from landseer.track.pixels import (
    PALETTE,
    class_colours,
    length_text,
    nice_length,
    paint,
    stretch,
)

__all__ = [
    "PALETTE", "Example", "SheetRow", "class_colours", "confusion_figure", "examples_figure", "figure_pixels",
    "save_figure", "scale_bar", "sheet_figure", "stretch",
]  # fmt: skip

INK, FAINT, GRID, SEA = "#1d2b33", "#53616a", "#d5dcdf", "#00798c"
DPI = 100
_LEFT_PX, _TOP_PX, _BOTTOM_PX, _GAP_PX = 116, 46, 34, 6
_LEAST_PX, _MOST_PX = 200, 512
_SHARES = LinearSegmentedColormap.from_list("shares", ("#ffffff", "#7dbcc4", SEA, "#053f4a"))


@dataclass(frozen=True, slots=True)
class Example:
    """One sample to draw: composite (h, w, 3) in 0..1, truth and decision (h, w), positive share."""

    sample: str
    composite: NDArray[np.float32]
    truth: NDArray[np.uint8]
    decision: NDArray[np.uint8]
    probability: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row of a sheet: its caption, its (h, w, 3) or (h, w) pictures, and the ground size of a pixel if known."""

    caption: str
    pictures: Sequence[NDArray[np.float32] | None]
    gsd_m: float | None = None


def examples_figure(examples: Sequence[Example], colours: Sequence[str], title: str) -> Figure:
    """Draw input, truth, decision and probability of each example as one row.

    Edges: pixels without a truth are hatched; without examples the figure is empty.
    """
    rows = [
        SheetRow(
            example.sample,
            (
                example.composite,
                paint(example.truth, colours),
                paint(example.decision, colours),
                example.probability,
            ),
        )
        for example in examples
    ]
    return sheet_figure(rows, ("input", "truth", "prediction", "probability"), title=title)


def sheet_figure(
    rows: Sequence[SheetRow],
    titles: Sequence[str],
    *,
    title: str = "",
    legend: Sequence[tuple[str, str]] = (),
) -> Figure:
    """Draw rows of pictures with their captions on the left, pixel for pixel where they have 200 to 512 of them.

    Args:
        rows: what to show; (h, w) pictures are shares in 0..1 and drawn in viridis, with its scale below the last
            column of them; None leaves a gap.
        titles: one per column.
        title: of the sheet.
        legend: colours and what they mean.
    """
    side = _side(rows)
    width = _LEFT_PX + len(titles) * (side + _GAP_PX) + _GAP_PX
    shares = [n for row in rows for n, one in enumerate(row.pictures) if _is_share(one)]
    foot = _BOTTOM_PX if legend or shares else _GAP_PX
    height = _TOP_PX + len(rows) * (side + _GAP_PX) + foot
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    style: dict[str, Any] = {"color": INK, "parse_math": False}
    figure.text(_LEFT_PX / width, 1 - 15 / height, title, fontsize=9, va="center", **style)
    for number, row in enumerate(rows):
        top = _TOP_PX + number * (side + _GAP_PX)
        figure.text(
            8 / width,
            1 - (top + 4) / height,
            row.caption,
            fontsize=7.5,
            va="top",
            wrap=True,
            **style,
        )
        for column, (name, picture) in enumerate(zip(titles, row.pictures, strict=True)):
            left = _LEFT_PX + column * (side + _GAP_PX)
            box = (left / width, 1 - (top + side) / height, side / width, side / height)
            axis = figure.add_axes(box)
            _show(axis, picture)
            if number == 0:
                axis.set_title(name, fontsize=8.5, color=FAINT, pad=4, loc="left")
                if column == 0 and picture is not None:
                    scale_bar(axis, picture.shape[1], row.gsd_m)
    if legend:
        _legend(figure, legend, (_LEFT_PX - 8) / width)
    if shares:
        left = _LEFT_PX + max(shares) * (side + _GAP_PX)
        _share_scale(figure, (left / width, 20 / height, min(side, 120) / width, 8 / height))
    return figure


def scale_bar(axis: Axes, width_px: int, gsd_m: float | None) -> None:
    """Draw a bar of a round length into the lower left of a picture; nothing where the pixel's size is not known."""
    if gsd_m is None or not np.isfinite(gsd_m) or gsd_m <= 0:
        return
    length_m = nice_length(0.34 * width_px * gsd_m)
    ends = (0.05, 0.05 + length_m / (width_px * gsd_m))
    for colour, wide in (("#000000", 4.5), ("#ffffff", 2.0)):
        axis.plot(
            ends,
            (0.06, 0.06),
            color=colour,
            lw=wide,
            transform=axis.transAxes,
            solid_capstyle="butt",
        )
    axis.text(
        0.05, 0.085, length_text(length_m), transform=axis.transAxes, fontsize=7.5, color="#ffffff",
        bbox={"facecolor": "#000000", "alpha": 0.55, "lw": 0, "pad": 1.5},
    )  # fmt: skip


def confusion_figure(matrix: NDArray[np.int64], names: Sequence[str], title: str) -> Figure:
    """Draw a confusion matrix, each row as shares of its truth, pixel counts below.

    Edges: a row without truth shows its counts and no shares.
    """
    cell = 0.84 if len(names) <= 8 else 0.6
    side = cell * len(names)
    figure = Figure(figsize=(side + 1.5, side + 1.1), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    totals = matrix.sum(axis=1, keepdims=True)
    share = matrix / np.maximum(totals, 1)
    axis.imshow(share, cmap=_SHARES, vmin=0, vmax=1)
    for (row, col), value in np.ndenumerate(share):
        known = totals[row, 0] > 0
        axis.text(
            col, row, f"{value:.1%}\n{matrix[row, col]:,}" if known else "–",
            ha="center", va="center", fontsize=7.5 if len(names) <= 8 else 5.5,
            color="#ffffff" if value > 0.5 else INK,
        )  # fmt: skip
    plain: dict[str, Any] = {"fontsize": 8, "color": INK, "parse_math": False}
    axis.set_xticks(range(len(names)), names, rotation=30 if len(names) > 4 else 0, **plain)
    axis.set_yticks(range(len(names)), names, **plain)
    axis.tick_params(length=0)
    axis.set_xlabel("prediction", fontsize=8.5, color=FAINT)
    axis.set_ylabel("truth", fontsize=8.5, color=FAINT)
    axis.set_title(title, fontsize=9, color=INK, loc="left", parse_math=False)
    for spine in axis.spines.values():
        spine.set_color(GRID)
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whole or not at all; the same figure gives the same bytes."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=figure.dpi, metadata={"Software": None})


def figure_pixels(figure: Figure) -> NDArray[np.uint8]:
    """Return a figure's pixels, (h, w, 3) uint8."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _side(rows: Sequence[SheetRow]) -> int:
    """Return the side of a sheet's cells in pixels: the largest picture's, enlarged by a whole number if small."""
    shown = [picture for row in rows for picture in row.pictures if picture is not None]
    longest = max((max(picture.shape[:2]) for picture in shown), default=_LEAST_PX)
    return min(longest * -(-_LEAST_PX // longest), _MOST_PX)


def _show(axis: Axes, picture: NDArray[np.float32] | None) -> None:
    """Draw one picture, or nothing."""
    axis.set_axis_off()
    if picture is not None:
        axis.imshow(picture, cmap="viridis", vmin=0, vmax=1, interpolation="antialiased")


def _is_share(picture: NDArray[np.float32] | None) -> bool:
    """Say whether a picture is shown in colours that stand for shares."""
    return picture is not None and picture.ndim == 2


def _share_scale(figure: Figure, box: tuple[float, float, float, float]) -> None:
    """Draw which colour stands for which share."""
    axis = figure.add_axes(box)
    axis.imshow(np.linspace(0, 1, 256)[None], cmap="viridis", aspect="auto", extent=(0, 1, 0, 1))
    axis.set_xticks((0, 0.5, 1), ("0", "0.5", "1"), fontsize=7, color=FAINT)
    axis.set_yticks(())
    axis.tick_params(length=0, pad=2)
    axis.spines[:].set_visible(False)


def _legend(figure: Figure, legend: Sequence[tuple[str, str]], left: float) -> None:
    """Say below the pictures what the colours mean."""
    handles = [Patch(facecolor=colour, edgecolor=FAINT, lw=0.6) for colour, _ in legend]
    drawn = figure.legend(
        handles, [name for _, name in legend], loc="lower left", bbox_to_anchor=(left, 0),
        ncols=len(legend), fontsize=8, frameon=False, labelcolor=INK, handlelength=1.2, handleheight=1.0,
    )  # fmt: skip
    for text in drawn.get_texts():
        text.set_parse_math(False)
