"""Fitting calibrators to held-out pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, minimize, minimize_scalar

from landseer.errors import DataError
from landseer.metrics.calibration import LEAST
from landseer.predict.calibrator import Calibrator, Isotonic, Steps, Temperature, VectorScaling
from landseer.select.calibration_config import CalibratorName
from landseer.select.calibration_pixels import Pixels

_CURVE_POINTS = 200
_BOUNDS = (np.log(0.05), np.log(20.0))
_PULL = 1e-6


def fit_calibrator(kind: CalibratorName, pixels: Pixels) -> Calibrator:
    """Fit a calibrator to held-out pixels.

    Args:
        kind: `temperature` and `vector` lower the log loss, `isotonic` the squared error of each class.
        pixels: truth, probabilities and weights.

    Raises:
        DataError: no pixels.

    Edges: a class that no pixel shows keeps its scale of 1 and shift of 0, and gets a curve that says 0.
    """
    total = pixels.weight.sum()
    if not total > 0:
        raise DataError("expected held-out pixels to calibrate on; got none")
    return _FITS[kind](Pixels(pixels.truth, pixels.said, pixels.weight / total))


def _temperature(pixels: Pixels) -> Temperature:
    """Search the one number by which the log loss is least."""
    logs = _logarithms(pixels)

    def loss(log_t: float) -> float:
        return _log_loss(logs / np.exp(log_t), pixels)

    best = minimize_scalar(loss, bounds=_BOUNDS, method="bounded", options={"xatol": 1e-6})
    return Temperature(temperature=float(np.exp(best.x)))


def _vector(pixels: Pixels) -> VectorScaling:
    """Descend to the scales and shifts by which the log loss is least, with a little pull towards 1 and 0."""
    logs, n = _logarithms(pixels), len(pixels.said)
    shown = np.bincount(pixels.truth, pixels.weight, minlength=n) > 0
    hot = np.arange(n)[:, None] == pixels.truth

    def loss(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scale, shift = np.split(numbers, 2)
        raw = logs * scale[:, None] + shift[:, None]
        gap = (_softmax(raw) - hot) * pixels.weight
        slope = np.concatenate([(gap * logs).sum(1), gap.sum(1)])
        away = numbers - start
        held = np.tile(shown, 2)
        return _log_loss(raw, pixels) + _PULL * float(away @ away), np.where(
            held, slope + 2 * _PULL * away, 0
        )

    start = np.concatenate([np.ones(n), np.zeros(n)])
    best = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return VectorScaling(scale=tuple(map(float, best[:n])), shift=tuple(map(float, best[n:])))


def _isotonic(pixels: Pixels) -> Isotonic:
    """Fit a rising curve to each class; of two classes to class 1 alone."""
    numbers = (1,) if len(pixels.said) == 2 else range(len(pixels.said))
    return Isotonic(
        curves=tuple(_curve(pixels.said[k], pixels.truth == k, pixels.weight) for k in numbers)
    )


def _curve(
    said: NDArray[np.float64], is_true: NDArray[np.bool_], weight: NDArray[np.float64]
) -> Steps:
    """Fit a rising curve through shares of bins.

    Bins hold equal parts of what is true and what is not: where a class is rare, bins of equal numbers of pixels would
    nearly all lie at 0.
    """
    bins = _bins(said, is_true, weight)
    means = np.bincount(bins, weight * said) / np.bincount(bins, weight)
    # the model reads curves in float32, where neighbours may be one
    places, joined = np.unique(means.astype(np.float32).astype(np.float64), return_inverse=True)
    mass = np.bincount(joined[bins], weight)
    share = np.bincount(joined[bins], weight * is_true) / mass
    rising = isotonic_regression(share, weights=mass).x
    if len(places) == 1:
        places, rising = np.array([0.0, max(places[0], LEAST)]), np.repeat(rising, 2)
    return Steps(said=tuple(map(float, places)), true=tuple(map(float, np.clip(rising, 0, 1))))


def _bins(
    said: NDArray[np.float64], is_true: NDArray[np.bool_], weight: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Number the bins of values, rising, from 0 without gaps; equal values share one."""
    values, numbers = np.unique(said, return_inverse=True)
    if len(values) <= _CURVE_POINTS:
        return numbers
    mass = np.zeros(len(values))
    for mine in (is_true, ~is_true):
        part = np.bincount(numbers, weight * mine, minlength=len(values))
        mass += part / max(part.sum(), np.finfo(float).tiny)
    middle = (mass.cumsum() - mass / 2) / mass.sum()
    steps = np.minimum(middle * _CURVE_POINTS, _CURVE_POINTS - 1).astype(np.intp)
    return np.unique(steps, return_inverse=True)[1][numbers]


def _logarithms(pixels: Pixels) -> NDArray[np.float64]:
    """Return logarithms that are finite."""
    return np.log(np.maximum(pixels.said, LEAST))


def _softmax(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn logits (C, n) into probabilities."""
    exponential = np.exp(raw - raw.max(axis=0))
    result: NDArray[np.float64] = exponential / exponential.sum(axis=0)
    return result


def _log_loss(raw: NDArray[np.float64], pixels: Pixels) -> float:
    """Return the weighted sum of minus the log probability of the truth, of logits (C, n)."""
    top = raw.max(axis=0)
    total = top + np.log(np.exp(raw - top).sum(axis=0))
    own = raw[pixels.truth, np.arange(len(pixels.truth))]
    return float((total - own) @ pixels.weight)


_FITS: dict[CalibratorName, Callable[[Pixels], Calibrator]] = {
    "temperature": _temperature,
    "vector": _vector,
    "isotonic": _isotonic,
}
