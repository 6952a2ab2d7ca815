"""Sums of real-valued predictions against their reference, from which pooled R2, RMSE, MAE and bias follow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from landseer.errors import LabelError

FIELDS = ("n", "sum_y", "sum_y2", "sse", "sum_abs", "sum_err", "n_missing")
"""What the last axis of sums holds: pixels compared; reference, its square, squared, absolute and signed error added
up over them (error = prediction - reference); pixels that have a reference and no prediction."""

HEIGHT_EDGES_M = (0.0, 2.0, 5.0, 10.0, 20.0, 40.0, math.inf)
"""Edges of the height classes, m."""

SCORES = ("r2", "rmse", "mae", "bias")
"""The figures that `value_scores` gives beside the counts."""

Sums = NDArray[np.float64]
"""(bins, 7) float64, or (..., bins, 7) of several samples: the fields of `FIELDS` per class of the reference."""

_PIXELS_AT_ONCE = 1 << 16
_UNRESOLVED = 1e-13


def value_sums(
    truth: ArrayLike,
    prediction: ArrayLike,
    edges: Sequence[float] | None = HEIGHT_EDGES_M,
    *,
    shift: float = 0.0,
) -> Sums:
    """Add up what scores of a real-valued prediction need; sums of several samples may simply be added.

    Args:
        truth: reference, any shape and unit; NaN where there is none, which does not count.
        prediction: same shape and unit.
        edges: ascending; class i holds references from `edges[i]` up to, not including, `edges[i + 1]`. None makes
            one class of all.
        shift: a constant near the mean of the reference, taken from it before it is added up; the same for all sums
            that are to be added. Needed only where the reference spreads by less than a thousandth of its level.

    Returns:
        (bins, 7), fields as in `FIELDS`. Scores do not depend on the shift.

    Raises:
        LabelError: the shapes differ, or a reference is infinite.

    Edges: references below the first edge count in the first class, those at or above the last one in the last class;
        a prediction that is NaN or infinite counts as missing and in no other field.

    Source: own; float64, in blocks of 65 536 pixels, so that the error of a sum stays near 1e-15 of it.
    """
    y, p = np.asarray(truth), np.asarray(prediction)
    if y.shape != p.shape:
        raise LabelError(
            f"expected a prediction of shape {y.shape}; got {p.shape}",
            do="compare rasters of the same grid",
        )
    inner = _inner_edges(edges)
    sums = np.zeros((len(inner) + 1, len(FIELDS)))
    y, p = y.ravel(), p.ravel()
    for start in range(0, y.size, _PIXELS_AT_ONCE):
        block = slice(start, start + _PIXELS_AT_ONCE)
        sums += _block_sums(y[block].astype(float), p[block].astype(float), inner, shift)
    return sums


def value_scores(sums: ArrayLike, *, leave_out_missing: bool = False) -> dict[str, float]:
    """Score sums, those of all samples and classes pooled.

    Args:
        sums: (..., 7), fields as in `FIELDS`.
        leave_out_missing: whether pixels without a prediction are left out; otherwise a single one makes all scores
            NaN, because a score over the other pixels says nothing of those.

    Returns:
        `r2` = 1 - SSE / sum((y - mean y)^2), `rmse`, `mae`, `bias` (mean of prediction - reference) in the unit of
        the values; and the counts `n` and `n_missing`.

    Edges: without pixels all are NaN; `r2` is NaN where the reference is constant, or spreads by less than 3e-7 of its
        distance from the shift, which sums in float64 cannot tell from constant.
    """
    pooled = np.asarray(sums, float).reshape(-1, len(FIELDS)).sum(axis=0)
    return {name: float(value) for name, value in _scores(pooled, leave_out_missing).items()}


def binned_scores(sums: ArrayLike, *, leave_out_missing: bool = False) -> dict[str, Sums]:
    """Score sums, those of all samples pooled, each class of the reference by itself.

    Args:
        sums: (..., bins, 7).
        leave_out_missing: as for `value_scores`.

    Returns:
        The figures of `value_scores`, each of shape (bins,).

    Edges: within a class the reference spreads little, so that `r2` is low, or far below 0, where RMSE is small.
    """
    array = np.asarray(sums, float)
    return _scores(array.reshape(-1, *array.shape[-2:]).sum(axis=0), leave_out_missing)


def bin_names(edges: Sequence[float] = HEIGHT_EDGES_M, unit: str = "m") -> tuple[str, ...]:
    """Name the classes between edges for people, such as `2 to 5 m` and `40 m or more`."""
    _inner_edges(edges)
    end = f" {unit}" if unit else ""
    return tuple(
        f"{low:g}{end} or more" if math.isinf(high) else f"{low:g} to {high:g}{end}"
        for low, high in pairwise(edges)
    )


def _inner_edges(edges: Sequence[float] | None) -> NDArray[np.float64]:
    """Return the edges between classes; refuse such as are not ascending."""
    if edges is None:
        return np.empty(0)
    array = np.asarray(edges, float)
    if len(array) < 2 or not (np.diff(array) > 0).all():
        raise ValueError(f"expected at least two ascending edges; got {tuple(edges)}")
    return array[1:-1]


def _block_sums(
    y: NDArray[np.float64], p: NDArray[np.float64], inner: NDArray[np.float64], shift: float
) -> Sums:
    """Add up one block of pixels."""
    known = ~np.isnan(y)
    y, p = y[known], p[known]
    if np.isinf(y).any():
        raise LabelError(
            "expected a finite reference, NaN where there is none; got infinite values"
        )
    bins = np.searchsorted(inner, y, side="right")
    found = np.isfinite(p)
    n_bins = len(inner) + 1
    n_missing = np.bincount(bins[~found], minlength=n_bins)
    y, p, bins = y[found], p[found], bins[found]
    error, y = p - y, y - shift
    added = [np.bincount(bins, part, n_bins) for part in (y, y**2, error**2, abs(error), error)]
    return np.stack([np.bincount(bins, minlength=n_bins), *added, n_missing], axis=-1)


def _scores(sums: Sums, leave_out_missing: bool) -> dict[str, Sums]:
    """Score (..., 7) sums, each by itself."""
    n, sum_y, sum_y2, sse, sum_abs, sum_err, n_missing = np.moveaxis(sums, -1, 0)
    counted = n if leave_out_missing else np.where(n_missing > 0, 0, n)
    spread = sum_y2 - _divide(sum_y**2, counted)
    spread = np.where(spread > _UNRESOLVED * sum_y2, spread, 0)
    return {
        "r2": 1 - _divide(sse, spread),
        "rmse": np.sqrt(_divide(sse, counted)),
        "mae": _divide(sum_abs, counted),
        "bias": _divide(sum_err, counted),
        "n": n,
        "n_missing": n_missing,
    }


def _divide(numerator: Sums, denominator: Sums) -> Sums:
    """Divide, with NaN for a denominator of 0."""
    nan = np.full(np.shape(denominator), np.nan)
    return np.divide(numerator, denominator, out=nan, where=denominator > 0)
