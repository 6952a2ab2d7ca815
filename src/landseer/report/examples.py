"""Which samples are worth looking at: the worst, the best, and empty ones with most false alarms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from landseer.core.parallel import parallel_map
from landseer.metrics.evaluation import goodness
from landseer.raster.label import read_label
from landseer.report.judged import judge
from landseer.report.outcome import Outcome
from landseer.samples.schema import is_missing

_ENOUGH_SHARE = 0.001


@dataclass(frozen=True, slots=True)
class Examples:
    """Samples to look at.

    Attributes:
        worst: worst score first, of those with enough truth.
        best: best score first, of those with enough truth.
        alarms: most wrongly found pixels first, of those without truth.
        truth_px: pixels of all classes but 0, of every scored sample.
        least_share: share of the pixels that is enough truth; 0 where no sample has more.
    """

    worst: tuple[str, ...]
    best: tuple[str, ...]
    alarms: tuple[str, ...]
    truth_px: Mapping[str, int]
    least_share: float


def choose_examples(outcome: Outcome) -> Examples:
    """Choose samples by their cross-fitted scores.

    A sample of a few positive pixels scores near nothing whatever the model does: best and worst are taken among those
    where at least 0.1 % of the pixels are truth; where nothing is to be found, wrongly found pixels are counted.

    Edges: ties by name; where no sample has enough truth, any truth will do; with more than two classes all samples
        are ranked and there are no false alarms.
    """
    scores = {s: v for s, v in outcome.selection.samples.items() if math.isfinite(v)}
    truth_px = {sample: _truth_px(outcome, sample) for sample in sorted(scores)}
    two, n = len(outcome.classes) == 2, outcome.config.examples
    least = _ENOUGH_SHARE if two else 0.0
    ranked = _ranked(outcome, scores, truth_px, least) if two else sorted(scores)
    if two and not ranked:
        least = 0.0
        ranked = _ranked(outcome, scores, truth_px, least)
    metric = outcome.selection.metric
    ranked = sorted(ranked, key=lambda sample: (goodness(metric, scores[sample]), sample))
    n_worst = min(n, len(ranked) // 2)
    n_best = min(n, len(ranked) - n_worst)
    empty = [sample for sample, count in truth_px.items() if two and count == 0]
    return Examples(
        worst=tuple(ranked[:n_worst]),
        best=tuple(ranked[::-1][:n_best]),
        alarms=_alarms(outcome, empty, n) if n else (),
        truth_px=truth_px,
        least_share=least,
    )


def _ranked(
    outcome: Outcome, scores: Mapping[str, float], truth_px: Mapping[str, int], least: float
) -> list[str]:
    """Return the samples with more than this share of truth."""
    size = {
        row.sample: int(row.height) * int(row.width)
        for row in outcome.samples.itertuples()
        if row.sample in scores
    }
    return [s for s, count in truth_px.items() if count > 0 and count >= least * size[s]]


def _truth_px(outcome: Outcome, sample: str) -> int:
    """Count the pixels of all classes but 0: from the table where the audit counted them."""
    row = outcome.row(sample)
    columns = [f"class_{name}_pixels" for name in outcome.classes.names[1:]]
    if all(name in row.index and not is_missing(row[name]) for name in columns):
        return int(sum(row[name] for name in columns))
    if is_missing(row["label"]):
        return 0
    label = read_label(Path(row["label"]), outcome.classes)
    return int(np.count_nonzero((label > 0) & (label < len(outcome.classes))))


def _alarms(outcome: Outcome, empty: list[str], n: int) -> tuple[str, ...]:
    """Return the empty samples with most wrongly found pixels; none of those without any."""
    count = parallel_map(partial(_found_px, outcome), empty)
    found = {sample: px for sample, px in zip(empty, count, strict=True) if px > 0}
    return tuple(sorted(found, key=lambda sample: (-found[sample], sample))[:n])


def _found_px(outcome: Outcome, sample: str) -> int:
    """Count the pixels that were found where the truth is known."""
    judged = judge(outcome, sample)
    known = True if judged.truth is None else judged.truth < len(outcome.classes)
    return int(np.count_nonzero((judged.decision > 0) & known))
