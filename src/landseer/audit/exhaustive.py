"""Exhaustive candidates: correlate every two samples at every shift; for sets small enough to afford it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from landseer.audit.candidates import Candidate
from landseer.audit.detail import Detail

COARSEN = 2
"""Details are correlated at half of the working resolution."""

LEAST_PROMISE = 4.0
"""Standard deviations above chance from which a pair is worth registering; one in some hundred pairs by chance."""

_BATCH = 64
_LEAST_ENERGY = 1e-3


def correlate_all(details: Sequence[Detail], *, min_overlap: float) -> list[Candidate]:
    """Propose for each pair of samples the shift at which their details correlate most beyond chance.

    Args:
        details: one per sample; all are padded to the largest.
        min_overlap: least shared area as a share of an image, 0..1.

    Returns:
        candidates with a < b, sorted; `votes` is the promise in standard deviations, rounded down.

    Edges: flat samples (no energy) are in no candidate.
    Source: own; cross-correlation theorem, variance as in `register.agree_at`.
    """
    height, width = (max(d.values.shape[axis] for d in details) for axis in (0, 1))
    rows, cols = -(-height // COARSEN), -(-width // COARSEN)
    size = (fft.next_fast_len(2 * rows, real=True), fft.next_fast_len(2 * cols, real=True))
    coarse = [_coarsen(detail, (rows, cols)) for detail in details]
    values = np.stack([fft.rfft2(one[0], size) for one in coarse])
    energies = np.stack([fft.rfft2(one[1], size) for one in coarse])
    lags = _allowed((rows, cols), size, min_overlap)
    busy = [n for n, one in enumerate(coarse) if one[1].mean() > _LEAST_ENERGY]
    found = []
    for position, a in enumerate(busy):
        for start in range(position + 1, len(busy), _BATCH):
            others = np.array(busy[start : start + _BATCH])
            cross = fft.irfft2(values[a] * values[others].conj(), size)
            spread = fft.irfft2(energies[a] * energies[others].conj(), size)
            found += _peaks(cross, spread, lags, a, others)
    return found


def _coarsen(
    detail: Detail, shape: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Average blocks of the detail, and give the energy of the averages times their grain."""
    padded = np.zeros((shape[0] * COARSEN, shape[1] * COARSEN), np.float32)
    height, width = detail.values.shape
    padded[:height, :width] = detail.values
    values = padded.reshape(shape[0], COARSEN, shape[1], COARSEN).mean(axis=(1, 3))
    power = np.abs(fft.rfft2(values, (2 * shape[0], 2 * shape[1]))) ** 2
    total = float(power.sum())
    grain = float((power**2).sum()) * 2 * power.size / total**2 if total > 0 else 0.0
    energy = ndimage.gaussian_filter(values * values, 3.0)
    return values, (energy * np.float32(np.sqrt(grain))).astype(np.float32)


def _allowed(
    shape: tuple[int, int], size: tuple[int, int], min_overlap: float
) -> NDArray[np.bool_]:
    """Tell which circular lags share at least `min_overlap` of an image."""
    shares = [
        np.maximum(1 - np.minimum(np.arange(n), n - np.arange(n)) / side, 0)
        for side, n in zip(shape, size, strict=True)
    ]
    return np.outer(*shares) >= min_overlap


def _peaks(
    cross: NDArray[np.float32],
    spread: NDArray[np.float32],
    lags: NDArray[np.bool_],
    a: int,
    others: NDArray[np.intp],
) -> list[Candidate]:
    """Find the most significant lag of each pair."""
    floor = 1e-3 * spread.max(axis=(1, 2), keepdims=True)
    promise = np.where(lags, cross / np.sqrt(np.maximum(spread, floor)), 0)
    flat = promise.reshape(len(others), -1)
    best = flat.argmax(axis=1)
    rows, cols = np.unravel_index(best, lags.shape)
    found = []
    for n, b in enumerate(others):
        value = float(flat[n, best[n]])
        if value >= LEAST_PROMISE:
            row, col = (
                COARSEN * int(lag - side if lag > side // 2 else lag)
                for lag, side in ((rows[n], lags.shape[0]), (cols[n], lags.shape[1]))
            )
            found.append(Candidate(a, int(b), row, col, int(value)))
    return found
