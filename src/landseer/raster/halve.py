"""Rasters at half the resolution: the commonest class, or the mean, of each square of four pixels."""

from __future__ import annotations

from functools import reduce

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]


def halve_classes(array_bhw: Array, nodata: float | None = None) -> Array:
    """Keep the commonest of each four values.

    Args:
        array_bhw: (b, h, w), any dtype.
        nodata: the value that says missing; it is kept only where all four are missing.

    Returns:
        (b, ceil(h / 2), ceil(w / 2)), same dtype.

    Edges: of two values that come twice the one that stands first (row by row) is kept; so is the first of four
        different ones. An odd last row or column counts twice.
    """
    corners = _corners(array_bhw)
    has_missing = nodata is not None and bool((array_bhw == nodata).any())
    kept = corners[0]
    for corner in corners[1:] if has_missing else ():
        kept = np.where(kept == nodata, corner, kept)
    for place in (2, 1, 0):  # the last word has the one that stands first
        one = corners[place]
        comes_again = reduce(np.logical_or, [one == other for other in corners[place + 1 :]])
        if has_missing:
            comes_again &= one != nodata
        kept = np.where(comes_again, one, kept)
    return kept


def halve_values(array_bhw: Array, nodata: float | None = None) -> Array:
    """Average each four values.

    Args:
        array_bhw: (b, h, w), integers or floats.
        nodata: the value that says missing, besides NaN; missing pixels do not count.

    Returns:
        (b, ceil(h / 2), ceil(w / 2)), same dtype; integers rounded to the nearest, halves to the even one.

    Edges: missing only where all four are. An odd last row or column counts twice.
    """
    work = np.result_type(array_bhw.dtype, np.float32)
    corners = np.stack(_corners(array_bhw))
    missing = _missing(corners, nodata)
    values = corners.astype(work, copy=False)
    if missing is None:
        mean = values.sum(0) / 4
    else:
        count = 4 - missing.sum(0)
        total = np.where(missing, 0, values).sum(0)
        mean = np.where(count == 0, values[0], total / np.maximum(count, 1).astype(work))
    if array_bhw.dtype.kind != "f":
        mean = np.rint(mean)
    return mean.astype(array_bhw.dtype)


def _corners(array_bhw: Array) -> list[Array]:
    """Return the four pixels of each square as four rasters, row by row; the last row and column repeated where odd."""
    height, width = array_bhw.shape[1:]
    is_even = height % 2 == width % 2 == 0
    wider = (0, 0), (0, height % 2), (0, width % 2)
    even = array_bhw if is_even else np.pad(array_bhw, wider, mode="edge")
    return [np.ascontiguousarray(even[:, i::2, j::2]) for i in (0, 1) for j in (0, 1)]


def _missing(array: Array, nodata: float | None) -> NDArray[np.bool_] | None:
    """Say which values are missing; None where none is."""
    missing: NDArray[np.bool_] | None = np.isnan(array) if array.dtype.kind == "f" else None
    if nodata is not None and not np.isnan(nodata):
        missing = array == nodata if missing is None else missing | (array == nodata)
    return missing if missing is not None and missing.any() else None
