"""Scores of a confusion matrix, under names that say what they count.

`dice_kelp` counts one class, `dice_macro` is the mean over all classes with the background, and
`dice_foreground` the mean over all classes without it. A background that fills the picture has a Dice near 1,
so that with two classes `dice_macro` lies near (1 + dice_foreground) / 2 and says little about the foreground.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from landseer.errors import UsageError
from landseer.metrics.confusion import Matrix

Scores = dict[str, NDArray[np.float64]]

_PER_CLASS = ("dice", "iou", "precision", "recall")
_AVERAGED = ("dice", "iou")


def score_names(class_names: Sequence[str]) -> tuple[str, ...]:
    """List the names of all scores for these classes, in the order `score` gives them.

    Raises:
        UsageError: a class is called like an average (`macro`; `foreground`, unless it is class 1 of two).
    """
    taken = {"macro"} if list(class_names[1:]) == ["foreground"] else {"macro", "foreground"}
    for name in class_names:
        if name in taken:
            raise UsageError(
                f"expected class names other than 'macro' and 'foreground'; got {name!r}",
                do="rename the class in the recipe",
            )
    per_class = [f"{kind}_{name}" for kind in _PER_CLASS for name in class_names]
    averages = [f"{kind}_{mean}" for kind in _AVERAGED for mean in ("macro", "foreground")]
    return tuple(dict.fromkeys([*per_class, *averages, "accuracy", "mcc"]))


def scores(matrices: Matrix, class_names: Sequence[str]) -> Scores:
    """Score one or many confusion matrices at once.

    Args:
        matrices: (..., C, C) counts, row = truth, column = prediction.
        class_names: C names, background first.

    Returns:
        For each of `score_names`, an array of shape (...): shares in 0..1 (`mcc` in -1..1).

    Edges: 0/0 is NaN: Dice and IoU of a class that is neither true nor predicted, precision of a class never
        predicted, recall of a class never true, MCC where one side is constant. Means leave NaN out.

    Source: pooled counts; MCC of several classes after Gorodkin 2004, doi:10.1016/j.compbiolchem.2004.09.006.
    """
    counts = np.asarray(matrices, np.float64)
    if counts.shape[-2:] != (len(class_names), len(class_names)):
        raise ValueError(
            f"expected matrices of {len(class_names)} classes; got shape {counts.shape}"
        )
    both = np.diagonal(counts, axis1=-2, axis2=-1)
    true, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
    per_class = {
        "dice": _divide(2 * both, true + predicted),
        "iou": _divide(both, true + predicted - both),
        "precision": _divide(both, predicted),
        "recall": _divide(both, true),
    }
    result: Scores = {}
    for kind, values in per_class.items():
        for number, name in enumerate(class_names):
            result[f"{kind}_{name}"] = values[..., number]
    for kind in _AVERAGED:
        result[f"{kind}_macro"] = _mean(per_class[kind])
        result[f"{kind}_foreground"] = _mean(per_class[kind][..., 1:])
    result["accuracy"] = _divide(both.sum(axis=-1), counts.sum(axis=(-2, -1)))
    result["mcc"] = _mcc(both, true, predicted)
    return {name: result[name] for name in score_names(class_names)}


def score(matrix: Matrix, class_names: Sequence[str]) -> dict[str, float]:
    """Score one (C, C) confusion matrix; see `scores`."""
    return {name: float(value) for name, value in scores(matrix, class_names).items()}


def _divide(
    numerator: NDArray[np.float64], denominator: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Divide, with NaN for a denominator of 0."""
    nan = np.full(np.shape(denominator), np.nan)
    return np.divide(numerator, denominator, out=nan, where=denominator > 0)


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average over the last axis without NaN; NaN where nothing is left."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return _divide(total, known.sum(axis=-1).astype(np.float64))


def _mcc(
    both: NDArray[np.float64], true: NDArray[np.float64], predicted: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Matthews correlation of two or more classes, from shares so that large counts stay exact enough."""
    total = true.sum(axis=-1, keepdims=True)
    true, predicted, both = (_divide(value, total + 0 * value) for value in (true, predicted, both))
    covariance = both.sum(axis=-1) - (true * predicted).sum(axis=-1)
    spread = (1 - (true**2).sum(axis=-1)) * (1 - (predicted**2).sum(axis=-1))
    return _divide(covariance, np.sqrt(np.maximum(spread, 0.0)))
