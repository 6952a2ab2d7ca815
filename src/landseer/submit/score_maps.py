"""Scores of maps of any size: predictions and truths are read in strips and counted together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import IGNORE, UNKNOWN, ClassTable
from landseer.core.parallel import parallel_map
from landseer.core.window import Window
from landseer.errors import LabelError
from landseer.metrics.map_counts import MapCounts, MapRules, SceneCounter
from landseer.metrics.map_scores import MapScores
from landseer.raster.label import Label, load_label
from landseer.raster.read import RasterInfo, read_info
from landseer.submit.pairs import Pair
from landseer.submit.score_grid import check_same_grid
from landseer.submit.score_polygons import burn_truth
from landseer.vector.label_files import is_vector
from landseer.vector.rules import LabelRules

TrueStrip = tuple[NDArray[np.uint8], NDArray[np.int32] | None]
"""(h, w) class numbers, and the numbers of the objects where they are known."""

STRIP_PX = 2**24
"""Pixels that are read at once."""

_BLOCK_ROWS = 512
"""Strips are whole rows of blocks of most files."""

_PLAIN = ClassTable(("0",), (0,))
"""Lets values through as they are."""


def score_maps(
    pairs: Iterable[Pair],
    *,
    rules: MapRules | None = None,
    classes: ClassTable | None = None,
    labels: LabelRules | None = None,
    workers: int | None = None,
) -> MapScores:
    """Compare predicted class maps with true ones.

    Args:
        pairs: (name, prediction, truth) of each scene. Predictions are rasters of class numbers, files or addresses;
            truths are rasters on the same grid, or files of polygons in any CRS.
        rules: what is counted besides pixels; None: boundaries at two pixels, no objects.
        classes: what the truth's values mean, and the names of the classes; None takes the values as class numbers
            and as names.
        labels: how true polygons become values; None: all of them are 1, and 0 is around them.
        workers: threads, each of which reads one pair.

    Returns:
        Counts of each scene and the scores that follow.

    Raises:
        FileReadError: a file cannot be read.
        GridError: a prediction lies on another grid than its truth, or has no place on which polygons could lie.
        LabelError: a value is no class number.
        DataError: there is no pair.

    Edges: pixels that the truth ignores do not count; where the prediction is 255 or its nodata value (outside the
        data), class 0 counts as predicted. True polygons that touch are objects of their own, predicted pixels that
        touch are one.
    """
    rules, pairs = rules or MapRules(), tuple(pairs)
    count = partial(count_pair, rules=rules, classes=classes, labels=labels)
    counts = tuple(parallel_map(count, pairs, label="score", workers=workers))
    if classes is None:
        n_classes = max((c.n_classes for c in counts), default=2)
        names = tuple(map(str, range(max(n_classes, *(n + 1 for n in (1, *rules.object_classes))))))
    else:
        names = classes.names
    return MapScores(names, rules, tuple(name for name, _, _ in pairs), counts)


def count_pair(
    pair: Pair,
    *,
    rules: MapRules,
    classes: ClassTable | None = None,
    labels: LabelRules | None = None,
) -> MapCounts:
    """Count one scene; see `score_maps`."""
    _, prediction, truth = pair
    info = read_info(prediction)
    counter = SceneCounter(rules, None if classes is None else len(classes))
    strips_of_truth: Iterator[TrueStrip]
    if is_vector(truth):
        strips_of_truth = _burnt(truth, info, classes, labels or LabelRules())
    else:
        check_same_grid(info, read_info(truth))
        strips_of_truth = ((read_classes(truth, classes, window), None) for window in strips(info))
    for window, (true, numbers) in zip(strips(info), strips_of_truth, strict=True):
        counter.add(true, read_classes(prediction, None, window), numbers)
    return counter.finish()


def _burnt(
    path: Path, info: RasterInfo, classes: ClassTable | None, labels: LabelRules
) -> Iterator[TrueStrip]:
    """Lay true polygons on the map: class numbers, and which object is on each pixel."""
    height = next(strips(info)).height
    for values, numbers in burn_truth(path, info, labels, height):
        encoded = values if classes is None else classes.encode(values)
        yield _checked(np.where(values == IGNORE, np.uint8(IGNORE), encoded), path), numbers


def strips(info: RasterInfo) -> Iterator[Window]:
    """Cut a raster into strips of whole rows, from top to bottom; a small one is a single strip."""
    rows = max(1, STRIP_PX // max(1, info.width))
    if rows < info.height:
        rows = max(_BLOCK_ROWS, rows // _BLOCK_ROWS * _BLOCK_ROWS)
    for row in range(0, info.height, rows):
        yield Window(row, 0, min(rows, info.height - row), info.width)


def read_classes(path: Path, classes: ClassTable | None, window: Window) -> NDArray[np.uint8]:
    """Read class numbers.

    Args:
        path: a raster, or an address.
        classes: what its values mean; None takes them as class numbers, 255 and the nodata value ignored.
        window: pixels to read.

    Returns:
        (h, w) class numbers; 255 is ignored.

    Raises:
        LabelError: a value is no class number.
    """
    label = load_label(path, classes or _PLAIN, window)
    return _checked(_as_numbers(label) if classes is None else label.classes, path)


def _checked(numbers: NDArray[np.uint8], path: Path) -> NDArray[np.uint8]:
    """Refuse values that are no class numbers."""
    if (numbers == UNKNOWN).any():
        raise LabelError("expected class numbers; got other values", where=path)
    return numbers


def _as_numbers(label: Label) -> NDArray[np.uint8]:
    """Take values as class numbers."""
    values, nodata = np.asarray(label.values), label.info.nodata
    if values.dtype == np.uint8:
        numbers = values.astype(np.uint8, copy=False)
    else:
        numbers = np.where(np.isin(values, np.arange(UNKNOWN)), values, UNKNOWN).astype(np.uint8)
        numbers[values == IGNORE] = IGNORE
    if nodata is None or 0 <= nodata < UNKNOWN:
        return numbers
    missing = np.isnan(values) if np.isnan(nodata) else values == nodata
    return np.where(missing, np.uint8(IGNORE), numbers)
