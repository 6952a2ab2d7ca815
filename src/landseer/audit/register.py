"""Registration: how well two layers agree at a shift, and how unlikely that is by chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from landseer.audit.detail import Detail

SEARCH_PX = 3
"""How far around a proposed shift the best one is looked for, in working pixels."""

FITTED = 18
"""Independent agreements that count for nothing: two or three islets fit others in place, size and direction."""

_LEAST_AREA_PX = 64


@dataclass(frozen=True, slots=True)
class Agreement:
    """What two layers have in common at their best shift.

    Attributes:
        row, col: where pixel (0, 0) of `b` lies in `a`, in working pixels.
        overlap: shared and valid area as a share of the smaller image, 0..1.
        agreement: normalised cross-correlation over the shared area, -1..1.
        significance: how many standard deviations `agreement` lies above that of two unrelated places.
        independent: number of independent comparisons in the shared area.
    """

    row: int
    col: int
    overlap: float
    agreement: float
    significance: float
    independent: float = 0.0


NO_AGREEMENT = Agreement(0, 0, 0.0, 0.0, 0.0)


def agree_at(a: Detail, b: Detail, row: int, col: int) -> Agreement:
    """Measure the agreement of two layers at one shift.

    The correlation of unrelated layers has the variance grain * sum(e_a e_b) / (sum(e_a) sum(e_b)), where e is the
    local energy and grain the area over which a layer repeats itself; its inverse is the number of independent
    agreements. The first `FITTED` of them count for nothing: a lone hill or a flat sea proves nothing.

    Args:
        a, b: layers made comparable.
        row, col: where pixel (0, 0) of `b` lies in `a`, in working pixels.

    Edges: images that share less than 64 valid pixels, or none with detail, agree by 0.
    Source: masked correlation as Padfield 2012 (doi:10.1109/TIP.2011.2181402), for one shift; the variance is
    Bartlett's (1946, doi:10.2307/2983611) with unequal energies.
    """
    here, there = _shared(a, b, row, col)
    both = (a.valid[here] & b.valid[there]).astype(np.float32)
    area = int(both.sum())
    if area < _LEAST_AREA_PX:
        return NO_AGREEMENT
    one, two = a.values[here] * both, b.values[there] * both
    mean_one, mean_two = float(one.sum()) / area, float(two.sum()) / area
    norm = (_dot(one, one) - area * mean_one**2) * (_dot(two, two) - area * mean_two**2)
    energy_a, energy_b = a.energy[here] * both, b.energy[there] * both
    spread = float(energy_a.sum()) * float(energy_b.sum())
    if norm <= 0 or spread <= 0:
        return NO_AGREEMENT
    agreement = (_dot(one, two) - area * mean_one * mean_two) / math.sqrt(norm)
    # Where the details of the two lie apart, next to nothing is compared: never better than evenly spread detail.
    share = max(_dot(energy_a, energy_b) / spread, 1 / area)
    independent = 1 / (math.sqrt(a.grain_px * b.grain_px) * share)
    significance = math.atanh(min(agreement, 0.9999)) * math.sqrt(max(independent - FITTED, 0.0))
    overlap = area / min(a.values.size, b.values.size)
    return Agreement(row, col, overlap, agreement, significance, independent)


def _dot(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    """Sum the products of two images."""
    return float(np.vdot(np.ascontiguousarray(one), np.ascontiguousarray(two)))


def register(a: Detail, b: Detail, row: int, col: int) -> Agreement:
    """Find the best agreement near a proposed shift, climbing from it and no farther than `SEARCH_PX`.

    Args:
        a, b: layers made comparable.
        row, col: the proposed shift, in working pixels.
    """
    best, seen = agree_at(a, b, row, col), {(row, col)}
    while True:
        steps = [(best.row + down, best.col + right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
        fresh = [
            step
            for step in steps
            if step not in seen and max(abs(step[0] - row), abs(step[1] - col)) <= SEARCH_PX
        ]
        seen.update(fresh)
        found = max(
            (agree_at(a, b, *step) for step in fresh), key=lambda one: one.agreement, default=best
        )
        if found.agreement <= best.agreement:
            return best
        best = found


def least_significance(n_samples: int, side_px: int, false_pairs: float) -> float:
    """Return the significance that chance exceeds in `false_pairs` pairs over the whole data set.

    Args:
        n_samples: samples compared, each with each.
        side_px: side of an image in working pixels; an image can lie at (2 side)**2 shifts of another.
        false_pairs: expected number of unrelated pairs taken for the same place; above 0.

    Source: Bonferroni's bound with the normal tail.
    """
    trials = max(n_samples * (n_samples - 1) / 2, 1) * (2 * side_px) ** 2
    wanted = math.log(false_pairs / trials)
    low, high = 0.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if float(log_ndtr(-middle)) > wanted else (low, middle)
    return high


def _shared(
    a: Detail, b: Detail, row: int, col: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return the windows of the shared rectangle in `a` and in `b`; empty when there is none."""
    (rows_a, rows_b), (cols_a, cols_b) = (
        _span(a.values.shape[axis], b.values.shape[axis], shift)
        for axis, shift in ((0, row), (1, col))
    )
    return (rows_a, cols_a), (rows_b, cols_b)


def _span(length_a: int, length_b: int, shift: int) -> tuple[slice, slice]:
    """Return the shared span along one axis in `a` and in `b`."""
    start, stop = max(shift, 0), min(length_a, shift + length_b)
    stop = max(stop, start)
    return slice(start, stop), slice(start - shift, stop - shift)
