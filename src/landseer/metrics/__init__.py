"""Metrics: counts that add up, scores whose names say what they count, and what is chosen from them."""

from landseer.metrics.bootstrap import interval
from landseer.metrics.confusion import Matrix, confusion_matrix, group_matrices
from landseer.metrics.histogram import ThresholdCounts, histogram, to_uint16
from landseer.metrics.scores import score, score_names, scores
from landseer.metrics.threshold import CrossFit, best_threshold, cross_fit, curve

__all__ = [
    "CrossFit",
    "Matrix",
    "ThresholdCounts",
    "best_threshold",
    "confusion_matrix",
    "cross_fit",
    "curve",
    "group_matrices",
    "histogram",
    "interval",
    "score",
    "score_names",
    "scores",
    "to_uint16",
]
