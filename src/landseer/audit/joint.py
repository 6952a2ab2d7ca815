"""Joint matching: the pairs that show the same place when every pair is compared and all layers have their say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from landseer.audit.candidates import Candidate
from landseer.audit.detail import Detail, compare
from landseer.audit.evidence import (
    Evidence,
    Scale,
    find_evidence,
    is_contradicted,
    measure_chance,
    shared_area,
)
from landseer.audit.exhaustive import correlate_all
from landseer.audit.mosaic import Link, lay_out
from landseer.audit.register import least_significance
from landseer.audit.settings import SamePlaceConfig
from landseer.core.parallel import parallel_map

IMPLIED = 3.5
"""Significance asked of a pair whose shift follows from proven ones: it is tried at one place alone."""

_MOST_IMPLIED = 300


def match_jointly(
    layers: Sequence[Sequence[NDArray[np.float32]]],
    flat_shares: Sequence[float],
    config: SamePlaceConfig,
    *,
    steady: Sequence[bool] = (),
    workers: int | None = None,
) -> tuple[dict[tuple[int, int], Evidence], list[list[int]]]:
    """Find the pairs of samples that show the same place at some shift, by comparing all of them.

    Args:
        layers: per layer one (h, w) float32 per sample at the working resolution; NaN where missing.
        flat_shares: per layer the contrast, as a share of the set's median, below which a place counts as flat.
        config: how much agreement is asked for.
        steady: per layer whether the ground keeps it from date to date, so that it may speak against a pair.
        workers: threads; None takes one per processor.

    Returns:
        (a, b) with a < b -> evidence, sorted; and per layer the positions of the samples without any detail in it.

    Source: own; see `exhaustive.correlate_all` for the proposals and `evidence` for the proof.
    """
    details = [
        compare(layer, share, workers=workers)
        for layer, share in zip(layers, flat_shares, strict=True)
    ]
    blank = [[n for n, one in enumerate(layer) if not one.values.any()] for layer in details]
    if all(len(layer) - len(none) < 2 for layer, none in zip(details, blank, strict=True)):
        return {}, blank
    scale = measure_chance(details, min_overlap=config.min_overlap)
    proposed = correlate_all(details, min_overlap=config.min_overlap, workers=workers)
    weighed = weigh_all(details, proposed, scale, workers=workers)
    asked = _asked(details, config)
    steady = steady or [False] * len(details)
    proven = {
        key: one
        for key, one in weighed.items()
        if _is_proof(one, config, asked)
        and not is_contradicted(details, *key, (one.row, one.col), steady)
    }
    implied = _implied(proven, details, config.min_overlap)
    for key, one in weigh_all(details, implied, scale, workers=workers).items():
        if one.significance >= IMPLIED and one.overlap >= config.min_overlap:
            proven[key] = one
    return {key: proven[key] for key in sorted(proven)}, blank


def _implied(
    proven: Mapping[tuple[int, int], Evidence],
    details: Sequence[Sequence[Detail]],
    min_overlap: float,
) -> list[Candidate]:
    """Propose the pairs that chains of proven ones imply: their shift is known, so little evidence is enough."""
    links = [
        Link(f"{a:09d}", f"{b:09d}", one.significance, (one.row, one.col))
        for (a, b), one in proven.items()
    ]
    parts: dict[str, list[tuple[int, tuple[int, int]]]] = defaultdict(list)
    for name, (root, place) in lay_out(links, tolerance_px=0).places.items():
        parts[root].append((int(name), place))
    found = []
    for root in sorted(parts):
        for (a, one), (b, two) in combinations(sorted(parts[root])[:_MOST_IMPLIED], 2):
            shift = (two[0] - one[0], two[1] - one[1])
            shapes = details[0][a].values.shape, details[0][b].values.shape
            if (a, b) not in proven and shared_area(*shapes, shift) >= min_overlap:
                found.append(Candidate(a, b, *shift, 0))
    return found


def weigh_all(
    details: Sequence[Sequence[Detail]],
    proposed: Sequence[Candidate],
    scale: Scale,
    *,
    workers: int | None = None,
) -> dict[tuple[int, int], Evidence]:
    """Find the best evidence of each proposed pair.

    Args:
        details: per layer one detail per sample.
        proposed: pairs and shifts; a pair may come with several.
        scale: what chance does.
        workers: threads.

    Returns:
        (a, b) -> its strongest evidence, sorted by pair.
    """

    def weigh(one: Candidate) -> Evidence:
        """Look around one proposed shift."""
        return find_evidence(details, one.a, one.b, (one.row, one.col), scale)

    best: dict[tuple[int, int], Evidence] = {}
    weighed = parallel_map(weigh, proposed, label="weighing evidence", workers=workers)
    for one, found in zip(proposed, weighed, strict=True):
        key = (one.a, one.b)
        if key not in best or found.significance > best[key].significance:
            best[key] = found
    return {key: best[key] for key in sorted(best)}


def _asked(details: Sequence[Sequence[Detail]], config: SamePlaceConfig) -> float:
    """Return the significance asked for: each layer, and all together, is one more try."""
    side = max(max(detail.values.shape) for detail in details[0])
    tries = len(details) + (len(details) > 1)
    return least_significance(len(details[0]), side, config.false_pairs / tries)


def _is_proof(found: Evidence, config: SamePlaceConfig, asked: float) -> bool:
    """Tell whether evidence is large, strong and sure enough."""
    return (
        found.overlap >= config.min_overlap
        and found.agreement >= config.min_agreement
        and found.significance >= asked
    )
