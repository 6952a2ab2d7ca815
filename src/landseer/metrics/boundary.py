"""Boundary F1: whether the outlines of classes lie where they should, counted strip by strip."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import IGNORE
from landseer.errors import LabelError, UsageError

BoundaryCounts = NDArray[np.int64]
"""(..., C, 4) for each class: predicted boundary pixels near a true one, predicted ones, true ones near a predicted
one, true ones. Counts of strips, scenes and data sets may simply be added."""

N_FIELDS = 4

_BITS = 64
"""Classes that one word can mark."""


def boundary_pixels(classes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Mark the pixels on the boundary of their class: one of the four neighbours has another class.

    Args:
        classes: (h, w) class numbers; 255 has no boundary with anything.

    Returns:
        (h, w).

    Edges: the edge of the picture is no boundary.
    """
    marked = np.zeros(classes.shape, bool)
    known = classes != IGNORE
    for first, second in (
        (np.s_[1:], np.s_[:-1]),
        (np.s_[:, 1:], np.s_[:, :-1]),
    ):
        differ = (classes[first] != classes[second]) & known[first] & known[second]
        marked[first] |= differ
        marked[second] |= differ
    return marked


def boundary_counts(
    truth: NDArray[np.uint8],
    prediction: NDArray[np.uint8],
    n_classes: int,
    *,
    tolerance_px: float,
    rows: slice = np.s_[:],
) -> BoundaryCounts:
    """Count boundary pixels of each class, and those of them that the other side has nearby.

    Args:
        truth: (h, w) class numbers; 255 is not judged.
        prediction: (h, w) class numbers; may be anything where the truth is 255.
        n_classes: number of classes.
        tolerance_px: greatest distance between the centres of two boundary pixels that agree.
        rows: rows that are counted; those around them are looked at only.

    Returns:
        (C, 4) int64.

    Raises:
        LabelError: the shapes differ, or a class number that counts is not below `n_classes`.

    Edges: boundary pixels no farther than the tolerance from an ignored one do not count, since what they should agree
        with may be hidden there; they still prove that others agree. At the edge of the picture all count.

    Source: Csurka, Larlus and Perronnin 2013, doi:10.5244/C.27.32; boundaries of pixels that are ignored: own.
    """
    n_used = _check(truth, prediction, n_classes)
    ignored = truth == IGNORE
    prediction = np.where(ignored, np.uint8(IGNORE), prediction)
    judged = ~_near(ignored, tolerance_px) if ignored.any() else ~ignored
    edges = [boundary_pixels(classes) for classes in (prediction, truth)]
    counts = np.zeros((n_classes, N_FIELDS), np.int64)
    for first in range(0, n_used, _BITS):
        sides = [
            _marks(classes, edge, first, n_used)
            for classes, edge in zip((prediction, truth), edges, strict=True)
        ]
        for own, classes in enumerate((prediction, truth)):
            total = (judged & (sides[own] != 0))[rows]
            hits = total & ((_near(sides[1 - own], tolerance_px) & sides[own]) != 0)[rows]
            for field, chosen in ((2 * own, hits), (2 * own + 1, total)):
                counts[:, field] += np.bincount(classes[rows][chosen], minlength=n_classes)
    return counts


