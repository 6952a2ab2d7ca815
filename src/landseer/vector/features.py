"""One map's polygons with what is known of each, in the order in which they end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.vector.coverage import joined, simplify
from landseer.vector.ground import Ground
from landseer.vector.options import VectoriseOptions
from landseer.vector.outlines import grouped, straighten
from landseer.vector.polygonise import polygonise
from landseer.vector.shapes import Shapes
from landseer.vector.small import Sieve


@dataclass(frozen=True, slots=True)
class Features:
    """Some polygons of a map.

    Attributes:
        geometry: (n,) polygons or multipolygons in pixel coordinates, x to the right and y down.
        value: (n,) value of the pixels inside.
        confidence: (n,) mean probability of the class inside, NaN where it is not known.
        touches_edge: (n,) whether it is cut off by the map's border or by missing pixels.
        how: (n,) what became of the outline, as a position in `outlines.HOW`; -1 where right angles were not asked for.
        n_small: shapes left out as too small.
    """

    geometry: NDArray[np.object_]
    value: NDArray[np.int64]
    confidence: NDArray[np.float64]
    touches_edge: NDArray[np.bool_]
    how: NDArray[np.int64]
    n_small: int


BATCH = 20_000
"""Features that go on together."""


def in_batches(made: Iterable[Features]) -> Iterator[Features]:
    """Put small batches together; the last one comes even if it is empty."""
    waiting: list[Features] = []
    for features in made:
        waiting.append(features)
        if sum(len(one.value) for one in waiting) >= BATCH:
            yield _together(waiting)
            waiting = []
    yield _together(waiting)


def _together(batches: list[Features]) -> Features:
    """Put batches into one."""
    nothing = np.zeros(0)
    empty = Features(
        nothing.astype(object), nothing.astype(np.int64), nothing, nothing.astype(bool), nothing.astype(np.int64), 0
    )  # fmt: skip
    names = ("geometry", "value", "confidence", "touches_edge", "how")
    columns = {n: np.concatenate([getattr(one, n) for one in (empty, *batches)]) for n in names}
    return Features(**columns, n_small=sum(one.n_small for one in batches))


def make_features(
    path: Path,
    ground: Ground,
    options: VectoriseOptions,
    *,
    values: list[int] | None,
    probability: Path | None,
) -> Iterator[Features]:
    """Turn a map into features.

    Args:
        path: the class map.
        ground: the ground under it.
        options: what is wanted of outlines and small things.
        values: which become polygons; None takes all but 0.
        probability: raster of the probabilities; None leaves confidence open.

    Returns:
        Features strip by strip. All at once where outlines are simplified, because neighbours must agree: that takes
        about 500 bytes of memory per corner.

    Raises:
        DataError: of `polygonise`.
    """
    sieve = Sieve(ground, options.min_area_m2, options.min_hole_m2)
    shapes = polygonise(
        path, values=values, connectivity=options.connectivity, probability=probability
    )
    cleaned = (sieve.clean(one) for one in shapes)
    if options.simplify_m and not options.rectangular:
        yield _simplified(list(cleaned), ground, options)
        return
    for batch, n_small in cleaned:
        polygons, how = batch.rings.polygons(), np.full(len(batch.feature), -1)
        if options.rectangular:
            polygons, how = straighten(
                polygons, ground, min_iou=options.min_iou, tolerance_m=options.simplify_m
            )
        yield _features(batch, polygons, how, n_small)


def _simplified(
    batches: list[tuple[Shapes, int]], ground: Ground, options: VectoriseOptions
) -> Features:
    """Simplify all shapes of a map together."""
    shapes = [batch for batch, _ in batches]
    polygons = simplify(joined([one.rings for one in shapes]), options.simplify_m, ground)
    counts = np.cumsum([0, *(len(one.value) for one in shapes)])
    owners = [one.feature + n for one, n in zip(shapes, counts[:-1], strict=True)]
    columns = ("value", "n_px", "weight", "n_weighted", "is_cut")
    whole = Shapes(
        joined([]),
        np.concatenate(owners),
        **{name: np.concatenate([getattr(one, name) for one in shapes]) for name in columns},
    )
    how = np.full(len(polygons), -1)
    return _features(whole, polygons, how, sum(n_small for _, n_small in batches))


def _features(
    shapes: Shapes, polygons: NDArray[np.object_], how: NDArray[np.int64], n_small: int
) -> Features:
    """Put the parts of each shape together; a shape is called by its least wanted part."""
    worst = np.full(len(shapes.value), -1)
    np.maximum.at(worst, shapes.feature, how)
    share = np.where(
        shapes.n_weighted > 0, shapes.weight / np.maximum(shapes.n_weighted, 1), np.nan
    )
    return Features(
        geometry=grouped(polygons, shapes.feature),
        value=shapes.value,
        confidence=share,
        touches_edge=shapes.is_cut,
        how=worst,
        n_small=n_small,
    )
