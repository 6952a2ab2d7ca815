"""Objects found: F1 of objects that are matched one to one, counted on class maps strip by strip, or on polygons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from landseer.errors import DataError, UsageError
from landseer.metrics.boundary import matched_scores

ObjectCounts = NDArray[np.int64]
"""(..., 3): true positives, false positives, false negatives. Counts of scenes may simply be added."""


@dataclass(frozen=True, slots=True)
class Overlaps:
    """How true and predicted objects of one scene lie on each other; areas in pixels or square units.

    Attributes:
        true: (n,) areas of the true objects.
        predicted: (m,) areas of the predicted ones, outside what is ignored.
        pairs: (k, 2) numbers of a true and a predicted object that share ground.
        shared: (k,) areas that they share.
        ignored: (m,) areas of the predicted objects within what is ignored.
    """

    true: NDArray[np.float64]
    predicted: NDArray[np.float64]
    pairs: NDArray[np.int64]
    shared: NDArray[np.float64]
    ignored: NDArray[np.float64]


def match_objects(
    overlaps: Overlaps,
    *,
    min_iou: float = 0.5,
    min_area: float = 0.0,
    confidence: Sequence[float] | None = None,
) -> ObjectCounts:
    """Match objects one to one and count what is found, invented and missed.

    Args:
        overlaps: of one scene.
        min_iou: smallest intersection over union of a match.
        min_area: smaller objects, true or predicted, are left out before matching.
        confidence: one per predicted object: they choose in descending order, each the free true object of the greatest
            IoU, as SpaceNet's rule has it. None: pairs are taken in descending order of IoU.

    Returns:
        (3,) true positives, false positives, false negatives.

    Raises:
        UsageError: `min_iou` is not above 0 and at most 1, or there is not one confidence per predicted object.

    Edges: both orders give the same counts where objects of one side do not overlap each other and `min_iou` is above
        one half, since then no object has two partners. Ties go to the object that comes first. A predicted object that
        is not matched and lies by more than half within what is ignored does not count.

    Source: SpaceNet buildings metric, Van Etten, Lindenbaum and Bacastow 2018, arXiv:1807.01232 (IoU of at least
        0.5, each true object used once).
    """
    if not 0 < min_iou <= 1:
        raise UsageError(f"expected an IoU above 0 and at most 1; got {min_iou}", where="min_iou")
    true_counts = overlaps.true >= min_area
    predicted_counts = overlaps.predicted + overlaps.ignored >= min_area
    iou = _iou(overlaps)
    pairs = overlaps.pairs
    usable = (iou >= min_iou) & true_counts[pairs[:, 0]] & predicted_counts[pairs[:, 1]]
    order = _order(pairs, iou, confidence, len(overlaps.predicted))
    is_found = np.zeros(len(overlaps.true), bool)
    is_right = np.zeros(len(overlaps.predicted), bool)
    for true, predicted in pairs[order[usable[order]]]:
        if not (is_found[true] or is_right[predicted]):
            is_found[true] = is_right[predicted] = True
    hidden = overlaps.ignored > overlaps.predicted
    wrong = predicted_counts & ~is_right & ~hidden
    return np.array([is_right.sum(), wrong.sum(), (true_counts & ~is_found).sum()], np.int64)


def object_scores(counts: ObjectCounts) -> dict[str, NDArray[np.float64]]:
    """Score counts of one or many scenes.

    Args:
        counts: (..., 3).

    Returns:
        `f1` = 2 TP / (2 TP + FP + FN), `precision` and `recall`, of shape (...), 0 to 1.

    Edges: as of `matched_scores`.
    """
    right, wrong, missed = np.moveaxis(np.asarray(counts), -1, 0)
    return matched_scores(np.stack([right, right + wrong, right, right + missed], axis=-1))


def polygon_overlaps(
    true: Sequence[shapely.Geometry] | NDArray[np.object_],
    predicted: Sequence[shapely.Geometry] | NDArray[np.object_],
    *,
    ignored: shapely.Geometry | None = None,
) -> Overlaps:
    """Lay predicted polygons on true ones.

    Args:
        true, predicted: valid polygons or multipolygons, each an object, in one plane: metres or pixels, not degrees.
        ignored: area that is not judged; it is cut from all of them.

    Raises:
        DataError: a polygon is invalid; repair it first, for what it covers is not defined.
    """
    sides = [np.asarray(side, object).reshape(-1) for side in (true, predicted)]
    for name, side in zip(("true", "predicted"), sides, strict=True):
        n_wrong = int((~shapely.is_valid(side)).sum())
        if n_wrong:
            raise DataError(f"expected valid {name} polygons; {n_wrong} of {len(side)} are not")
    whole = shapely.area(sides[1])
    if ignored is not None:
        sides = [shapely.difference(side, ignored) for side in sides]
        sides[0] = sides[0][shapely.area(sides[0]) > 0]
    second, first = shapely.STRtree(sides[0]).query(sides[1], predicate="intersects")
    shared = shapely.area(shapely.intersection(sides[0][first], sides[1][second]))
    areas = shapely.area(sides[1])
    meets = shared > 0
    return Overlaps(
        true=shapely.area(sides[0]),
        predicted=areas,
        pairs=np.stack([first, second], axis=1)[meets].astype(np.int64),
        shared=shared[meets],
        ignored=np.maximum(whole - areas, 0.0),
    )


def _iou(overlaps: Overlaps) -> NDArray[np.float64]:
    """Intersection over union of each pair."""
    true, predicted = overlaps.pairs.T
    union = overlaps.true[true] + overlaps.predicted[predicted] - overlaps.shared
    return np.asarray(overlaps.shared / union)


def _order(
    pairs: NDArray[np.int64],
    iou: NDArray[np.float64],
    confidence: Sequence[float] | None,
    n_predicted: int,
) -> NDArray[np.intp]:
    """Say in which order pairs are tried."""
    if confidence is None:
        return np.lexsort([pairs[:, 0], pairs[:, 1], -iou])
    sure = np.asarray(confidence, np.float64)
    if sure.shape != (n_predicted,):
        raise UsageError(f"expected {n_predicted} confidences; got {len(sure)}", where="confidence")
    rank = np.empty(n_predicted, np.intp)
    rank[np.argsort(-sure, kind="stable")] = np.arange(n_predicted)
    return np.lexsort([pairs[:, 0], -iou, rank[pairs[:, 1]]])
