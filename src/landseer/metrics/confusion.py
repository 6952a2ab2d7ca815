"""Confusion matrices: how often each class was taken for each other one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import IGNORE
from landseer.errors import LabelError

Matrix = NDArray[np.int64]
"""(C, C) pixel counts, or (..., C, C) of several: row = truth, column = prediction."""


def confusion_matrix(
    target: NDArray[np.integer],
    prediction: NDArray[np.integer],
    n_classes: int,
    *,
    ignore: int = IGNORE,
) -> Matrix:
    """Count pixels by true and predicted class; matrices of several samples may simply be added.

    Args:
        target: class numbers, any shape; pixels that equal `ignore` do not count.
        prediction: class numbers, same shape; may be anything where the target is ignored.

    Returns:
        (C, C) int64, row = truth, column = prediction.

    Raises:
        LabelError: the shapes differ, or a class number that counts is not below `n_classes`.
    """
    target, prediction = np.asarray(target), np.asarray(prediction)
    if target.shape != prediction.shape:
        raise LabelError(
            f"expected a prediction of shape {target.shape}; got {prediction.shape}",
            do="compare rasters of the same grid",
        )
    counts = target != ignore
    if not counts.all():
        target, prediction = target[counts], prediction[counts]
    if target.size:
        _check("label", target, n_classes)
        _check("prediction", prediction, n_classes)
    pairs = target.ravel().astype(np.intp) * n_classes + prediction.ravel()
    return np.bincount(pairs, minlength=n_classes * n_classes).reshape(n_classes, n_classes)


def _check(name: str, classes: NDArray[np.integer], n_classes: int) -> None:
    """Refuse class numbers outside the table."""
    low, high = int(classes.min()), int(classes.max())
    if low < 0 or high >= n_classes:
        raise LabelError(
            f"expected class numbers 0 to {n_classes - 1} in the {name}; got {low} to {high}",
            do="check the class table against the files",
        )


def group_matrices(
    matrices: Matrix, groups: Sequence[Hashable]
) -> tuple[tuple[Hashable, ...], Matrix]:
    """Add up the matrices of each group.

    Args:
        matrices: (n, C, C), one for each sample.
        groups: n keys.

    Returns:
        The keys in order of first appearance, and (groups, C, C) sums.
    """
    numbers: dict[Hashable, int] = {}
    position = [numbers.setdefault(group, len(numbers)) for group in groups]
    if len(position) != len(matrices):
        raise ValueError(f"expected {len(matrices)} groups; got {len(position)}")
    pooled = np.zeros((len(numbers), *matrices.shape[1:]), np.int64)
    np.add.at(pooled, position, matrices)
    return tuple(numbers), pooled