class BoundaryCounter:
    """Counts boundaries of a scene that comes in strips from top to bottom; the sum equals that of one pass.

    Args:
        n_classes: number of classes.
        tolerance_px: as of `boundary_counts`.
    """

    def __init__(self, n_classes: int, tolerance_px: float) -> None:
        self.n_classes, self.tolerance_px = n_classes, tolerance_px
        self.counts: BoundaryCounts = np.zeros((n_classes, N_FIELDS), np.int64)
        self._margin = margin_px(tolerance_px)
        self._held: NDArray[np.uint8] | None = None
        self._start = 0

    def add(self, truth: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> None:
        """Take the next strip: (h, w) class numbers of any height, as of `boundary_counts`."""
        strip = np.stack([truth, prediction])
        held = strip if self._held is None else np.concatenate([self._held, strip], axis=1)
        self._held = held
        if held.shape[1] - self._margin > self._start:
            self._count(held, held.shape[1] - self._margin)

    def finish(self) -> BoundaryCounts:
        """Count what is left below the last strip; return (C, 4)."""
        if self._held is not None:
            self._count(self._held, self._held.shape[1])
        return self.counts

    def _count(self, held: NDArray[np.uint8], stop: int) -> None:
        """Count the rows up to `stop` and forget what no later row needs."""
        rows = slice(self._start, stop)
        self.counts += boundary_counts(
            held[0], held[1], self.n_classes, tolerance_px=self.tolerance_px, rows=rows
        )
        first = max(0, stop - self._margin)
        self._held, self._start = held[:, first:].copy(), stop - first


def margin_px(tolerance_px: float) -> int:
    """Return how many rows around a strip its boundary counts depend on."""
    if not (math.isfinite(tolerance_px) and tolerance_px >= 0):
        raise UsageError(
            f"expected a tolerance of 0 pixels or more; got {tolerance_px}", where="tolerance_px"
        )
    return math.floor(tolerance_px) + 1


def boundary_scores(
    counts: BoundaryCounts, class_names: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    """Score boundary counts of one or many scenes at once.

    Args:
        counts: (..., C, 4).
        class_names: C names, background first.

    Returns:
        `boundary_f1_NAME`, `boundary_precision_NAME` and `boundary_recall_NAME`; `boundary_f1_macro`, the mean over all
        classes, and `boundary_f1_foreground`, without the first one: arrays of shape (...), 0 to 1.

    Edges: as of `matched_scores`. Means leave NaN out.
    """
    by_kind = matched_scores(counts)
    found = {
        f"boundary_{kind}_{name}": values[..., number]
        for kind, values in by_kind.items()
        for number, name in enumerate(class_names)
    }
    f1 = by_kind["f1"]
    return found | {
        "boundary_f1_macro": _mean(f1),
        "boundary_f1_foreground": _mean(f1[..., 1:]),
    }


def matched_scores(counts: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Score what was predicted and what is true, each with the number that the other side agrees with.

    Args:
        counts: (..., 4): predicted and right, predicted, true and found, true.

    Returns:
        `f1`, `precision` and `recall`, of shape (...), 0 to 1.

    Edges: 0/0 is NaN, and F1 where neither side has anything; F1 is 0 where one side alone has.
    """
    right, predicted, found, true = np.moveaxis(np.asarray(counts, np.float64), -1, 0)
    precision, recall = _divide(right, predicted), _divide(found, true)
    product = np.nan_to_num(precision) * np.nan_to_num(recall)
    f1 = 2 * _divide(product, np.nan_to_num(precision) + np.nan_to_num(recall))
    is_zero = np.isnan(f1) & (predicted + true > 0)
    return {"f1": np.where(is_zero, 0.0, f1), "precision": precision, "recall": recall}


def _check(truth: NDArray[np.uint8], prediction: NDArray[np.uint8], n_classes: int) -> int:
    """Refuse shapes that differ and class numbers outside the table; return how many are used, from 0 on."""
    if truth.shape != prediction.shape:
        raise LabelError(
            f"expected a prediction of shape {truth.shape}; got {prediction.shape}",
            do="compare rasters of the same grid",
        )
    known, n_used = truth != IGNORE, 0
    for name, classes in (("label", truth), ("prediction", prediction)):
        highest = int(classes.max(initial=0, where=known))
        if highest >= n_classes:
            raise LabelError(
                f"expected class numbers 0 to {n_classes - 1} in the {name}; got {highest}",
                do="check the class table against the files",
            )
        n_used = max(n_used, highest + 1)
    return n_used


def _marks(
    classes: NDArray[np.uint8], edge: NDArray[np.bool_], first: int, n_classes: int
) -> NDArray[np.unsignedinteger]:
    """Write into each boundary pixel the bit of its class, counted from `first`; 0 elsewhere."""
    n_bits = min(_BITS, n_classes - first)
    word = next(
        w for w in (np.uint8, np.uint16, np.uint32, np.uint64) if np.iinfo(w).bits >= n_bits
    )
    table = np.zeros(256, word)
    table[first : first + n_bits] = np.left_shift(word(1), np.arange(n_bits, dtype=word))
    return np.where(edge, table[classes], word(0))


def _near(
    marks: NDArray[np.unsignedinteger] | NDArray[np.bool_], tolerance_px: float
) -> NDArray[np.unsignedinteger]:
    """Unite the marks of all pixels within a distance: a dilation by a disc, row by row, of all bits at once."""
    reach = math.floor(tolerance_px)
    found = np.zeros_like(marks)
    wide, width = marks.copy(), 0
    for row in range(reach, -1, -1):
        wanted = math.isqrt(math.floor(tolerance_px**2 - row**2))
        while width < wanted:
            width += 1
            wide[:, width:] |= marks[:, :-width]
            wide[:, :-width] |= marks[:, width:]
        if row < len(marks):
            found[row:] |= wide[: len(marks) - row]
            found[: len(marks) - row] |= wide[row:]
    return found


def _divide(
    numerator: NDArray[np.float64], denominator: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Divide, with NaN for a denominator of 0."""
    nan = np.full(np.shape(denominator), np.nan)
    return np.divide(numerator, denominator, out=nan, where=denominator > 0)


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average over the last axis without NaN; NaN where nothing is left."""
    known = ~np.isnan(values)
    return _divide(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1).astype(float))
