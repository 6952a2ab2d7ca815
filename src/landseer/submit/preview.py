"""A sheet of pictures: each image in true and false colour beside its prediction and its truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.core.bands import Band
from landseer.core.classes import IGNORE, ClassTable
from landseer.raster.label import read_label
from landseer.raster.read import read_bands
from landseer.track.figures import SheetRow, save_figure, sheet_figure
from landseer.track.pixels import HIT_NAMES, HITS, class_colours, hits, paint, stretch

MAX_SIDE_PX = 512
"""Longest side of a picture; larger images are thinned out."""

Codes = Sequence[Sequence[str]]

_TRUE_COLOUR: Codes = (("R",), ("G",), ("B",))
_FALSE_COLOUR: Codes = (("S1", "S2"), ("N",), ("R",))
_NEAR_INFRARED: Codes = (("N",), ("R",), ("G",))


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One row of the sheet: an image, its class map, where known its label and the size of a pixel on the ground."""

    image: Path
    prediction: Path
    truth: Path | None = None
    gsd_m: float | None = None


def write_previews(
    rows: Sequence[PreviewRow],
    bands: Sequence[Band],
    classes: ClassTable,
    out: Path,
    *,
    n: int = 12,
) -> Path:
    """Write a contact sheet of the first predictions.

    Args:
        rows: what to show, best sorted by name.
        bands: of the images.
        classes: names and colours of the classes.
        out: the PNG; appears whole or not at all.
        n: most rows shown.

    Returns:
        The path of the PNG.

    Raises:
        FileReadError: an image, map or label cannot be read.
        ValueError: no rows.

    Edges: without red, green and blue the first band is shown in grey; where no truth is known there are no columns
        of truth and result; invalid and ignored pixels are hatched.
    """
    if not rows:
        raise ValueError("expected at least one row; got none")
    shown = list(rows)[:n]
    has_truth = any(row.truth is not None for row in shown)
    titles = ["true colour", "false colour", "prediction", *(["truth", "result"] * has_truth)]
    drawn = [
        SheetRow(row.image.stem, _pictures(row, bands, classes)[: len(titles)], row.gsd_m)
        for row in shown
    ]
    legend = list(zip(class_colours(classes.colours, len(classes)), classes.names, strict=True))
    if has_truth:
        wanted = slice(1, None) if len(classes) == 2 else slice(1, 3)
        legend += zip(HITS[wanted], HIT_NAMES[wanted], strict=True)
    save_figure(sheet_figure(drawn, titles, legend=legend), Path(out))
    return Path(out)


def compose(
    image: NDArray[np.generic], bands: Sequence[Band], codes: Codes
) -> NDArray[np.float32] | None:
    """Make an RGB picture of three bands.

    Args:
        image: (b, h, w) raw values.
        bands: one per layer.
        codes: for red, green and blue, the codes any of which will do.

    Returns:
        (h, w, 3) float32 in [0, 1], see `stretch`; None when a band is missing.
    """
    layers = []
    for wanted in codes:
        found = [i for i, band in enumerate(bands) if set(wanted) & set(band.codes)]
        if not found:
            return None
        layers.append(_values(image[found[0]], bands[found[0]]))
    return stretch(np.stack(layers))


def _values(layer: NDArray[np.generic], band: Band) -> NDArray[np.float32]:
    """Return one band as numbers, NaN where it has none."""
    values = layer.astype(np.float32)
    if band.nodata is not None:
        values[values == band.nodata] = np.nan
    return values


def _pictures(
    row: PreviewRow, bands: Sequence[Band], classes: ClassTable
) -> list[NDArray[np.float32] | None]:
    """Make the pictures of one row."""
    image = _thin(read_bands(row.image, [band.index for band in bands]))
    true = compose(image, bands, _TRUE_COLOUR)
    if true is None:
        true = stretch(_values(image[0], bands[0])[None])
    false = compose(image, bands, _FALSE_COLOUR)
    false = compose(image, bands, _NEAR_INFRARED) if false is None else false
    plain = ClassTable(classes.names, tuple(range(len(classes))), classes.colours, ignore=(IGNORE,))
    predicted = _thin(read_label(row.prediction, plain))
    truth = _thin(read_label(row.truth, classes)) if row.truth else None
    colours = class_colours(classes.colours, len(classes))
    pictures = [true, false, paint(predicted, colours)]
    if truth is None:
        return [*pictures, None, None]
    return [*pictures, paint(truth, colours), paint(hits(truth, predicted, len(classes)), HITS)]


def _thin(array: NDArray) -> NDArray:
    """Take every k-th pixel of large images."""
    step = -(-max(array.shape[-2:]) // MAX_SIDE_PX)
    return array[..., ::step, ::step]
