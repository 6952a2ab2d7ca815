"""Which windows a scene is cut into: where they lie, and which of them have data and meet the areas of interest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.io import DatasetReader

from landseer.adapters.scene_config import WindowsConfig
from landseer.core.bands import Band
from landseer.core.encoding import as_stored
from landseer.core.window import Window, cover
from landseer.raster.opening import open_raster
from landseer.raster.read import RasterInfo, prove_whole
from landseer.vector.placing import Geometries

Numbered = tuple[int, Window]
"""A window and its number in the grid of windows."""

_LOOKS = 32
"""Along a window's side so many pixels are looked at to judge how much of it has data."""


def cut_windows(height: int, width: int, config: WindowsConfig) -> list[Numbered]:
    """Cut a raster into windows, row by row.

    Args:
        height, width: of the raster, px.
        config: how.

    Returns:
        Windows with their numbers, counted from 0 through all that the grid of windows has: `full` leaves the partial
        ones at the right and the bottom out, but counts them.

    Edges: a raster smaller than a window is one window with `even` and `spread`, and none with `full`.
    """
    size, overlap = config.window_px, config.overlap_px
    if config.cut == "spread":
        return list(enumerate(cover(height, width, size, overlap)))
    if config.cut == "even":
        parts = (
            Window(row, col, rows, cols)
            for row, rows in _even(height, size)
            for col, cols in _even(width, size)
        )
        return list(enumerate(parts))
    corners = (
        (row, col)
        for row in range(0, height, size - overlap)
        for col in range(0, width, size - overlap)
    )
    return [
        (number, Window(row, col, size, size))
        for number, (row, col) in enumerate(corners)
        if row + size <= height and col + size <= width
    ]


def _even(length: int, size: int) -> list[tuple[int, int]]:
    """Cut a length into the fewest near-equal parts of at most `size`: starts and lengths."""
    count = math.ceil(length / size)
    ends = [round(length * number / count) for number in range(count + 1)]
    return [(start, end - start) for start, end in pairwise(ends)]


def with_data(
    image: RasterInfo, windows: Sequence[Numbered], bands: Sequence[Band], config: WindowsConfig
) -> list[Numbered]:
    """Return the windows of which enough has data: in any band, at every n-th pixel of which about 32 x 32 a window.

    Args:
        image: header of the raster.
        windows: of it.
        bands: those that are looked at, and their nodata values; none look at all but alpha.
        config: how large a share must have data.

    Raises:
        FileReadError: the raster's pixels cannot be read.
    """
    with open_raster(image.path) as dataset:
        prove_whole(dataset)
        there = _look(dataset, bands, max(1, config.window_px // _LOOKS))
    if there is None:
        return list(windows)
    shares = [_share(there, image, window) for _, window in windows]
    return [
        one
        for one, share in zip(windows, shares, strict=True)
        if share > 0 and share >= config.min_valid
    ]


def meeting(windows: Sequence[Numbered], areas: Geometries) -> list[Numbered]:
    """Return the windows that meet areas.

    Args:
        windows: in pixels.
        areas: polygons in the same pixels.
    """
    tree = shapely.STRtree(areas)
    boxes = [
        shapely.box(one.col, one.row, one.col + one.width, one.row + one.height)
        for _, one in windows
    ]
    met = set(tree.query(boxes, predicate="intersects")[0].tolist())
    return [one for place, one in enumerate(windows) if place in met]


def _look(dataset: DatasetReader, bands: Sequence[Band], step: int) -> NDArray[np.bool_] | None:
    """Look at every n-th pixel, true where any band has data; None where nothing can be missing."""
    colours = enumerate(dataset.colorinterp, 1)
    every = [place for place, colour in colours if colour is not ColorInterp.alpha]
    indexes = [band.index for band in bands] or every
    nodata = [band.nodata for band in bands] or [None] * len(indexes)
    is_float = np.dtype(dataset.dtypes[0]).kind == "f"
    has_mask = any(MaskFlags.all_valid not in dataset.mask_flag_enums[one - 1] for one in indexes)
    reads = is_float or any(value is not None for value in nodata)
    if not has_mask and not reads:
        return None
    shape = len(indexes), math.ceil(dataset.height / step), math.ceil(dataset.width / step)
    there = dataset.read_masks(indexes, out_shape=shape) > 0
    if reads:
        layers = dataset.read(indexes, out_shape=shape)
        for place, value in enumerate(nodata):
            if is_float:
                there[place] &= ~np.isnan(layers[place])
            if value is not None:
                there[place] &= layers[place] != as_stored(value, layers.dtype)
    found: NDArray[np.bool_] = np.asarray(there.any(axis=0))
    return found


def _share(there: NDArray[np.bool_], image: RasterInfo, window: Window) -> float:
    """Return the share of a window's looks that have data."""
    rows, cols = there.shape
    down, right = rows / image.height, cols / image.width
    part = there[
        math.floor(window.row * down) : math.ceil((window.row + window.height) * down),
        math.floor(window.col * right) : math.ceil((window.col + window.width) * right),
    ]
    return float(part.mean())
