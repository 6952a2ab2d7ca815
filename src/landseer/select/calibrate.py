"""Fitting calibrators on a sample of held-out pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, minimize, minimize_scalar

from landseer.core.classes import IGNORE
from landseer.core.seeds import generator
from landseer.errors import DataError
from landseer.predict.calibrator import Calibrator, Isotonic, Steps, Temperature, VectorScaling

CalibratorName = Literal["temperature", "vector", "isotonic"]

_LEAST = 1e-7
_CURVE_POINTS = 200
_BOUNDS = (np.log(0.05), np.log(20.0))


class PixelSample:
    """Pixels of many samples, an even share of each, so that memory stays the same whatever there is.

    Args:
        n_pixels: kept of each sample, at most.
        seed: root of the draw; the same pixels come whatever the order of the samples.
    """

    def __init__(self, n_pixels: int = 4096, seed: int = 0) -> None:
        self._n, self._seed = n_pixels, seed
        self._truth: list[NDArray[np.uint8]] = []
        self._said: list[NDArray[np.float32]] = []

    def add(
        self, sample: str, target: NDArray[np.uint8], probability_chw: NDArray[np.float32]
    ) -> None:
        """Draw pixels of one sample.

        Args:
            sample: its name, which seeds the draw.
            target: (h, w) class numbers; pixels that are no class's do not count.
            probability_chw: (C, h, w); pixels with NaN do not count.
        """
        known = (target != IGNORE) & (target < len(probability_chw))
        places = np.flatnonzero(known & np.isfinite(probability_chw).all(axis=0))
        if len(places) > self._n:
            rng = generator(self._seed, "calibrate", sample)
            places = np.sort(rng.choice(places, self._n, replace=False))
        self._truth.append(target.ravel()[places])
        self._said.append(probability_chw.reshape(len(probability_chw), -1)[:, places])

    def arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """Return (n,) truth and (C, n) probabilities of all pixels kept."""
        if not self._truth:
            raise DataError("expected held-out pixels to calibrate on; got none")
        return np.concatenate(self._truth), np.concatenate(self._said, axis=1).astype(np.float64)


def fit_calibrator(
    kind: CalibratorName, truth: NDArray[np.integer], probability: NDArray[np.floating]
) -> Calibrator:
    """Fit a calibrator to held-out pixels.

    Args:
        kind: `temperature` and `vector` lower the log loss, `isotonic` the squared error of each class.
        truth: (n,) class numbers.
        probability: (C, n).

    Raises:
        DataError: no pixels.

    Edges: a class that no pixel shows keeps its scale of 1 and shift of 0, and gets a curve that says 0.
    """
    if not len(truth):
        raise DataError("expected held-out pixels to calibrate on; got none")
    return _FITS[kind](np.asarray(truth), np.asarray(probability, np.float64))


def _temperature(truth: NDArray[np.integer], probability: NDArray[np.float64]) -> Temperature:
    """Search the one number by which the log loss is least."""
    logs = np.log(np.maximum(probability, _LEAST))

    def loss(log_t: float) -> float:
        return _log_loss(logs / np.exp(log_t), truth)

    best = minimize_scalar(loss, bounds=_BOUNDS, method="bounded", options={"xatol": 1e-6})
    return Temperature(temperature=float(np.exp(best.x)))


def _vector(truth: NDArray[np.integer], probability: NDArray[np.float64]) -> VectorScaling:
    """Descend to the scales and shifts by which the log loss is least, with a little pull towards 1 and 0."""
    logs = np.log(np.maximum(probability, _LEAST))
    n, count = len(probability), len(truth)
    shown = np.bincount(truth, minlength=n) > 0
    hot = np.arange(n)[:, None] == truth

    def loss(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scale, shift = np.split(numbers, 2)
        raw = logs * scale[:, None] + shift[:, None]
        gap = (_softmax(raw) - hot) / count
        slope = np.concatenate([(gap * logs).sum(1), gap.sum(1)])
        away = numbers - start
        held = np.tile(shown, 2)
        return _log_loss(raw, truth) + _PULL * float(away @ away), np.where(
            held, slope + 2 * _PULL * away, 0
        )

    start = np.concatenate([np.ones(n), np.zeros(n)])
    best = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return VectorScaling(scale=tuple(map(float, best[:n])), shift=tuple(map(float, best[n:])))


_PULL = 1e-6


def _isotonic(truth: NDArray[np.integer], probability: NDArray[np.float64]) -> Isotonic:
    """Fit a rising curve to each class; of two classes to class 1 alone."""
    numbers: Iterable[int] = (1,) if len(probability) == 2 else range(len(probability))
    return Isotonic(curves=tuple(_curve(probability[k], truth == k) for k in numbers))


def _curve(said: NDArray[np.float64], is_true: NDArray[np.bool_]) -> Steps:
    """Fit a rising curve through shares of bins of equal numbers of pixels."""
    order = np.argsort(said, kind="stable")
    edges = np.unique(np.linspace(0, len(said), min(_CURVE_POINTS, len(said)) + 1).astype(int))
    sums = np.add.reduceat(is_true[order].astype(np.float64), edges[:-1])
    means = np.add.reduceat(said[order], edges[:-1])
    sizes = np.diff(edges)
    places, inverse = np.unique(means / sizes, return_inverse=True)
    weight = np.bincount(inverse, sizes)
    share = np.bincount(inverse, sums) / weight
    rising = isotonic_regression(share, weights=weight).x
    if len(places) == 1:
        places, rising = np.array([0.0, max(places[0], _LEAST)]), np.repeat(rising, 2)
    return Steps(said=tuple(map(float, places)), true=tuple(map(float, np.clip(rising, 0, 1))))


def _softmax(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn logits (C, n) into probabilities."""
    exponential = np.exp(raw - raw.max(axis=0))
    result: NDArray[np.float64] = exponential / exponential.sum(axis=0)
    return result


def _log_loss(raw: NDArray[np.float64], truth: NDArray[np.integer]) -> float:
    """Return the mean of minus the log probability of the truth, of logits (C, n)."""
    top = raw.max(axis=0)
    total = top + np.log(np.exp(raw - top).sum(axis=0))
    return float((total - raw[truth, np.arange(len(truth))]).mean())


_FITS: dict[str, Callable[[NDArray[np.integer], NDArray[np.float64]], Calibrator]] = {
    "temperature": _temperature,
    "vector": _vector,
    "isotonic": _isotonic,
}
