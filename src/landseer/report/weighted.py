"""Figures of weighted pixels: mean, quantiles, shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def weighted_mean(values: NDArray[np.floating], weight: NDArray[np.float64]) -> float:
    """Return the mean of (n,) values; NaN values do not count, NaN where none does."""
    known = np.isfinite(values)
    total = float(weight[known].sum())
    return (
        float((values[known].astype(np.float64) * weight[known]).sum() / total) if total else np.nan
    )


def weighted_quantiles(
    values: NDArray[np.floating], weight: NDArray[np.float64], levels: Sequence[float]
) -> NDArray[np.float64]:
    """Return quantiles of (n,) values; each value stands in the middle of its weight.

    Edges: NaN values do not count; NaN where none does. With equal weights it is `numpy.quantile`'s method `hazen`.
    """
    known = np.isfinite(values) & (weight > 0)
    if not known.any():
        return np.full(len(levels), np.nan)
    order = np.argsort(values[known], kind="stable")
    ordered, steps = values[known][order].astype(np.float64), weight[known][order]
    places = (np.cumsum(steps) - steps / 2) / steps.sum()
    return np.interp(levels, places, ordered)


def weighted_share(chosen: NDArray[np.bool_], weight: NDArray[np.float64]) -> float:
    """Return the share of the weight that is chosen; NaN where there is none."""
    total = float(weight.sum())
    return float(weight[chosen].sum()) / total if total else np.nan
