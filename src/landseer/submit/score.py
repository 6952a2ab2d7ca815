"""The official scores, on any two files or folders."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from landseer.core.classes import IGNORE, UNKNOWN, ClassTable
from landseer.core.parallel import parallel_map
from landseer.errors import GridError, LabelError, UsageError
from landseer.metrics.confusion import Matrix, confusion_matrix
from landseer.metrics.scores import scores
from landseer.raster.label import read_label
from landseer.submit.pairs import Pair, list_files, pair_files
from landseer.submit.pose_figures import PoseScore
from landseer.submit.score_pose import POSE_METRICS, PoseMetric, score_poses

_N_VALUES = UNKNOWN
"""Class numbers that a map may hold."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One way to reduce the files' confusion matrices to a figure.

    Attributes:
        counts: what it counts, in words.
        reduce: (files, C, C) counts -> figure.
    """

    counts: str
    reduce: Callable[[Matrix], float]


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """A score and what it was computed from.

    Attributes:
        metric: its name.
        value: the figure; NaN when 0/0.
        counts: what it counts, in words.
        n_files: pairs compared.
        n_pixels: pixels counted.
        n_outside: pixels that the prediction marks as outside the data; they count as class 0.
    """

    metric: str
    value: float
    counts: str
    n_files: int
    n_pixels: int
    n_outside: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values; an undefined score is None."""
        return asdict(self) | {"value": None if np.isnan(self.value) else self.value}

    def figures(self) -> dict[str, Any]:
        """Return what people read, name -> value."""
        return {
            self.metric: self.value,
            "counts": self.counts,
            "files": self.n_files,
            "pixels": self.n_pixels,
            "outside the prediction's data": self.n_outside,
        }

    def text(self) -> str:
        """Say it in one line."""
        return (
            f"{self.metric} {self.value:.5f} ({self.counts}; {self.n_files} files, {self.n_pixels} pixels, "
            f"{self.n_outside} of them outside the prediction's data)"
        )


def _pooled(name: str) -> Callable[[Matrix], float]:
    """Score all files' pixels together."""
    return lambda matrices: float(_scores(matrices.sum(0))[name])


def _mean_dice(matrices: Matrix) -> float:
    """Average class 1's Dice over files; files with none of it in truth and prediction are left out."""
    values = _scores(matrices)["dice_c1"]
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")


def _scores(matrices: Matrix) -> dict[str, np.ndarray]:
    """Score matrices under plain class names c0, c1, …"""
    return scores(matrices, tuple(f"c{i}" for i in range(matrices.shape[-1])))


MAP_METRICS: dict[str, Metric] = {
    "kelp-dice": Metric("Dice of class 1, all pixels pooled", _pooled("dice_c1")),
    "kelp-dice-macro": Metric("mean of the classes' pooled Dice, background included", _pooled("dice_macro")),
    "kelp-dice-per-tile": Metric("mean over files of class 1's Dice, files without class 1 left out", _mean_dice),
    "dice": Metric("mean of the classes' pooled Dice, without class 0", _pooled("dice_foreground")),
    "iou": Metric("mean of the classes' pooled IoU, without class 0", _pooled("iou_foreground")),
    "iou-macro": Metric("mean of the classes' pooled IoU, class 0 included", _pooled("iou_macro")),
    "accuracy": Metric("share of all pixels that are right", _pooled("accuracy")),
    "mcc": Metric("Matthews correlation of all pixels pooled", _pooled("mcc")),
}  # fmt: skip
"""Scores of class maps."""

METRICS: dict[str, Metric | PoseMetric] = {**MAP_METRICS, **POSE_METRICS}
"""All scores, by name."""


def score_paths(
    prediction: Path,
    truth: Path,
    metric: str,
    *,
    classes: ClassTable | None = None,
    workers: int | None = None,
) -> ScoreResult | PoseScore:
    """Score predicted class maps, or heights with scale and angle (`score_poses`), against true ones.

    Args:
        prediction: a raster, a folder of rasters, or a `.tar` of them.
        truth: the same; files are matched as `pair_files` says.
        metric: one of `METRICS`.
        classes: what the truth's values mean; None takes them as class numbers, 255 ignored. Of no use to heights.
        workers: threads that read.

    Returns:
        The score and what it counts.

    Raises:
        UsageError: an unknown metric.
        DataError: predictions are missing or too many.
        GridError: a prediction has another size than its truth.
        LabelError: a value is no class number.

    Edges: pixels that the truth ignores do not count; where the prediction is 255 (outside the data), class 0
        is counted as predicted.
    """
    if metric not in METRICS:
        raise UsageError(f"expected a metric among {', '.join(METRICS)}; got {metric!r}")
    if metric in POSE_METRICS:
        return score_poses(prediction, truth, metric, workers=workers)
    with ExitStack() as stack:
        pairs = pair_files(list_files(prediction, stack), list_files(truth, stack))
        counted = list(
            parallel_map(partial(_count, classes=classes), pairs, label="score", workers=workers)
        )
    size = max(2, len(classes) if classes else 0, *(len(matrix) for matrix, _ in counted))
    matrices = np.stack([_grow(matrix, size) for matrix, _ in counted])
    return ScoreResult(
        metric=metric,
        value=MAP_METRICS[metric].reduce(matrices),
        counts=MAP_METRICS[metric].counts,
        n_files=len(pairs),
        n_pixels=int(matrices.sum()),
        n_outside=sum(n_outside for _, n_outside in counted),
    )


def _count(pair: Pair, classes: ClassTable | None) -> tuple[Matrix, int]:
    """Count one pair: its confusion matrix, as small as its values allow, and pixels outside the data."""
    _, prediction_path, truth_path = pair
    plain = ClassTable(tuple(map(str, range(_N_VALUES))), tuple(range(_N_VALUES)), ignore=(IGNORE,))
    truth = read_label(truth_path, classes or plain)
    prediction = read_label(prediction_path, plain)
    if truth.shape != prediction.shape:
        raise GridError(
            f"expected a prediction of {truth.shape} pixels; got {prediction.shape}",
            where=prediction_path,
        )
    for values, path in ((truth, truth_path), (prediction, prediction_path)):
        if (values == UNKNOWN).any():
            raise LabelError("expected class numbers; got other values", where=path)
    outside = (prediction == IGNORE) & (truth != IGNORE)
    prediction = np.where(prediction == IGNORE, 0, prediction)
    present = np.concatenate([truth[truth != IGNORE], prediction[truth != IGNORE]])
    n_classes = int(present.max(initial=1)) + 1
    return confusion_matrix(truth, prediction, n_classes), int(outside.sum())


def _grow(matrix: Matrix, size: int) -> Matrix:
    """Give a matrix room for classes that other files have."""
    grown = np.zeros((size, size), np.int64)
    grown[: len(matrix), : len(matrix)] = matrix
    return grown
