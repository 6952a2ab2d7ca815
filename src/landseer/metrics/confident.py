"""Confident learning: how often each class was given where held-out predictions are sure of another one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import IGNORE
from landseer.metrics.confusion import Matrix, confusion_matrix

NONE = IGNORE
"""Stands where a prediction is sure of no class."""

Probability = NDArray[np.floating]
"""(C, h, w) probabilities in [0, 1] of members that never saw the pixel."""


def self_confidence(label: NDArray[np.uint8], probability: Probability) -> NDArray[np.float64]:
    """Sum the probability of the given class; sums of several samples may simply be added.

    Args:
        label: (h, w) class numbers; what is not below C does not count.
        probability: (C, h, w).

    Returns:
        (2, C) float64: sums of the probability of class c over the pixels labelled c, and their number.
    """
    n_classes = len(probability)
    known = label < n_classes
    given = label[known].astype(np.intp)
    own = np.take_along_axis(
        probability[:, known].astype(np.float64, copy=False), given[None], axis=0
    )[0]
    return np.stack(
        [
            np.bincount(given, own, minlength=n_classes),
            np.bincount(given, minlength=n_classes).astype(np.float64),
        ]
    )


def class_thresholds(confidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return from which probability on a prediction counts as sure of each class.

    The paper takes the mean self-confidence over all examples of a class. Pixels of one sample are right or wrong
    together, and one flooded label holds more pixels than a hundred good ones: here every sample that has the class
    has one vote, the mean over its pixels, and the threshold is the mean over samples.

    Args:
        confidence: (n, 2, C) of `self_confidence`, one for each sample; (1, 2, C) of the sum gives the paper's figure.

    Returns:
        (C,) float64 in [0, 1]; infinite for a class that no sample has, of which nothing can be sure then.

    Source: Northcutt, Jiang and Chuang 2021, doi:10.1613/jair.1.12125, section 3.1; votes by sample: own.
    """
    sums, counts = confidence[:, 0], confidence[:, 1]
    there = counts > 0
    means = np.where(there, sums / np.maximum(counts, 1), 0)
    n_samples = there.sum(axis=0)
    return np.where(n_samples > 0, means.sum(axis=0) / np.maximum(n_samples, 1), np.inf)


def confident_class(probability: Probability, thresholds: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the class of which each pixel's prediction is sure: the most probable of those at their thresholds.

    Returns:
        (h, w) uint8 class numbers; `NONE` where no class reaches its threshold.

    Edges: ties go to the lower class.
    """
    reached = probability >= thresholds[:, None, None]
    best = np.where(reached, probability, -1).argmax(axis=0).astype(np.uint8)
    return np.where(reached.any(axis=0), best, np.uint8(NONE))


def confident_joint(label: NDArray[np.uint8], sure: NDArray[np.uint8], n_classes: int) -> Matrix:
    """Count pixels by given class and by the class of which the prediction is sure.

    Args:
        label: (h, w) class numbers; what is not below `n_classes` does not count.
        sure: (h, w) of `confident_class`.
        n_classes: number of classes.

    Returns:
        (C, C) int64, row = label, column = sure of; matrices of several samples may simply be added.

    Source: Northcutt, Jiang and Chuang 2021, doi:10.1613/jair.1.12125, equation 1.
    """
    counts = (label < n_classes) & (sure < n_classes)
    return confusion_matrix(label[counts], sure[counts], n_classes)


def calibrated_joint(joint: Matrix, given: NDArray[np.floating]) -> NDArray[np.float64]:
    """Scale the rows of a confident joint to the number of pixels that were given each class.

    Args:
        joint: (C, C) counts of `confident_joint`, summed over samples.
        given: (C,) pixels labelled each class.

    Returns:
        (C, C) float64, in pixels: row = label, column = estimated true class; all off the diagonal is wrong.

    Edges: a class of whose pixels no prediction is sure of anything counts as right.

    Source: Northcutt, Jiang and Chuang 2021, doi:10.1613/jair.1.12125, equation 3, without the division by the total.
    """
    rows = joint.sum(axis=1, keepdims=True)
    shares = np.where(rows > 0, joint / np.maximum(rows, 1), np.eye(len(joint)))
    return np.asarray(shares * np.asarray(given, np.float64)[:, None])
