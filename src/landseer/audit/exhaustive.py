"""Exhaustive candidates: correlate every two samples at every shift, coarsely, adding up the evidence of all layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from landseer.audit.candidates import Candidate
from landseer.audit.detail import Detail
from landseer.core.parallel import parallel_map

COARSE_PX = 64
"""Details are averaged down until their longer side is at most this, in coarse pixels."""

LEAST_PROMISE = 3.5
"""Standard deviations above chance from which a pair is worth registering; some in a hundred pairs by chance."""

MOST_PER_SAMPLE = 8
"""Candidates per sample of the set, on average; the most promising are kept."""

LEAST_SPREAD = 0.1
"""Share of a pair's largest spread that every lag is given at least: two hills that miss each other prove nothing."""

_PADDING, _PADDING_LARGE = 2.0, 1.6
"""Sides are padded to this: fully, or in large sets less, where shifts that share little of a side then appear at two
lags, drowned by each other's chance, and both are proposed."""

_LARGE = 1000

_SPREAD_STEP = 4
_BATCH = 64
_LEAST_ENERGY = 1e-3


@dataclass(frozen=True, slots=True)
class _Spectra:
    """The Fourier transforms of one layer of all samples.

    Attributes:
        values: (n, rows, columns) complex64 of the coarse details.
        energies: the same of their energies, `_SPREAD_STEP` times coarser.
        busy: (n,) bool: samples with any detail.
    """

    values: NDArray[np.complex64]
    energies: NDArray[np.complex64]
    busy: NDArray[np.bool_]


