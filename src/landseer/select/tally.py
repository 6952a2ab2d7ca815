"""The counts of all candidates: part sums of every one, sample by sample for those that need it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from landseer.metrics.confusion import Matrix
from landseer.select.config import SelectConfig
from landseer.select.counts import Shares, Trial, count_samples
from landseer.select.crossfit import Candidate, Judge
from landseer.select.judged import Judged


@dataclass(frozen=True)
class Tally:
    """Counts by candidate.

    Attributes:
        part_sums: (parts, options, C, C) of every candidate.
        kept: (n, options, C, C) of those kept sample by sample.
    """

    part_sums: dict[Candidate, Matrix] = field(default_factory=dict)
    kept: dict[Candidate, Matrix] = field(default_factory=dict)


def count_all(
    judged: Judged, judge: Judge, shares: Sequence[Shares], config: SelectConfig
) -> Tally:
    """Count every share under every set of symmetries; keep the first share sample by sample."""
    tally = Tally()
    for tta in judged.oof:
        _count(tally, judged, judge, tta, shares, 1, config)
    return tally


def keep_samples(
    tally: Tally, judged: Judged, judge: Judge, wanted: Iterable[Candidate], config: SelectConfig
) -> None:
    """Count again, sample by sample, the candidates that were only summed so far."""
    missing = sorted({c for c in wanted if c not in tally.kept}, key=lambda c: (c.tta, c.shares))
    for tta, candidates in groupby(missing, key=lambda candidate: candidate.tta):
        shares = [candidate.shares for candidate in candidates]
        _count(tally, judged, judge, tta, shares, len(shares), config)


def _count(
    tally: Tally,
    judged: Judged,
    judge: Judge,
    tta: str,
    shares: Sequence[Shares],
    n_kept: int,
    config: SelectConfig,
) -> None:
    """Stream the samples once."""
    trial = Trial(judge.classes, tuple(shares), judge.options, hard=config.vote == "hard")
    n_classes, n_options = len(judge.classes), len(judge.options)
    sums = np.zeros((len(shares), judge.n_parts, n_options, n_classes, n_classes), np.int64)
    kept = np.zeros((n_kept, len(judge.parts), n_options, n_classes, n_classes), np.int64)
    stream = count_samples(judged.scored(tta), trial, label=f"select {tta}", workers=config.workers)
    for i, counts in enumerate(stream):
        sums[:, judge.parts[i]] += counts
        kept[:, i] = counts[:n_kept]
    for j, share in enumerate(shares):
        tally.part_sums[Candidate(tta, share)] = sums[j]
        if j < n_kept:
            tally.kept[Candidate(tta, share)] = kept[j]
