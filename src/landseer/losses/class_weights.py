"""Weights of classes by how rare they are in the training samples. No torch here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.errors import DataError
from landseer.losses.config import ClassWeighting, LossConfig

_BETA = 0.999
"""Share of what a sample shows that is new, of Cui et al.: a class of 1000 samples' worth or more is known well."""

Counts = NDArray[np.float64]


def class_weights(rule: ClassWeighting, counts_nc: Counts) -> tuple[float, ...]:
    """Weigh classes by how rare they are.

    Formula, n_c the pixels of class c, scaled so that the mean over classes is 1: `inverse` 1 / n_c · `inverse_sqrt`
    1 / sqrt(n_c) · `median_frequency` 1 / f_c, f_c the share of c in the samples that have it · `effective`
    (1 - b) / (1 - b^m_c), m_c the pixels of c in samples' worth of pixels, b = 0.999.

    Args:
        rule: one of these.
        counts_nc: (samples, classes) pixels of each class in each training sample; NaN counts as 0.

    Returns:
        One weight a class, background first.

    Raises:
        DataError: no pixel has a class.

    Edges: a class that no sample has gets 0, and does not count for the mean.
    Source: Eigen and Fergus 2015, arXiv:1411.4734 (median frequency; their factor, the median, is lost in the scaling);
        Cui et al. 2019, arXiv:1901.05555 (effective number of samples); own (its unit).
    """
    counts_nc = np.nan_to_num(np.asarray(counts_nc, np.float64))
    total_c = counts_nc.sum(axis=0)
    there_c = total_c > 0
    if not there_c.any():
        raise DataError(
            "expected pixels of some class in the training samples, to weigh classes by; got none",
            where="loss.class_weights",
            do="look at the columns class_…_pixels of samples.parquet, or give numbers",
        )
    weight_c = np.zeros(len(total_c))
    weight_c[there_c] = _RULES[rule](counts_nc[:, there_c])
    weight_c /= weight_c[there_c].mean()
    return tuple(float(f"{weight:.4g}") for weight in weight_c)


def with_class_weights(losses: Sequence[LossConfig], counts_nc: Counts) -> tuple[LossConfig, ...]:
    """Put numbers where a recipe names a rule for class weights.

    Args:
        losses: entries of the recipe key `loss`.
        counts_nc: as in `class_weights`.
    """
    return tuple(_numbered(one, counts_nc) for one in losses)


def _numbered(loss: LossConfig, counts_nc: Counts) -> LossConfig:
    """Put numbers where one loss names a rule."""
    rule: Any = getattr(loss, "class_weights", None)
    if rule not in _RULES:  # numbers, or none
        return loss
    return loss.model_copy(update={"class_weights": class_weights(rule, counts_nc)})


def _median_frequency(counts_nc: Counts) -> Counts:
    """Return one over each class's share in the samples that have it."""
    of_samples_n = counts_nc.sum(axis=1)
    seen_c = np.where(counts_nc > 0, of_samples_n[:, None], 0.0).sum(axis=0)
    return seen_c / counts_nc.sum(axis=0)


def _effective(counts_nc: Counts) -> Counts:
    """Return one over the effective number of samples of each class."""
    of_samples_n = counts_nc.sum(axis=1)
    worth_c = counts_nc.sum(axis=0) / of_samples_n[of_samples_n > 0].mean()
    return (1 - _BETA) / -np.expm1(worth_c * np.log(_BETA))


_RULES: dict[ClassWeighting, Callable[[Counts], Counts]] = {
    "inverse": lambda counts_nc: 1 / counts_nc.sum(axis=0),
    "inverse_sqrt": lambda counts_nc: counts_nc.sum(axis=0) ** -0.5,
    "effective": _effective,
    "median_frequency": _median_frequency,
}
