"""Histograms of predicted probability, from which the pooled confusion at every threshold is read exactly.

Probabilities are the 16-bit integers in which out-of-fold predictions are stored (probability * 65535). Bins lie
between neighbouring thresholds j / n_bins, which are rounded to 16 bits just as the probabilities are; a
cumulative sum over bins gives the counts at every threshold without touching a pixel again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import IGNORE
from landseer.errors import LabelError

FULL = 65535
"""The integer that stands for probability 1."""


def to_uint16(probability: NDArray[np.floating]) -> NDArray[np.uint16]:
    """Store probabilities 0..1 as 16-bit integers, rounded to nearest.

    Edges: values outside 0..1 are clipped; NaN becomes 0.
    """
    clean = np.nan_to_num(np.clip(probability, 0.0, 1.0), nan=0.0)
    return np.rint(clean * FULL).astype(np.uint16)


def thresholds(n_bins: int) -> NDArray[np.float64]:
    """Return the n_bins + 1 thresholds 0, 1/n_bins, …, 1."""
    return np.arange(n_bins + 1) / n_bins


@lru_cache(maxsize=4)
def _bin_of(n_bins: int) -> NDArray[np.intp]:
    """Number of the highest threshold that each 16-bit value reaches."""
    first = to_uint16(thresholds(n_bins))
    return (np.searchsorted(first, np.arange(FULL + 1), side="right") - 1).astype(np.intp)


def histogram(
    target: NDArray[np.integer],
    probability: NDArray[np.uint16],
    *,
    positive: int = 1,
    n_bins: int = 1000,
    ignore: int = IGNORE,
) -> NDArray[np.int64]:
    """Count the pixels of one sample by truth and by the highest threshold that they reach.

    Args:
        target: class numbers, any shape; pixels that equal `ignore` do not count.
        probability: uint16, same shape: probability of the class `positive`, times 65535.
        positive: class number of the positive class; all others are negative.
        n_bins: number of equal steps between threshold 0 and threshold 1.

    Returns:
        (2, n_bins + 1) counts: row 0 negatives, row 1 positives; the last column holds probability 1.

    Raises:
        LabelError: the shapes differ, or the probabilities are not uint16.
    """
    target, probability = np.asarray(target), np.asarray(probability)
    if target.shape != probability.shape or probability.dtype != np.uint16:
        raise LabelError(
            f"expected uint16 probabilities of shape {target.shape}; "
            f"got {probability.dtype} of shape {probability.shape}"
        )
    counts = target != ignore
    bins = _bin_of(n_bins)[probability[counts]]
    bins += (n_bins + 1) * (target[counts] == positive)
    return np.bincount(bins, minlength=2 * (n_bins + 1)).reshape(2, n_bins + 1)


@dataclass(frozen=True)
class ThresholdCounts:
    """Histograms of several samples.

    Attributes:
        samples: one id for each sample.
        counts: (samples, 2, n_bins + 1) as `histogram` gives them.
        names: names of the negative and the positive class, for the scores.
    """

    samples: tuple[str, ...]
    counts: NDArray[np.integer]
    names: tuple[str, str]

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """The thresholds at which counts are exact: positive is `to_uint16(p) >= to_uint16(t)`."""
        return thresholds(self.counts.shape[-1] - 1)

    def take(self, positions: NDArray[np.integer] | list[int]) -> ThresholdCounts:
        """Return the samples at these positions."""
        chosen = tuple(self.samples[int(position)] for position in positions)
        return ThresholdCounts(chosen, self.counts[np.asarray(positions, np.intp)], self.names)

    def confusions(self) -> NDArray[np.int64]:
        """Return (n_bins + 1, 2, 2) matrices of all samples pooled, one for each threshold."""
        return _confusions(self.counts.sum(axis=0, dtype=np.int64))

    def confusion(self, threshold: float) -> NDArray[np.int64]:
        """Return the pooled (2, 2) matrix at one threshold."""
        return self.confusions()[self._position(threshold)]

    def sample_confusions(self, threshold: float) -> NDArray[np.int64]:
        """Return (samples, 2, 2) matrices at one threshold."""
        position = self._position(threshold)
        above = self.counts[..., position:].sum(axis=-1, dtype=np.int64)
        below = self.counts[..., :position].sum(axis=-1, dtype=np.int64)
        return np.stack([below, above], axis=-1)

    def _position(self, threshold: float) -> int:
        """Find the bin edge that a threshold is."""
        n_bins = self.counts.shape[-1] - 1
        position = round(threshold * n_bins)
        if not 0 <= position <= n_bins or abs(position / n_bins - threshold) > 1e-9:
            raise ValueError(f"expected a multiple of 1/{n_bins} from 0 to 1; got {threshold}")
        return position


def _confusions(pooled: NDArray[np.int64]) -> NDArray[np.int64]:
    """Turn a pooled (2, bins) histogram into (bins, 2, 2) matrices, row = truth, column = prediction."""
    above = np.cumsum(pooled[:, ::-1], axis=1)[:, ::-1]
    below = pooled.sum(axis=1, keepdims=True) - above
    return np.stack([below, above], axis=-1).transpose(1, 0, 2)
