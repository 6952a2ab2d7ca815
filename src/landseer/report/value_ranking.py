"""Which samples of a real-valued target are worth looking at: the worst and the best."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.metrics.evaluation import goodness
from landseer.metrics.regression import FIELDS
from landseer.report.measured import Measured
from landseer.report.parts import number

_ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class Ranking:
    """Samples to look at.

    Attributes:
        worst: the worst first.
        best: the best first.
        said: how they were chosen, in words.
    """

    worst: tuple[str, ...]
    best: tuple[str, ...]
    said: str


def rank_samples(measured: Measured, target: str, metric: str, n: int) -> Ranking:
    """Choose the worst and the best samples of a target.

    They are ranked by the score that decides where it is one of real values and its target is the first that is drawn,
    else by R2. A sample that is nearly flat scores next to nothing whatever the model does: by R2 only samples are
    ranked whose reference spreads at least half as much as that of the middle one.

    Args:
        measured: what was counted.
        target: a dense target.
        metric: the score that decides.
        n: most samples of each kind; no sample is of both.

    Edges: ties by name; samples whose score is undefined are left out.
    """
    decides = measured.decides and target == measured.drawn[0]
    by = metric if decides else f"{target}_r2"
    spread = spreads(measured, target)
    by_spread = "r2" in by and bool(np.isfinite(spread).any())
    least = _ENOUGH * float(np.nanmedian(spread)) if by_spread else 0.0
    scores = {
        sample: goodness(by, measured.scores(sample)[by])
        for sample, own in zip(measured.held.samples, spread, strict=True)
        if own >= least
    }
    ranked = sorted((s for s in scores if math.isfinite(scores[s])), key=lambda s: (scores[s], s))
    n_worst = min(n, len(ranked) // 2)
    said = f"By {by} of each sample"
    if by_spread:
        unit = measured.unit(target)
        said += f", of those whose {target} spreads by at least {number(least, 2)} {unit}".rstrip()
    best = ranked[::-1][: min(n, len(ranked) - n_worst)]
    return Ranking(tuple(ranked[:n_worst]), tuple(best), f"{said}.")


def spreads(measured: Measured, target: str) -> NDArray[np.float64]:
    """Return how much each sample's reference spreads, (n,) standard deviations; NaN without any."""
    pieces = np.stack([measured.evaluation.piece(row, target) for row in measured.counts])
    sums = dict(zip(FIELDS, np.moveaxis(pieces.sum(axis=1), -1, 0), strict=True))
    n = np.where(sums["n"] > 0, sums["n"], np.nan)
    variance = sums["sum_y2"] / n - (sums["sum_y"] / n) ** 2
    return np.asarray(np.sqrt(np.maximum(variance, 0)))