def correlate_all(
    layers: Sequence[Sequence[Detail]], *, min_overlap: float, workers: int | None = None
) -> list[Candidate]:
    """Propose for each pair of samples the shift at which their details correlate most beyond chance.

    Args:
        layers: per layer one detail per sample; all are padded to the largest, and their correlations added.
        min_overlap: least shared area as a share of an image, 0..1.
        workers: threads; None takes one per processor.

    Returns:
        candidates with a < b, sorted, a pair once for each layer and once for all together where their best shifts
        differ; `votes` is the promise in tenths of a standard deviation.

    Edges: flat samples (no energy) are in no candidate; shifts of little overlap come as up to four candidates.
    Source: own; cross-correlation theorem, variance as in `register.agree_at`.
    """
    details = [detail for layer in layers for detail in layer]
    if not details:
        return []
    height, width = (max(d.values.shape[axis] for d in details) for axis in (0, 1))
    coarsen = max(1, -(-max(height, width) // COARSE_PX))
    shape = (-(-height // coarsen), -(-width // coarsen))
    padding = _PADDING if len(layers[0]) <= _LARGE else _PADDING_LARGE
    size = tuple(_padded(side, padding) for side in shape)
    spectra = [_spectra(layer, coarsen, shape, size) for layer in layers]
    busy = np.flatnonzero(np.any([one.busy for one in spectra], axis=0))
    allowed = _allowed(shape, size, min_overlap)

    def one_with_all(position: int) -> list[tuple[float, int, int, int]]:
        """Correlate one sample with all that follow it."""
        others = busy[position + 1 :]
        found = []
        for start in range(0, len(others), _BATCH):
            found += _peaks(
                spectra, allowed, size, int(busy[position]), others[start : start + _BATCH]
            )
        return found

    found: list[tuple[float, int, int, int]] = []
    for some in parallel_map(
        one_with_all, range(max(len(busy) - 1, 0)), label="comparing all pairs", workers=workers
    ):
        found += some
    found.sort(key=lambda one: (-one[0], one[1], one[2]))
    kept = found[: MOST_PER_SAMPLE * len(busy)]
    candidates: dict[tuple[int, int, int, int], Candidate] = {}
    for promise, a, b, lag in kept:
        for row, col in _shifts(lag, shape, size):
            key = (a, b, coarsen * row, coarsen * col)
            candidates.setdefault(key, Candidate(*key, int(10 * promise)))
    return [candidates[key] for key in sorted(candidates)]


def _padded(side: int, padding: float) -> int:
    """Return the length of a transform for a side, divisible by `_SPREAD_STEP`."""
    size = int(np.ceil(padding * side))
    while True:
        size = fft.next_fast_len(size, real=True)
        if size % _SPREAD_STEP == 0:
            return int(size)
        size += 1


def _spectra(
    layer: Sequence[Detail], coarsen: int, shape: tuple[int, int], size: tuple[int, ...]
) -> _Spectra:
    """Transform a layer of all samples."""
    low = tuple(side // _SPREAD_STEP for side in size)
    values = np.empty((len(layer), size[0], size[1] // 2 + 1), np.complex64)
    energies = np.empty((len(layer), low[0], low[1] // 2 + 1), np.complex64)
    busy = np.zeros(len(layer), bool)
    for number, detail in enumerate(layer):
        coarse, energy = _coarsen(detail, coarsen, shape)
        busy[number] = energy.mean() > _LEAST_ENERGY
        values[number] = fft.rfft2(coarse, size)
        padded = np.zeros(size, np.float32)
        padded[: shape[0], : shape[1]] = energy
        blocks = padded.reshape(low[0], _SPREAD_STEP, low[1], _SPREAD_STEP)
        energies[number] = fft.rfft2(blocks.sum(axis=(1, 3)) / _SPREAD_STEP)
    return _Spectra(values, energies, busy)


def _coarsen(
    detail: Detail, coarsen: int, shape: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Average blocks of the detail, and give the energy of the averages times their grain."""
    padded = np.zeros((shape[0] * coarsen, shape[1] * coarsen), np.float32)
    height, width = detail.values.shape
    padded[:height, :width] = detail.values
    values = padded.reshape(shape[0], coarsen, shape[1], coarsen).mean(axis=(1, 3))
    power = np.abs(fft.rfft2(values, (2 * shape[0], 2 * shape[1]))) ** 2
    total = float(power.sum())
    grain = float((power**2).sum()) * 2 * power.size / total**2 if total > 0 else 0.0
    energy = ndimage.gaussian_filter(values * values, 3.0)
    return values, (energy * np.float32(np.sqrt(grain))).astype(np.float32)


def _allowed(
    shape: tuple[int, int], size: tuple[int, ...], min_overlap: float
) -> NDArray[np.float32]:
    """Return 1 for the circular lags that can share at least `min_overlap` of an image, else 0."""
    shares = [
        np.maximum(1 - np.minimum(np.arange(n), n - np.arange(n)) / side, 0)
        for side, n in zip(shape, size, strict=True)
    ]
    return (np.outer(*shares) >= min_overlap).astype(np.float32)


def _peaks(
    spectra: Sequence[_Spectra],
    allowed: NDArray[np.float32],
    size: tuple[int, ...],
    a: int,
    others: NDArray[np.intp],
) -> list[tuple[float, int, int, int]]:
    """Return (promise, a, b, lag) of each pair's best lag that promises enough, by each layer and by all together."""
    low = tuple(side // _SPREAD_STEP for side in size)
    crosses = [fft.irfft2(one.values[a] * one.values[others].conj(), size) for one in spectra]
    spreads = [fft.irfft2(one.energies[a] * one.energies[others].conj(), low) for one in spectra]
    if len(spectra) > 1:
        crosses.append(np.sum(crosses, axis=0))
        spreads.append(np.sum(spreads, axis=0))
    found = []
    for cross, spread in zip(crosses, spreads, strict=True):
        floor = LEAST_SPREAD * spread.max(axis=(1, 2), keepdims=True) + np.float32(1e-12)
        weight = 1 / np.sqrt(np.maximum(spread, floor))
        blocks = cross.reshape(len(others), low[0], _SPREAD_STEP, low[1], _SPREAD_STEP)
        blocks *= weight[:, :, None, :, None]
        cross *= allowed
        flat = cross.reshape(len(others), -1)
        best = flat.argmax(axis=1)
        promise = flat[np.arange(len(others)), best]
        found += [
            (float(promise[n]), a, int(others[n]), int(best[n]))
            for n in np.flatnonzero(promise >= LEAST_PROMISE)
        ]
    return found


def _shifts(lag: int, shape: tuple[int, int], size: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return the shifts that a circular lag may stand for."""
    ways = [
        [s for s in (at, at - n) if abs(s) < side]
        for at, side, n in zip(divmod(lag, size[1]), shape, size, strict=True)
    ]
    return [(row, col) for row in ways[0] for col in ways[1]]
