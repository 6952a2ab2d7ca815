"""Evidence: how surely two samples show the same place, by all layers, on a scale set by unrelated views."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.audit.detail import Detail
from landseer.audit.register import agree_at

SEARCH_PX = 4
"""How far around a proposed shift the best one is looked for, in working pixels."""

_DRAWS = 3000
_LEAST_DRAWS = 200
_LEAST_SCALE = 0.5
_LEAST_TOGETHER = 0.7
_LEAST_INDEPENDENT = 30
_LEAST_STEADY = 0.8
_TAIL = 0.999
_TAIL_Z = 3.29


@dataclass(frozen=True, slots=True)
class Scale:
    """What chance does in this data set.

    Attributes:
        deviation: (L,) spread of the significance of unrelated views, per layer; 1 where nothing is known.
        together: (L, L) correlation of the layers' significances, 0.7 at least: two pictures of like coasts agree in
            both, and the average over all draws does not show it.
    """

    deviation: NDArray[np.float64]
    together: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """How far two samples agree at a shift.

    Attributes:
        row, col: where pixel (0, 0) of `b` lies in `a`, in working pixels.
        overlap: shared area, missing pixels and all, as a share of the smaller image, 0..1.
        agreement: normalised cross-correlation over what both show, of the layer that agrees best, -1..1.
        significance: standard deviations above chance: of the best layer, or of all together if that is more.
    """

    row: int
    col: int
    overlap: float
    agreement: float
    significance: float


def weigh_evidence(
    layers: Sequence[Sequence[Detail]], a: int, b: int, shift: tuple[int, int], scale: Scale
) -> Evidence:
    """Measure what all layers say of two samples at one shift.

    Args:
        layers: per layer one detail per sample, all layers of a sample of one size.
        a, b: positions of the samples.
        shift: where pixel (0, 0) of `b` lies in `a`, in working pixels.
        scale: what chance does.

    Source: own; sums of correlated normal scores (Stouffer et al. 1949, with their covariance).
    """
    row, col = shift
    found = [agree_at(layer[a], layer[b], row, col) for layer in layers]
    scores = np.array([one.significance for one in found]) / scale.deviation
    seen = np.array([one.overlap > 0 and one.significance != 0 for one in found])
    overlap = shared_area(layers[0][a].values.shape, layers[0][b].values.shape, shift)
    if not seen.any():
        return Evidence(row, col, overlap, 0.0, 0.0)
    spread = float(scale.together[np.ix_(seen, seen)].sum())
    joint = float(scores[seen].sum()) / math.sqrt(max(spread, 1.0))
    agreement = max(one.agreement for one in found)
    return Evidence(row, col, overlap, agreement, max(joint, float(scores.max())))


def is_contradicted(
    layers: Sequence[Sequence[Detail]],
    a: int,
    b: int,
    shift: tuple[int, int],
    steady: Sequence[bool],
) -> bool:
    """Tell whether a layer that does not change from date to date speaks against two samples being the same place.

    Shores and field edges may run alike in two places; heights with enough shape in the shared area then do not agree.

    Args:
        layers, a, b, shift: as for `weigh_evidence`.
        steady: per layer whether the ground keeps it.
    """
    found = [
        agree_at(layer[a], layer[b], *shift)
        for layer, is_steady in zip(layers, steady, strict=True)
        if is_steady
    ]
    return any(
        one.independent >= _LEAST_INDEPENDENT and one.agreement < _LEAST_STEADY for one in found
    )


def find_evidence(
    layers: Sequence[Sequence[Detail]], a: int, b: int, shift: tuple[int, int], scale: Scale
) -> Evidence:
    """Find the best evidence near a proposed shift, climbing from it and no farther than `SEARCH_PX`.

    Args:
        layers, a, b, shift, scale: as for `weigh_evidence`.
    """
    best, seen = weigh_evidence(layers, a, b, shift, scale), {shift}
    while True:
        steps = [(best.row + down, best.col + right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
        fresh = [
            step
            for step in steps
            if step not in seen
            and max(abs(step[0] - shift[0]), abs(step[1] - shift[1])) <= SEARCH_PX
        ]
        seen.update(fresh)
        tried = [weigh_evidence(layers, a, b, step, scale) for step in fresh]
        found = max(tried, key=lambda one: one.significance, default=best)
        if found.significance <= best.significance:
            return best
        best = found


def measure_chance(
    layers: Sequence[Sequence[Detail]], *, min_overlap: float, seed: int = 0
) -> Scale:
    """Measure how far unrelated views agree: samples drawn two by two and laid over each other at random.

    A layer's deviation is that of its scores, or what their tail implies where it is heavier than a normal one.

    Args:
        layers: per layer one detail per sample.
        min_overlap: least shared area of the draws, as a share of the smaller image.
        seed: root of the draws.

    Edges: fewer than 200 usable draws tell nothing, and the deviation is 1, which is rather too much.
    """
    rng = np.random.default_rng(seed)
    count = len(layers[0])
    busy = np.flatnonzero([any(layer[n].values.any() for layer in layers) for n in range(count)])
    scores: list[list[float]] = []
    for _ in range(_DRAWS if len(busy) > 1 else 0):
        a, b = (int(n) for n in rng.choice(busy, 2, replace=False))
        sides = zip(layers[0][a].values.shape, layers[0][b].values.shape, strict=True)
        row, col = (int(rng.integers(-other + 1, side)) for side, other in sides)
        shapes = layers[0][a].values.shape, layers[0][b].values.shape
        if shared_area(*shapes, (row, col)) >= min_overlap:
            scores.append([agree_at(layer[a], layer[b], row, col).significance for layer in layers])
    table = np.array(scores, float).reshape(-1, len(layers))
    deviation = np.array([_deviation(column[column != 0]) for column in table.T])
    return Scale(deviation, _together(table))


def shared_area(one: tuple[int, ...], two: tuple[int, ...], shift: tuple[int, int]) -> float:
    """Return the shared area of two rectangles (h, w), the second one shifted, as a share of the smaller one."""
    sides = [max(0, min(a, at + b) - max(0, at)) for a, b, at in zip(one, two, shift, strict=True)]
    return sides[0] * sides[1] / max(min(one[0] * one[1], two[0] * two[1]), 1)


def _deviation(scores: NDArray[np.float64]) -> float:
    """Return the spread of unrelated scores, or 1 where there are too few."""
    if len(scores) < _LEAST_DRAWS:
        return 1.0
    tail = float(np.quantile(np.abs(scores), _TAIL)) / _TAIL_Z
    return max(float(np.sqrt(np.mean(scores**2))), tail, _LEAST_SCALE)


def _together(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlate the layers' scores over the draws in which both have one; 1 where there are too few."""
    count = table.shape[1]
    result = np.ones((count, count))
    for one in range(count):
        for two in range(one):
            both = (table[:, one] != 0) & (table[:, two] != 0)
            if both.sum() >= _LEAST_DRAWS:
                value = float(np.corrcoef(table[both, one], table[both, two])[0, 1])
                result[one, two] = result[two, one] = max(value, _LEAST_TOGETHER)
    return result
