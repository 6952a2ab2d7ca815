"""Pictures of training: input, truth and prediction side by side, and confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from landseer.core.classes import IGNORE
from landseer.core.files import atomic_path

PALETTE = ("#e8e4da", "#d1495b", "#00798c", "#edae49", "#66a182", "#2e4057", "#8d5a97", "#9aa0a6")
"""Colours of classes that have none of their own; told apart by the colour-blind."""


@dataclass(frozen=True, slots=True)
class Example:
    """One sample to draw: composite (h, w, 3) in 0..1, truth and decision (h, w), positive share."""

    sample: str
    composite: NDArray[np.float32]
    truth: NDArray[np.uint8]
    decision: NDArray[np.uint8]
    probability: NDArray[np.float32]


def class_colours(colours: Sequence[str], n_classes: int) -> list[str]:
    """Return a colour per class: its own, or one of the palette where it has none."""
    own = [*colours, *[""] * n_classes][:n_classes]
    return [colour or PALETTE[number % len(PALETTE)] for number, colour in enumerate(own)]


def stretch(image_chw: NDArray[Any], low: float = 0.02, high: float = 0.98) -> NDArray[np.float32]:
    """Stretch three bands to 0..1 between their quantiles, for display.

    Args:
        image_chw: (3, h, w), NaN where invalid.
        low, high: quantiles that become 0 and 1, over all three bands' own pixels.

    Returns:
        (h, w, 3) float32 in [0, 1]; invalid pixels are white.
    """
    out = np.ones((*image_chw.shape[1:], 3), np.float32)
    for number, band in enumerate(image_chw[:3]):
        valid = np.isfinite(band)
        if not valid.any():
            continue
        first, last = np.quantile(band[valid], [low, high])
        scaled = np.clip((band - first) / max(float(last - first), 1e-9), 0, 1)
        out[..., number] = np.where(valid, scaled, 1.0)
    return out


def examples_figure(examples: Sequence[Example], colours: Sequence[str], title: str) -> Figure:
    """Draw input, truth, decision and probability of each example as one row."""
    n_rows = len(examples)
    figure = Figure(figsize=(9.2, 2.35 * n_rows + 0.45), dpi=110, layout="constrained")
    axes = figure.subplots(n_rows, 4, squeeze=False)
    cmap = ListedColormap(list(colours))
    for row, example in zip(axes, examples, strict=True):
        truth = np.ma.masked_equal(example.truth, IGNORE)
        row[0].imshow(example.composite, interpolation="nearest")
        for axis, mask in ((row[1], truth), (row[2], example.decision)):
            axis.imshow(mask, cmap=cmap, vmin=0, vmax=len(colours) - 1, interpolation="nearest")
        row[3].imshow(example.probability, cmap="viridis", vmin=0, vmax=1, interpolation="nearest")
        row[0].set_ylabel(example.sample, fontsize=8)
        for axis in row:
            axis.set_xticks([])
            axis.set_yticks([])
    for axis, name in zip(axes[0], ("input", "truth", "prediction", "probability"), strict=True):
        axis.set_title(name, fontsize=9)
    figure.suptitle(title, fontsize=10)
    return figure


def confusion_figure(matrix: NDArray[np.int64], names: Sequence[str], title: str) -> Figure:
    """Draw a confusion matrix, each row as shares of its truth, pixel counts below."""
    size = 1.6 + 0.9 * len(names)
    figure = Figure(figsize=(size + 0.8, size), dpi=110, layout="constrained")
    axis = figure.subplots()
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, col), value in np.ndenumerate(share):
        axis.text(
            col,
            row,
            f"{value:.1%}\n{matrix[row, col]:,}",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if value > 0.55 else "black",
        )
    axis.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axis.set_yticks(range(len(names)), names)
    axis.set_xlabel("prediction")
    axis.set_ylabel("truth")
    axis.set_title(title, fontsize=10)
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whole or not at all."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary)


def figure_pixels(figure: Figure) -> NDArray[np.uint8]:
    """Return a figure's pixels, (h, w, 3) uint8."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
