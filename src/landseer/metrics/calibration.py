"""Calibration: whether what is said to be sure to 80 % is right in 80 of 100 cases, as counts that add up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import IGNORE
from landseer.errors import LabelError

Reliability = NDArray[np.float64]
"""(C + 1, 3, bins) sums of one sample or several: one row per class, judged alone, and last the class that was chosen;
of each bin of probability the pixels, the sum of their probabilities, and those that are of the class."""

N_BINS = 15
"""Bins of equal width that are usual in the literature (Guo et al. 2017)."""

LEAST = 0.5 / 65535
"""Probabilities are kept this far from 0 before their logarithm is taken: half a step of the 16 bits in which
out-of-fold ones are kept."""


def reliability(
    target: NDArray[np.integer],
    probability_chw: NDArray[np.floating],
    *,
    n_bins: int = N_BINS,
    ignore: int = IGNORE,
) -> Reliability:
    """Count one sample's pixels by what was said of them.

    Args:
        target: (h, w) class numbers; pixels that equal `ignore` do not count.
        probability_chw: (C, h, w) in 0..1; pixels with NaN do not count.
        n_bins: bins of equal width from 0 to 1; the last holds 1 too.

    Returns:
        (C + 1, 3, n_bins) float64; the sums of several samples may simply be added.

    Raises:
        LabelError: the shapes differ, or a class number that counts is not below C.
    """
    truth, said = _known(target, probability_chw, ignore)
    rows = [_row(said[number], truth == number, n_bins) for number in range(len(said))]
    chosen = said.argmax(axis=0) if truth.size else truth
    rows.append(_row(said.max(axis=0, initial=0.0), chosen == truth, n_bins))
    return np.stack(rows)


def losses(
    target: NDArray[np.integer], probability_chw: NDArray[np.floating], *, ignore: int = IGNORE
) -> NDArray[np.float64]:
    """Sum what one sample's probabilities cost.

    Args:
        target, probability_chw, ignore: as of `reliability`.

    Returns:
        (3,): pixels, the sum of their log losses (natural logarithm), and of their Brier scores; the sums of several
        samples may simply be added.

    Raises:
        LabelError: as of `reliability`.

    Formula: log loss -log p[truth]; Brier score the sum over classes of (p - (truth is this class))², halved for two
        classes, where it is the squared gap of class 1.
    Edges: probabilities count as at least `LEAST`, so that none costs more than 11.8.
    """
    truth, said = _known(target, probability_chw, ignore)
    own = said[truth, np.arange(len(truth))]
    squared = (said**2).sum() - 2 * own.sum() + len(truth)
    return np.array(
        [len(truth), -np.log(np.maximum(own, LEAST)).sum(), squared / (2 if len(said) == 2 else 1)]
    )


def _known(
    target: NDArray[np.integer], probability_chw: NDArray[np.floating], ignore: int
) -> tuple[NDArray[np.integer], NDArray[np.float64]]:
    """Return (n,) class numbers and (C, n) probabilities of the pixels that count."""
    target, probability = np.asarray(target), np.asarray(probability_chw, np.float64)
    if probability.shape[1:] != target.shape:
        raise LabelError(
            f"expected probabilities of {target.shape} pixels; got {probability.shape[1:]}"
        )
    counts = (target != ignore) & np.isfinite(probability).all(axis=0)
    truth, said = target[counts], probability[:, counts]
    if truth.size and (truth.min() < 0 or truth.max() >= len(probability)):
        raise LabelError(
            f"expected class numbers 0 to {len(probability) - 1}; got {truth.min()} to {truth.max()}"
        )
    return truth, said


def _row(said: NDArray[np.float64], is_true: NDArray[np.bool_], n_bins: int) -> NDArray[np.float64]:
    """Count pixels, probabilities and hits by bin."""
    place = np.minimum((said * n_bins).astype(np.intp), n_bins - 1)
    weights = (None, said, is_true.astype(np.float64))
    rows = [np.bincount(place, weight, minlength=n_bins) for weight in weights]
    return np.stack(rows).astype(np.float64)  # nothing at all would be counted in whole numbers


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far what is said lies from what is true.

    Attributes:
        ece: expected calibration error of the chosen class: mean gap between confidence and share of right pixels.
        classwise_ece: the same of each class judged alone, by its number.
        mce: the largest gap of the chosen class over bins that hold at least a thousandth of the pixels.
        confidence: mean probability of the chosen class less the share that is right: above 0, too sure.
    """

    ece: float
    classwise_ece: tuple[float, ...]
    mce: float
    confidence: float


def calibration(counts: Reliability) -> Calibration:
    """Read the errors off the counts of one sample or the sum of several.

    Edges: without any pixel all figures are NaN.
    Source: Guo, Pleiss, Sun, Weinberger 2017 (arXiv:1706.04599) for ECE and MCE; Kull et al. 2019 (arXiv:1910.12656)
        for the error of each class.
    """
    errors = list(map(float, calibration_errors(counts)))
    pixels, said, right = counts[-1]
    total = pixels.sum()
    if not total:
        nothing = float("nan")
        return Calibration(nothing, (nothing,) * (len(counts) - 1), nothing, nothing)
    heavy = pixels >= total / 1000
    gaps = np.abs(said[heavy] - right[heavy]) / pixels[heavy]
    sure = float((said.sum() - right.sum()) / total)
    return Calibration(errors[-1], tuple(errors[:-1]), float(gaps.max()), sure)


def calibration_errors(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the expected calibration error of each row of counts: (..., 3, bins) -> (...), NaN without pixels."""
    pixels, said, true = np.moveaxis(counts, -2, 0)
    total = pixels.sum(axis=-1)
    gap = np.abs(said - true).sum(axis=-1)
    return np.divide(gap, total, out=np.full_like(gap, np.nan), where=total > 0)
