"""Read a label: one band, three equal bands, a palette or an RGB-coded mask, into class numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader

from landseer.core.classes import IGNORE, UNKNOWN, ClassTable
from landseer.core.window import Window
from landseer.errors import LabelError
from landseer.raster.opening import address_of, open_raster
from landseer.raster.read import (
    RasterInfo,
    check_window,
    describe,
    prove_whole,
    read_open,
    read_open_small,
)


@dataclass(frozen=True, slots=True)
class Label:
    """A label as read: its header, its raw values and its class numbers.

    Attributes:
        info: the label file's header.
        values: (h, w) integers, or (3, h, w) for RGB-coded masks.
        classes: (h, w) uint8 class numbers with `IGNORE` and `UNKNOWN`.
    """

    info: RasterInfo
    values: NDArray[np.generic]
    classes: NDArray[np.uint8]

    def unknown(self) -> dict[str, int]:
        """Count the pixels of each value that the class table does not list, most frequent first."""
        pixels = self.values[..., self.classes == UNKNOWN]
        is_rgb = pixels.ndim == 2
        if is_rgb:
            red, green, blue = pixels.astype(np.int64)
            pixels = (red << 16) | (green << 8) | blue
        values, counts = np.unique(pixels, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return {_spell(values[number], is_rgb): int(counts[number]) for number in order}


def read_label(path: Path, classes: ClassTable, window: Window | None = None) -> NDArray[np.uint8]:
    """Read a label file as class numbers.

    Args:
        path: a PNG, GeoTIFF or other raster.
        classes: what its values mean; RGB triples ask for an RGB-coded or palette mask.
        window: pixel rectangle inside the raster; None reads all.

    Returns:
        (h, w) uint8: class numbers, `IGNORE` for ignored values, `UNKNOWN` for values not in the table.

    Raises:
        FileReadError: the file cannot be read.
        LabelError: the file has a number of bands from which no label can be made.

    Edges: a declared nodata value that the table does not list becomes `IGNORE`; an alpha band is left out; with an
        integer table a palette file's indices are the values.
    """
    return load_label(path, classes, window).classes


def load_label(path: Path, classes: ClassTable, window: Window | None = None) -> Label:
    """Read a label file with its header and raw values; otherwise as `read_label`."""
    with open_raster(path) as dataset:
        info = describe(dataset)
        check_window(dataset, window)
        prove_whole(dataset)
        return _label(dataset, info, read_open(dataset, None, window), classes)


def read_small_label(path: Path, classes: ClassTable, *, side_px: int) -> NDArray[np.uint8]:
    """Read a label shrunk for a picture: `read_label` of the nearest pixels of a raster of any size.

    Args:
        path, classes: as of `read_label`.
        side_px: the longer side that is wanted; a smaller label comes as it is.

    Raises:
        FileReadError, LabelError: as of `read_label`.
    """
    with open_raster(path) as dataset:
        return _label(
            dataset, describe(dataset), read_open_small(dataset, side_px=side_px), classes
        ).classes


def _label(
    dataset: DatasetReader, info: RasterInfo, bands: NDArray[np.generic], classes: ClassTable
) -> Label:
    """Turn what was read of an open label into class numbers."""
    values = (_rgb_values if classes.is_rgb else _values)(dataset, bands)
    encoded = classes.encode(values)
    if info.nodata is not None and not classes.is_rgb:
        missing = np.isnan(values) if np.isnan(info.nodata) else values == info.nodata
        encoded[missing & (encoded == UNKNOWN)] = IGNORE
    return Label(info, values, encoded)


def _values(dataset: DatasetReader, bands: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return (h, w) label values: the only band, or one of three equal ones."""
    colours = _without_alpha(dataset, bands)
    if len(colours) == 3 and not (
        np.array_equal(colours[0], colours[1]) and np.array_equal(colours[0], colours[2])
    ):
        raise LabelError(
            "expected a label of one band or three equal bands; got three bands that differ (an RGB-coded mask)",
            where=address_of(dataset),
            do="give the classes as colours, such as value: '#3c1098'",
        )
    return colours[0]


def _rgb_values(dataset: DatasetReader, bands: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return (3, h, w) colours: three bands, one band through its palette, or one grey band."""
    bands = _without_alpha(dataset, bands)
    if len(bands) == 3:
        return bands
    if dataset.colorinterp[0].name == "palette":
        return _palette(dataset)[:, bands[0]]
    return np.repeat(bands, 3, axis=0)


def _palette(dataset: DatasetReader) -> NDArray[np.uint8]:
    """Return the colour table as (3, 65536 or 256) uint8."""
    colours = np.zeros((3, np.iinfo(dataset.dtypes[0]).max + 1), np.uint8)
    for value, colour in dataset.colormap(1).items():
        colours[:, value] = colour[:3]
    return colours


def _without_alpha(dataset: DatasetReader, bands: NDArray[np.generic]) -> NDArray[np.generic]:
    """Leave out a trailing alpha band; one or three bands must be left."""
    kept = bands[:-1] if len(bands) in (2, 4) and dataset.colorinterp[-1].name == "alpha" else bands
    if len(kept) not in (1, 3):
        raise LabelError(
            f"expected a label of 1 or 3 bands; got {len(kept)}",
            where=address_of(dataset),
            do="check that the pattern of the labels does not match the images",
        )
    return kept


def _spell(value: np.generic, is_rgb: bool) -> str:
    """Write a label value as people write it in a recipe."""
    return f"#{int(value):06x}" if is_rgb else f"{value:.9g}"
