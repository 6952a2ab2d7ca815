"""Pictures of samples: contact sheets, groups of one place, best and worst predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from landseer.core.bands import Band
from landseer.core.classes import IGNORE, ClassTable
from landseer.predict.oof import read_oof
from landseer.raster.label import read_label
from landseer.raster.read import read_bands
from landseer.report.style import FAINT, INK, bare, new_figure
from landseer.track.figures import class_colours, stretch

_NATURAL, _FALSE = ("R", "G", "B"), ("N", "R", "G")
HITS = ("#f2efe6", "#2a9d5c", "#d1495b", "#3366cc")
"""Colours of: rightly nothing, rightly found, found wrongly, missed."""


@dataclass(frozen=True, slots=True)
class View:
    """A sample and its files, as pictures need them."""

    sample: str
    image: Path
    label: Path | None
    caption: str = ""


def composite(path: Path, bands: Sequence[Band], *, false_colour: bool = False) -> NDArray[Any]:
    """Read a sample as a picture: true colour, or near infrared, red, green.

    Returns:
        (h, w, 3) float32 in [0, 1], white where invalid; the first bands where the codes are missing.
    """
    by_code = {code: band for band in bands for code in band.codes}
    wanted = _FALSE if false_colour else _NATURAL
    chosen = [by_code[code] for code in wanted if code in by_code]
    if len(chosen) < 3:
        chosen = list(bands[:3]) if len(bands) >= 3 else [bands[0]] * 3
    raw = read_bands(path, [band.index for band in chosen]).astype(np.float32)
    for layer, band in zip(raw, chosen, strict=True):
        if band.nodata is not None:
            layer[layer == band.nodata] = np.nan
    return stretch(raw)


def contact_sheet(
    views: Sequence[View], bands: Sequence[Band], classes: ClassTable, n_columns: int = 8
) -> Figure:
    """Draw samples in true colour with the outline of their labels."""
    n_rows = -(-len(views) // n_columns)
    figure = new_figure(1.16 * n_columns, 1.33 * n_rows)
    axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    bare(axes)
    for axis, view in zip(axes, views, strict=False):
        axis.imshow(composite(view.image, bands), interpolation="nearest")
        if view.label is not None:
            mask = read_label(view.label, classes)
            present = (mask > 0) & (mask < IGNORE - 1)
            if present.any() and not present.all():
                axis.contour(present, levels=[0.5], colors=["#ffd400"], linewidths=0.5)
        axis.set_title(view.caption or view.sample, fontsize=6, color=FAINT, pad=2)
    for axis in axes[len(views) :]:
        axis.set_visible(False)
    return figure


def groups_sheet(groups: Sequence[Sequence[View]], bands: Sequence[Band], most: int = 6) -> Figure:
    """Draw groups of the same place, one per row."""
    figure = new_figure(1.25 * most, 1.42 * len(groups))
    axes = figure.subplots(len(groups), most, squeeze=False)
    for row, group in zip(axes, groups, strict=True):
        bare(row)
        for axis, view in zip(row, group, strict=False):
            axis.imshow(composite(view.image, bands, false_colour=True), interpolation="nearest")
            axis.set_title(view.sample, fontsize=6, color=FAINT, pad=2)
        for axis in row[len(group) :]:
            axis.set_visible(False)
    return figure


def predictions_sheet(
    views: Sequence[View],
    bands: Sequence[Band],
    classes: ClassTable,
    predictions: Sequence[Path],
    threshold: float | None,
) -> Figure:
    """Draw samples with composites, truth, probability and what was found, missed or found wrongly."""
    n_rows, binary = len(views), len(classes) == 2
    titles = ("true colour", "false colour", "truth", "probability", "result")
    figure = new_figure(8.8, 1.86 * n_rows + 0.35)
    axes = figure.subplots(n_rows, 5, squeeze=False)
    colours = class_colours(classes.colours, len(classes))
    for row, view, path in zip(axes, views, predictions, strict=True):
        bare(row)
        probability = read_oof(path)
        truth = read_label(view.label, classes) if view.label is not None else None
        decided = decide(probability, threshold)
        row[0].imshow(composite(view.image, bands), interpolation="nearest")
        row[1].imshow(composite(view.image, bands, false_colour=True), interpolation="nearest")
        _classes(row[2], truth, colours)
        row[3].imshow(
            probability[1:].sum(0), cmap="viridis", vmin=0, vmax=1, interpolation="nearest"
        )
        if binary and truth is not None:
            _hits(row[4], truth, decided)
        else:
            _classes(row[4], decided, colours)
        row[0].set_ylabel(f"{view.sample}\n{view.caption}", fontsize=7, color=INK)
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title, fontsize=8, color=FAINT)
    _legend(figure, classes, colours, binary)
    return figure


def decide(probability: NDArray[np.float32], threshold: float | None) -> NDArray[np.uint8]:
    """Choose a class per pixel of (classes, h, w) probabilities."""
    if threshold is None or len(probability) != 2:
        return probability.argmax(0).astype(np.uint8)
    return (probability[1] >= threshold).astype(np.uint8)


def _classes(axis: Any, mask: NDArray[np.uint8] | None, colours: Sequence[str]) -> None:
    """Draw a class mask; ignored pixels stay white."""
    if mask is None:
        return
    shown = np.ma.masked_greater_equal(mask, len(colours))
    cmap = ListedColormap(list(colours))
    axis.imshow(shown, cmap=cmap, vmin=0, vmax=len(colours) - 1, interpolation="nearest")


def _hits(axis: Any, truth: NDArray[np.uint8], decided: NDArray[np.uint8]) -> None:
    """Draw what was found, found wrongly and missed."""
    kind = np.select(
        [
            (truth == 1) & (decided == 1),
            (truth == 0) & (decided == 1),
            (truth == 1) & (decided == 0),
        ],
        [1, 2, 3],
        0,
    )
    shown = np.ma.masked_where(truth > 1, kind)
    axis.imshow(shown, cmap=ListedColormap(list(HITS)), vmin=0, vmax=3, interpolation="nearest")


def _legend(figure: Figure, classes: ClassTable, colours: Sequence[str], binary: bool) -> None:
    """Say below the pictures what the colours mean."""
    handles = [
        Patch(facecolor=colour, edgecolor=FAINT, label=name)
        for name, colour in zip(classes.names, colours, strict=True)
    ]
    if binary:
        names = ("", "found", "found wrongly", "missed")
        handles += [
            Patch(facecolor=colour, edgecolor=FAINT, label=name)
            for colour, name in zip(HITS, names, strict=True)
            if name
        ]
    figure.legend(handles=handles, loc="outside lower center", ncols=6, fontsize=7, frameon=False)
