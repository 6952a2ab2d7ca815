"""The scores of class maps: which counts of the files each takes, and what it makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from landseer.metrics.boundary import boundary_scores
from landseer.metrics.confusion import Matrix
from landseer.metrics.map_counts import MapRules
from landseer.metrics.objects import object_scores
from landseer.metrics.scores import scores

Counts = NDArray[np.int64]
"""(files, …) what each file adds."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One way to reduce what was counted in each file to a figure.

    Attributes:
        counts: what it counts, in words.
        reduce: counts of the files -> figure: (files, C, C) confusion matrices where `part` is `pixels`, (files, C, 4)
            of boundaries, (files, 1, 3) of the objects of class 1.
        part: which counts it takes.
    """

    counts: str
    reduce: Callable[[Counts], float]
    part: Literal["pixels", "boundary", "objects"] = "pixels"


def _pooled(name: str) -> Callable[[Matrix], float]:
    """Score all files together."""
    return lambda matrices: float(_scores(matrices.sum(0))[name])


def _per_file(name: str) -> Callable[[Matrix], float]:
    """Score each file and average; files where the score is undefined are left out."""

    def reduce(matrices: Matrix) -> float:
        values = _scores(matrices)[name]
        return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")

    return reduce


def _scores(matrices: Matrix) -> dict[str, NDArray[Any]]:
    """Score matrices under plain class names c0, c1, …"""
    return scores(matrices, tuple(f"c{i}" for i in range(matrices.shape[-1])))


def _boundary(counts: Counts) -> float:
    """Score the boundaries of all files together."""
    total = counts.sum(0)
    names = [f"c{i}" for i in range(len(total))]
    return float(boundary_scores(total, names)["boundary_f1_foreground"])


def _objects(counts: Counts) -> float:
    """Score the objects of all files together."""
    return float(object_scores(counts.sum(0))["f1"][0])


def describe(metric: Metric, rules: MapRules) -> str:
    """Say what a metric counts under given rules."""
    if metric.part == "boundary":
        return f"{metric.counts}; tolerance {rules.tolerance_px:g} px"
    if metric.part == "objects":
        return (
            f"{metric.counts}; IoU at least {rules.min_iou:g}, area at least {rules.min_area_px:g}"
        )
    return metric.counts


_EACH = "mean over files of class 1's {}, files without class 1 left out"
"""What is said of scores of each file."""

MAP_METRICS: dict[str, Metric] = {
    "kelp-dice": Metric("Dice of class 1, all pixels pooled", _pooled("dice_c1")),
    "kelp-dice-macro": Metric("mean of the classes' pooled Dice, background included", _pooled("dice_macro")),
    "kelp-dice-per-tile": Metric(_EACH.format("Dice"), _per_file("dice_c1")),
    "dice": Metric("mean of the classes' pooled Dice, without class 0", _pooled("dice_foreground")),
    "iou": Metric("mean of the classes' pooled IoU, without class 0", _pooled("iou_foreground")),
    "iou-macro": Metric("mean of the classes' pooled IoU, class 0 included", _pooled("iou_macro")),
    "miou": Metric("mean of the classes' pooled IoU, class 0 included, as land cover is scored", _pooled("iou_macro")),
    "jaccard": Metric("IoU of class 1, all pixels pooled, as buildings are scored", _pooled("iou_c1")),
    "jaccard-per-chip": Metric(_EACH.format("IoU"), _per_file("iou_c1")),
    "accuracy": Metric("share of all pixels that are right", _pooled("accuracy")),
    "mcc": Metric("Matthews correlation of all pixels pooled", _pooled("mcc")),
}  # fmt: skip
"""Scores of the pixels of class maps."""

SHAPE_METRICS: dict[str, Metric] = {
    "boundary-f1": Metric(
        "mean of the classes' boundary F1 at a tolerance, boundaries of all files pooled, without class 0",
        _boundary, "boundary",
    ),
    "spacenet-f1": Metric(
        "F1 of the objects of class 1, matched one to one by their IoU, objects of all files pooled",
        _objects, "objects",
    ),
}  # fmt: skip
"""Scores of the shapes in class maps."""
