"""Matching: from the layers of many samples to the pairs that show the same place, by proposing and then proving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.audit.candidates import Candidate, find_candidates
from landseer.audit.descriptor import find_landmarks
from landseer.audit.detail import Detail, band_pass, equalise
from landseer.audit.exhaustive import correlate_all
from landseer.audit.register import Agreement, least_significance, register
from landseer.audit.settings import SamePlaceConfig
from landseer.core.parallel import parallel_map

FLAT_SHARE = 0.05
"""Contrast below this share of the data set's median counts as flat."""


@dataclass(frozen=True, slots=True)
class Match:
    """Two samples (positions a < b) that show the same place, and how well they agree."""

    a: int
    b: int
    agreement: Agreement


def match_layers(
    layers: Sequence[NDArray[np.float32]], config: SamePlaceConfig, *, workers: int | None = None
) -> tuple[list[Match], list[int]]:
    """Find the pairs of layers that show the same place at some shift.

    Args:
        layers: (h, w) float32 each, at the working resolution; NaN where missing.
        config: how much agreement is asked for.

    Returns:
        the pairs, sorted, and the positions of the samples without any detail, which can match nothing.

    Source: own; see `register.agree_at` for the measure and `register.least_significance` for its threshold.
    """
    details = make_details(layers, workers=workers)
    blank = [n for n, detail in enumerate(details) if not detail.values.any()]
    if len(details) - len(blank) < 2:
        return [], blank
    asked = least_significance(
        len(details), max(max(layer.shape) for layer in layers), config.false_pairs
    )

    def prove(one: Candidate) -> Match:
        """Register one candidate."""
        return Match(one.a, one.b, register(details[one.a], details[one.b], one.row, one.col))

    proposed = propose(details, config)
    proven: dict[tuple[int, int], Match] = {}
    for match in parallel_map(prove, proposed, label="registering pairs", workers=workers):
        found, key = match.agreement, (match.a, match.b)
        better = key not in proven or found.significance > proven[key].agreement.significance
        if better and _is_proof(found, config, asked):
            proven[key] = match
    return [proven[key] for key in sorted(proven)], blank


def make_details(
    layers: Sequence[NDArray[np.float32]], *, workers: int | None = None
) -> list[Detail]:
    """Make layers comparable, with one measure of flatness for all of them."""
    passed = list(parallel_map(band_pass, layers, workers=workers))
    contrast = np.array([values.std() for values, _ in passed])
    typical = float(np.median(contrast[contrast > 0])) if (contrast > 0).any() else 1.0
    return list(
        parallel_map(lambda one: equalise(*one, FLAT_SHARE * typical), passed, workers=workers)
    )


def propose(details: Sequence[Detail], config: SamePlaceConfig) -> list[Candidate]:
    """Propose pairs by their landmarks and, where the set is small enough, by correlating all pairs."""
    landmarks = [find_landmarks(detail, config.landmarks) for detail in details]
    proposed = find_candidates(
        landmarks,
        likeness=config.likeness,
        neighbours=config.neighbours,
        votes=config.votes,
        most_per_sample=config.candidates_per_sample,
    )
    if len(details) <= config.exhaustive_up_to:
        proposed = proposed + correlate_all(details, min_overlap=config.min_overlap)
    return proposed


def _is_proof(found: Agreement, config: SamePlaceConfig, asked: float) -> bool:
    """Tell whether an agreement is large, strong and significant enough."""
    return (
        found.overlap >= config.min_overlap
        and found.agreement >= config.min_agreement
        and found.significance >= asked
    )
