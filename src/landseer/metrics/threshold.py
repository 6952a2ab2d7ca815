"""Choosing a threshold from its curve, and scoring the choice on samples that took no part in it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.errors import DataError, UsageError
from landseer.metrics.histogram import ThresholdCounts
from landseer.metrics.scores import score, score_names, scores


def curve(counts: ThresholdCounts, metric: str) -> NDArray[np.float64]:
    """Return the pooled score at each of `counts.thresholds`; NaN where it is undefined.

    Raises:
        UsageError: the metric is none of `score_names(counts.names)`.
    """
    known = score_names(counts.names)
    if metric not in known:
        raise UsageError(f"expected one of the metrics {', '.join(known)}; got {metric!r}")
    return scores(counts.confusions(), counts.names)[metric]


def best_threshold(
    counts: ThresholdCounts, metric: str, *, tolerance: float = 1e-12
) -> tuple[float, float]:
    """Return the threshold with the highest pooled score, and that score.

    Edges: the best scores often form a plateau (no pixel between two thresholds): the centre of the longest
        plateau is taken, of equally long ones that nearest to 0.5, then the lower; of an even plateau the
        lower of the two middle thresholds.

    Args:
        counts: histograms of the samples to choose on.
        metric: one of `score_names(counts.names)`.
        tolerance: how far below the highest score still belongs to the plateau.

    Raises:
        DataError: the samples have no positive or no negative pixel, so that no threshold can be chosen.
    """
    if not counts.counts.sum(axis=(0, 2)).all():
        raise DataError(
            f"expected pixels of both {counts.names[0]} and {counts.names[1]}; got only one of them",
            do="choose the threshold on more samples",
        )
    values = curve(counts, metric)
    highest = np.nanmax(values)
    position = _plateau_centre(values >= highest - tolerance, counts.thresholds)
    return float(counts.thresholds[position]), float(values[position])


def _plateau_centre(is_best: NDArray[np.bool_], thresholds: NDArray[np.float64]) -> int:
    """Return the centre of the longest run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_best.astype(np.int8), [0]])))
    starts, ends = edges[::2], edges[1::2]
    centres = (starts + ends - 1) // 2
    order = sorted(
        range(len(starts)),
        key=lambda run: (starts[run] - ends[run], abs(thresholds[centres[run]] - 0.5), run),
    )
    return int(centres[order[0]])


@dataclass(frozen=True)
class CrossFit:
    """What cross-fitting gives.

    Attributes:
        score: pooled score, every sample at the threshold that the other folds chose.
        thresholds: the threshold used on each fold.
        matrix: the pooled (2, 2) confusion behind the score.
        names: names of the negative and the positive class.
    """

    score: float
    thresholds: dict[Hashable, float]
    matrix: NDArray[np.int64]
    names: tuple[str, str]

    def scores(self) -> dict[str, float]:
        """Return all scores of the pooled matrix."""
        return score(self.matrix, self.names)


def cross_fit(counts_by_fold: Mapping[Hashable, ThresholdCounts], metric: str) -> CrossFit:
    """Score threshold selection honestly: each fold at the threshold chosen on all the others.

    Choosing and scoring on the same samples flatters the score; here no sample helps to choose its own
    threshold.

    Args:
        counts_by_fold: histograms of the out-of-fold predictions of each fold; at least two folds.
        metric: one of `score_names(names)`.

    Raises:
        DataError: fewer than two folds, or the other folds lack positive or negative pixels.

    Source: own; cross-fitting after Chernozhukov et al. 2018, doi:10.1111/ectj.12097.
    """
    if len(counts_by_fold) < 2:
        raise DataError(f"expected at least two folds to cross-fit; got {len(counts_by_fold)}")
    pooled = {
        fold: counts.counts.sum(axis=0, dtype=np.int64) for fold, counts in counts_by_fold.items()
    }
    total = np.sum(list(pooled.values()), axis=0)
    names = next(iter(counts_by_fold.values())).names
    chosen: dict[Hashable, float] = {}
    matrix = np.zeros((2, 2), np.int64)
    for fold, counts in counts_by_fold.items():
        others = ThresholdCounts(("others",), (total - pooled[fold])[None], names)
        chosen[fold], _ = best_threshold(others, metric)
        matrix += counts.confusion(chosen[fold])
    return CrossFit(score(matrix, names)[metric], chosen, matrix, names)
