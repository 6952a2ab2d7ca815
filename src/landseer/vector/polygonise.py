"""A class map of any size as shapes: read in strips, with the probability of the class inside each shape."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import IGNORE
from landseer.core.window import Window
from landseer.errors import BandError, DataError, GridError
from landseer.raster.read import RasterInfo, read_bands, read_info, read_strips
from landseer.vector.runs import Runs, find_runs
from landseer.vector.shapes import NODATA, Connectivity, ShapeCollector, Shapes

STRIP_BYTES = 8 * 2**20
"""Bytes of the class map that are held at once."""

_PER_CENT = 100
"""What probabilities written as uint8 count in."""


def polygonise(
    path: Path,
    *,
    values: Collection[int] | None = None,
    connectivity: Connectivity = 4,
    probability: Path | None = None,
    strip_bytes: int = STRIP_BYTES,
) -> Iterator[Shapes]:
    """Turn a class map into shapes of equal pixels, from top to bottom.

    Args:
        path: a raster of one band of whole numbers, or an address of a window in one.
        values: which become shapes; None takes all but 0.
        connectivity: 4: pixels hang together by their sides; 8: by corners as well, as one shape of several parts.
        probability: raster of one band per class but class 0, as predicted: shares, or per cent where it is uint8.
        strip_bytes: pixels held at once; never changes what comes out, but for its order.

    Returns:
        For each strip the shapes that end in it: the very shapes that the whole map would give in one piece, with
        corners where the outline turns and nowhere else.

    Raises:
        FileReadError: a file cannot be read.
        BandError: the map has several bands, or the probabilities too few.
        GridError: map and probabilities differ in size.
        DataError: the map holds fractions.

    Edges: 255, the declared nodata value and masked pixels are no shape, whatever is asked for. Pixels without a
        probability do not weigh; the probability of class 0 is what the others leave.
    Source: own; the result is that of GDAL's polygonize, valid also where a shape meets itself in a corner.
    """
    info = read_info(path)
    _check(info, probability)
    collector = ShapeCollector(info.height, info.width, connectivity)
    missing = {IGNORE} if info.nodata is None else {IGNORE, info.nodata}
    wanted = None if values is None else np.asarray(sorted(set(values)), np.int64)
    for window, strip in read_strips(path, strip_bytes=strip_bytes):
        runs = find_runs(_whole_numbers(path, strip[0]), window.row)
        is_missing = np.isin(runs.value, list(missing))
        is_wanted = runs.value != 0 if wanted is None else np.isin(runs.value, wanted)
        runs = runs.take(is_wanted | is_missing)
        runs.value[np.isin(runs.value, list(missing))] = NODATA
        weight = np.zeros((len(runs), 2))
        if probability is not None:
            weight = _weigh(runs, probability, window)
        yield collector.feed(runs, weight, window.row + window.height - 1)


def _check(info: RasterInfo, probability: Path | None) -> None:
    """Refuse maps of several bands, and probabilities of another size."""
    if info.count != 1:
        raise BandError(
            f"expected a map of one band; got {info.count}",
            where=info.path,
            do="give the class map, not the image or the probabilities",
        )
    if probability is None:
        return
    other = read_info(probability)
    if (other.height, other.width) != (info.height, info.width):
        raise GridError(
            f"expected probabilities of {info.height} x {info.width} pixels, as the map has; got "
            f"{other.height} x {other.width}",
            where=probability,
        )


def _whole_numbers(path: Path, values: NDArray[np.generic]) -> NDArray[np.integer]:
    """Return a map's values as integers, masked pixels as 255."""
    if np.issubdtype(values.dtype, np.integer):
        return cast("NDArray[np.integer]", values)
    known = np.where(np.isfinite(values), values, IGNORE)
    numbers = known.astype(np.int64)
    if (numbers != known).any():
        raise DataError(
            f"expected whole numbers, one per class; got {known[numbers != known][0]}", where=path
        )
    return numbers


def _weigh(runs: Runs, path: Path, window: Window) -> NDArray[np.float64]:
    """Return sum and number of the probabilities of each run's own class."""
    weight = np.zeros((len(runs), 2))
    for value in np.unique(runs.value[runs.value != NODATA]):
        mine = np.flatnonzero(runs.value == value)
        known, share = _share(path, window, int(value))
        start = (runs.row[mine] - window.row) * window.width
        ends = np.stack([start + runs.start[mine], start + runs.stop[mine]], axis=1).ravel()
        for column, array in enumerate((np.where(known, share, 0), known)):
            padded = np.append(array.ravel(), array.dtype.type(0))
            weight[mine, column] = np.add.reduceat(padded, ends, dtype=np.float64)[::2]
    return weight


def _share(path: Path, window: Window, value: int) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Read where the probability of a class is known, and what it is."""
    info = read_info(path)
    if not 0 <= value <= info.count:
        raise BandError(
            f"expected a probability band for each class of the map, {value} or more; got {info.count}",
            where=path,
            do="give the probabilities that belong to this map",
        )
    wanted = [value] if value else list(range(1, info.count + 1))
    bands = read_bands(path, wanted, window)
    known = np.isfinite(bands).all(axis=0)
    if info.nodata is not None:
        known &= (bands != info.nodata).all(axis=0)
    share = bands.sum(axis=0, dtype=np.float32) / (_PER_CENT if info.dtype == "uint8" else 1)
    return known, share if value else 1 - share
