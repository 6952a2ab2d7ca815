"""Matching: from the layers of many samples to the pairs that show the same place, by proposing and then proving."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from landseer.audit.candidates import Candidate, find_candidates
from landseer.audit.descriptor import find_landmarks
from landseer.audit.detail import Detail, compare
from landseer.audit.exhaustive import correlate_all
from landseer.audit.many import match_many
from landseer.audit.proof import Match, Matching, is_proof
from landseer.audit.register import least_significance, register
from landseer.audit.settings import SamePlaceConfig
from landseer.audit.shelf import LayerShelf
from landseer.core.parallel import parallel_map

FLAT_SHARE = 0.05
"""Contrast below this share of the data set's median counts as flat."""

HELD_UP_TO = 2000
"""Up to this many samples all details are held in memory and every proposed pair is proved."""


def match_layers(
    layers: Iterable[NDArray[np.float32]], config: SamePlaceConfig, *, workers: int | None = None
) -> tuple[list[Match], list[int]]:
    """Find the pairs of layers that show the same place at some shift; `match_places` also tells what was left out.

    Args:
        layers: (h, w) float32 each, at the working resolution; NaN where missing.
        config: how much agreement is asked for.
        workers: threads and processes; None takes one per processor.

    Returns:
        the pairs, sorted, and the positions of the samples without any detail, which can match nothing.
    """
    found = match_places(layers, config, workers=workers)
    return found.matches, found.blank


def match_places(
    layers: Iterable[NDArray[np.float32]], config: SamePlaceConfig, *, workers: int | None = None
) -> Matching:
    """Find the pairs of layers that show the same place at some shift.

    Up to `HELD_UP_TO` samples every proposal is proved. Above it details are packed into a temporary file (about
    1.2 bytes a working pixel), landmarks are compared within cells, and a proposal is left unproved when other pairs
    join its samples already, which leaves the groups as they are, or when both have failed `forest.MOST_FAILED` proofs.

    Args:
        layers: (h, w) float32 each, at the working resolution; NaN where missing. A sequence may make each when it is
            asked for (from threads; up to 1024 are asked for twice); anything else is put on disk first.
        config: how much agreement is asked for.
        workers: threads and processes; None takes one per processor.

    Source: own; see `register.agree_at` for the measure and `register.least_significance` for its threshold.
    """
    if not isinstance(layers, Sequence):
        shelf = LayerShelf(layers)
        try:
            return match_places(shelf, config, workers=workers)
        finally:
            shelf.close()
    if len(layers) <= HELD_UP_TO:
        return _match_held(list(layers), config, workers)
    return match_many(layers, config, flat_share=FLAT_SHARE, workers=workers)


def make_details(
    layers: Sequence[NDArray[np.float32]], *, workers: int | None = None
) -> list[Detail]:
    """Make layers comparable, with one measure of flatness for all of them."""
    return compare(layers, FLAT_SHARE, workers=workers)


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
        proposed = proposed + correlate_all([details], min_overlap=config.min_overlap)
    return proposed


def _match_held(
    layers: list[NDArray[np.float32]], config: SamePlaceConfig, workers: int | None
) -> Matching:
    """Match a set that fits into memory."""
    details = make_details(layers, workers=workers)
    blank = [n for n, detail in enumerate(details) if not detail.values.any()]
    if len(details) - len(blank) < 2:
        return Matching([], blank)
    side = max(max(layer.shape) for layer in layers)
    asked = least_significance(len(details), side, config.false_pairs)

    def prove(one: Candidate) -> Match:
        """Register one candidate."""
        return Match(one.a, one.b, register(details[one.a], details[one.b], one.row, one.col))

    proposed = propose(details, config)
    proven: dict[tuple[int, int], Match] = {}
    for match in parallel_map(prove, proposed, label="registering pairs", workers=workers):
        found, key = match.agreement, (match.a, match.b)
        better = key not in proven or found.significance > proven[key].agreement.significance
        if better and is_proof(found, config, asked):
            proven[key] = match
    return Matching([proven[key] for key in sorted(proven)], blank, len(proposed))
