"""What one scene adds to the scores of maps: pixels, boundaries and objects, counted strip by strip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import IGNORE, UNKNOWN
from landseer.metrics.boundary import N_FIELDS, BoundaryCounter, BoundaryCounts
from landseer.metrics.confusion import Matrix, confusion_matrix
from landseer.metrics.objects import ObjectCounts, match_objects
from landseer.metrics.objects_raster import ObjectCounter

MOST_CLASSES = UNKNOWN
"""Class numbers that a map may hold."""

PIXELS_AT_ONCE = 2_000_000
"""Pixels that are counted in one go."""


@dataclass(frozen=True, slots=True)
class MapRules:
    """What is counted besides pixels, and how.

    Attributes:
        tolerance_px: how far apart boundaries may lie and still agree; None leaves boundaries out.
        object_classes: numbers of the classes whose connected pixels are objects.
        min_iou: smallest intersection over union of two objects that match.
        min_area_px: smaller objects are left out, predicted or true.
        connectivity: which neighbours belong to one object.
    """

    tolerance_px: float | None = 2.0
    object_classes: tuple[int, ...] = ()
    min_iou: float = 0.5
    min_area_px: float = 0.0
    connectivity: Literal[4, 8] = 8


@dataclass(frozen=True, slots=True)
class MapCounts:
    """Counts of a scene, or their sum.

    Attributes:
        pixels: (C, C) row = truth, column = prediction.
        boundary: (C, 4), as of `boundary_counts`; zeros where boundaries are left out.
        objects: (K, 3), as of `match_objects`, for each object class.
        n_outside: pixels that the prediction marks as outside the data; they count as class 0.
    """

    pixels: Matrix
    boundary: BoundaryCounts
    objects: ObjectCounts
    n_outside: int = 0

    @property
    def n_classes(self) -> int:
        """How many classes there is room for."""
        return len(self.pixels)

    def with_classes(self, size: int) -> MapCounts:
        """Give it room for more classes, or take room that is empty away."""
        kept = min(size, self.n_classes)
        pixels, boundary = np.zeros((size, size), np.int64), np.zeros((size, N_FIELDS), np.int64)
        pixels[:kept, :kept] = self.pixels[:kept, :kept]
        boundary[:kept] = self.boundary[:kept]
        return MapCounts(pixels, boundary, self.objects, self.n_outside)


class SceneCounter:
    """Counts a scene that comes in strips from top to bottom; strips of any height give the same counts.

    Args:
        rules: what is counted.
        n_classes: number of classes; None takes as many as are found.
    """

    def __init__(self, rules: MapRules, n_classes: int | None = None) -> None:
        self._rules, self._n_given = rules, n_classes
        size = n_classes or MOST_CLASSES
        self._pixels = np.zeros((size, size), np.int64)
        tolerance = rules.tolerance_px
        self._boundary = None if tolerance is None else BoundaryCounter(size, tolerance)
        self._objects = [ObjectCounter(rules.connectivity) for _ in rules.object_classes]
        self._n_outside = 0

    def add(
        self,
        truth: NDArray[np.uint8],
        prediction: NDArray[np.uint8],
        numbers: NDArray[np.integer] | None = None,
    ) -> None:
        """Take the next strip.

        Args:
            truth: (h, w) class numbers; 255 is not judged.
            prediction: (h, w) class numbers; 255 is outside the data and counts as class 0.
            numbers: (h, w) numbers of the true objects, 0 for none, where they are known better than by connection.

        Raises:
            LabelError: the shapes differ, or a class number that counts is too high.
        """
        step = max(1, PIXELS_AT_ONCE // max(1, truth.shape[1]))
        for row in range(0, len(truth), step):
            rows = slice(row, row + step)
            self._add(truth[rows], prediction[rows], None if numbers is None else numbers[rows])

    def finish(self) -> MapCounts:
        """Return the counts of the whole scene."""
        size = len(self._pixels)
        empty = np.zeros((size, N_FIELDS), np.int64)
        rules = self._rules
        matched = [
            match_objects(objects.finish(), min_iou=rules.min_iou, min_area=rules.min_area_px)
            for objects in self._objects
        ]
        counts = MapCounts(
            self._pixels,
            empty if self._boundary is None else self._boundary.finish(),
            np.array(matched, np.int64).reshape(-1, 3),
            self._n_outside,
        )
        return counts if self._n_given else counts.with_classes(_n_found(self._pixels))

    def _add(
        self,
        truth: NDArray[np.uint8],
        prediction: NDArray[np.uint8],
        numbers: NDArray[np.integer] | None,
    ) -> None:
        """Count one piece."""
        ignored = truth == IGNORE
        outside = prediction == IGNORE
        self._n_outside += int((outside & ~ignored).sum())
        prediction = np.where(outside, np.uint8(0), prediction)
        self._pixels += confusion_matrix(truth, prediction, len(self._pixels))
        if self._boundary is not None:
            self._boundary.add(truth, prediction)
        for number, objects in zip(self._rules.object_classes, self._objects, strict=True):
            is_true = truth == number
            true = is_true if numbers is None else np.where(is_true, numbers, 0)
            objects.add(true, prediction == number, ignored)


def _n_found(pixels: Matrix) -> int:
    """Return how many classes there are from 0 to the highest that occurs; two at least."""
    found = np.flatnonzero(pixels.any(axis=0) | pixels.any(axis=1))
    return max(2, int(found.max(initial=1)) + 1)
