"""A sheet of pictures: each image in true and false colour beside its prediction and its truth."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from landseer.core.bands import Band
from landseer.core.classes import IGNORE, ClassTable
from landseer.core.files import atomic_path
from landseer.raster.label import read_label
from landseer.raster.read import read_bands

MAX_SIDE_PX = 512
"""Longest side of a picture; larger images are thinned out."""

_TRUE_COLOUR = (("R",), ("G",), ("B",))
_FALSE_COLOUR = (("S1", "S2"), ("N",), ("R",))
_NEAR_INFRARED = (("N",), ("R",), ("G",))
_OUTSIDE = 0.5
_INCHES = 2.6


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One row of the sheet: an image, its class map and, where known, its label."""

    image: Path
    prediction: Path
    truth: Path | None = None


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

    Edges: without red, green and blue the first band is shown in grey; truth that is not known leaves no column.
    """
    if not rows:
        raise ValueError("expected at least one row; got none")
    shown = list(rows)[:n]
    has_truth = any(row.truth is not None for row in shown)
    titles = ["true colour", "false colour", "prediction", *(["truth"] if has_truth else [])]
    figure = Figure(
        figsize=(_INCHES * len(titles), (_INCHES + 0.2) * len(shown)), layout="constrained"
    )
    axes = figure.subplots(len(shown), len(titles), squeeze=False)
    for row, line in zip(shown, axes, strict=True):
        pictures = _pictures(row, bands, classes)
        for axis, title, picture in zip(line, titles, pictures, strict=False):
            axis.set_title(
                f"{row.image.stem}\n{title}" if title == titles[0] else title, fontsize=7
            )
            if picture is not None:
                axis.imshow(picture, interpolation="nearest")
        for axis in line:
            axis.set_axis_off()
    return _save(figure, Path(out))


def compose(
    image: NDArray[np.generic], bands: Sequence[Band], codes: Sequence[Sequence[str]]
) -> NDArray[np.float32] | None:
    """Make an RGB picture of three bands.

    Args:
        image: (b, h, w) raw values.
        bands: one per layer.
        codes: for red, green and blue, the codes any of which will do.

    Returns:
        (h, w, 3) float32 in [0, 1], stretched between the 2nd and 98th percentile of the valid pixels;
        None when a band is missing.
    """
    layers = []
    for wanted in codes:
        found = [i for i, band in enumerate(bands) if set(wanted) & set(band.codes)]
        if not found:
            return None
        layers.append(stretch(image[found[0]], bands[found[0]].nodata))
    return np.stack(layers, axis=-1)


def stretch(layer: NDArray[np.generic], nodata: float | None) -> NDArray[np.float32]:
    """Scale one band to [0, 1] between its 2nd and 98th percentile; mid grey where there is no data."""
    values = layer.astype(np.float32)
    valid = np.isfinite(values)
    if nodata is not None:
        valid &= values != nodata
    if not valid.any():
        return np.full(values.shape, _OUTSIDE, np.float32)
    low, high = np.percentile(values[valid], [2, 98])
    scaled = np.clip((values - low) / max(float(high - low), 1e-6), 0, 1)
    return np.where(valid, scaled, np.float32(_OUTSIDE)).astype(np.float32)


def paint(numbers: NDArray[np.uint8], classes: ClassTable) -> NDArray[np.float32]:
    """Colour class numbers: (h, w) uint8 to (h, w, 3); mid grey where ignored or unknown."""
    table = np.full((256, 3), _OUTSIDE, np.float32)
    count = len(classes)
    for number in range(count):
        grey = number / max(count - 1, 1)
        table[number] = to_rgb(classes.colours[number]) if classes.colours else (grey,) * 3
    return table[numbers]


def _pictures(
    row: PreviewRow, bands: Sequence[Band], classes: ClassTable
) -> list[NDArray[np.float32] | None]:
    """Make the pictures of one row."""
    image = _thin(read_bands(row.image, [band.index for band in bands]))
    true = compose(image, bands, _TRUE_COLOUR)
    if true is None:
        true = np.repeat(stretch(image[0], bands[0].nodata)[..., None], 3, axis=-1)
    false = compose(image, bands, _FALSE_COLOUR)
    false = compose(image, bands, _NEAR_INFRARED) if false is None else false
    numbers = tuple(range(len(classes)))
    plain = ClassTable(classes.names, numbers, classes.colours, ignore=(IGNORE,))
    predicted = paint(_thin(read_label(row.prediction, plain)), classes)
    truth = paint(_thin(read_label(row.truth, classes)), classes) if row.truth else None
    return [true, false, predicted, truth]


def _thin(array: NDArray) -> NDArray:
    """Take every k-th pixel of large images."""
    step = -(-max(array.shape[-2:]) // MAX_SIDE_PX)
    return array[..., ::step, ::step]


def _save(figure: Figure, out: Path) -> Path:
    """Draw a figure into a PNG, whole or not at all."""
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    with atomic_path(out) as temporary:
        temporary.write_bytes(buffer.getvalue())
    return out
