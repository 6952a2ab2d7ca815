"""Quality of real-valued references: what is usual between prediction and reference, and where one is contradicted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from landseer.errors import LabelError

LOWER, HIGHER = -1, 1
"""What a contradicted reference is: lower or higher than what is usual where so much is predicted."""

_CLASSES = 40
_SPREAD = 3.0
_MOST_CONDITION = 1e8
_BOTH_WAYS = np.ones((3, 3), bool)


@dataclass(frozen=True, slots=True)
class Usual:
    """How far references usually are from predictions, by predicted value.

    Attributes:
        at: (n,) predicted values, ascending.
        low, high: (n,) reference less prediction: what lies outside is not usual.
    """

    at: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def limits(
        self, least: NDArray[np.floating], most: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the lowest and the highest usual reference where predictions range from `least` to `most`."""
        low = least + np.interp(least, self.at, self.low)
        return low, most + np.interp(most, self.at, self.high)


def usual_errors(
    known: NDArray[np.floating], said: NDArray[np.floating], *, spread: float = _SPREAD
) -> Usual:
    """Measure how references spread around predictions, in forty classes of the predicted value.

    Args:
        known, said: (n,) references and predictions of some pixels; those of which either is NaN do not count.
        spread: limits lie this many times as far from the median as the quartile on that side.

    Edges: few distinct predictions make fewer classes; without any pixel nothing is unusual.

    Source: own. Quartiles are read, not tails, so that references which are wrong do not make themselves usual.
    """
    there = np.isfinite(known) & np.isfinite(said)
    y, p = np.asarray(known, float)[there], np.asarray(said, float)[there]
    if not y.size:
        return Usual(np.zeros(1), np.full(1, -np.inf), np.full(1, np.inf))
    edges = np.unique(np.quantile(p, np.linspace(0, 1, _CLASSES + 1)))
    place = np.clip(np.searchsorted(edges, p, side="right") - 1, 0, max(len(edges) - 2, 0))
    found = [
        (float(np.median(p[place == i])), *np.quantile((y - p)[place == i], (0.25, 0.5, 0.75)))
        for i in np.unique(place)
    ]
    at, first, middle, third = np.array(found).T
    return Usual(at, middle - spread * (middle - first), middle + spread * (third - middle))


def contradictions(
    known: NDArray[np.floating],
    said: NDArray[np.floating],
    usual: Usual,
    *,
    edge_px: int = 2,
    least_px: int = 9,
) -> NDArray[np.int8]:
    """Find connected regions where a reference is not what is usual for what is predicted around.

    Args:
        known: (h, w) reference, NaN where nothing is known.
        said: (h, w) prediction.
        usual: what is usual.
        edge_px: things may lie this much beside where they are predicted, along rows and columns.
        least_px: pixels that make a region, joined along edges and corners.

    Returns:
        (h, w) int8: `LOWER`, `HIGHER`, or 0 where nothing speaks against the reference.

    Raises:
        LabelError: the shapes differ.
    """
    y, p = np.asarray(known, float), np.asarray(said, float)
    if y.shape != p.shape:
        raise LabelError(f"expected a prediction of shape {y.shape}; got {p.shape}")
    size = 2 * edge_px + 1
    low, high = usual.limits(ndimage.minimum_filter(p, size), ndimage.maximum_filter(p, size))
    wrong = np.where(y < low, LOWER, np.where(y > high, HIGHER, 0)).astype(np.int8)
    return _large(wrong, least_px)


def wide_parts(found: NDArray[np.int8], least_px: int = 9) -> NDArray[np.int8]:
    """Keep the parts of contradicted regions that are at least three pixels wide.

    Args:
        found: (h, w) of `contradictions`.
        least_px: pixels that make a region.
    """
    wide = [ndimage.binary_opening(found == sign, _BOTH_WAYS) for sign in (LOWER, HIGHER)]
    return _large((HIGHER * wide[1] + LOWER * wide[0]).astype(np.int8), least_px)


def displacement(known: NDArray[np.floating], said: NDArray[np.floating]) -> tuple[float, float]:
    """Estimate by how much a reference lies beside what is predicted.

    Args:
        known, said: (h, w) reference, NaN where nothing is known, and prediction.

    Returns:
        (rows, columns), px: the reference is down and right of its place by so much. (NaN, NaN) where the prediction
        is flat or nothing is known.

    Edges: exact for small shifts only: of several pixels it finds a part. Errors that are large beside those of other
        slopes weigh little.

    Source: Lucas and Kanade 1981, one step, with Cauchy weights.
    """
    y, p = np.asarray(known, float), np.asarray(said, float)
    if min(p.shape) < 2:
        return float("nan"), float("nan")
    error = y - p
    there = np.isfinite(error)
    design = np.stack([slope[there] for slope in np.gradient(p)], axis=1)
    steep = (design**2).sum(axis=1)
    if not steep.any():
        return float("nan"), float("nan")
    weight = 1 / (1 + (error[there] / _usual_size(np.abs(error[there]), steep)) ** 2)
    normal = (design * weight[:, None]).T @ design
    if np.linalg.cond(normal) > _MOST_CONDITION:
        return float("nan"), float("nan")
    rows, cols = -np.linalg.solve(normal, (design * weight[:, None]).T @ error[there])
    return float(rows), float(cols)


def _usual_size(sizes: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return 1.48 times the weighted median of some sizes."""
    order = np.argsort(sizes)
    sums = np.cumsum(weights[order])
    middle = int(np.searchsorted(sums, sums[-1] / 2))
    return 1.4826 * float(sizes[order[min(middle, len(order) - 1)]]) + 1e-9


def stands_out(
    values: NDArray[np.float64], prior: float, *, least: float = 0.25
) -> NDArray[np.float64]:
    """Return how far each value stands above the middle one, in usual spreads of their logarithms.

    Args:
        values: (n,) not negative, NaN where not known.
        prior: added to each, so that next to nothing is not many times nothing.
        least: added to the spread, so that what hardly spreads does not stand out.

    Returns:
        (n,), 0 for the middle one; -inf where not known. A spread is 1.48 times the distance from the median up to the
        third quartile.
    """
    logs = np.log(np.asarray(values, float) + prior)
    there = logs[np.isfinite(logs)]
    if not there.size:
        return np.full(logs.shape, -np.inf)
    middle, third = np.quantile(there, (0.5, 0.75))
    return np.where(
        np.isfinite(logs), (logs - middle) / (1.4826 * (third - middle) + least), -np.inf
    )


def in_mads(
    values: NDArray[np.float64], keys: NDArray[np.generic], floor: float
) -> NDArray[np.float64]:
    """Return how far each value lies from the median of its key, in scaled median absolute deviations.

    Args:
        values: (n,), NaN where not known.
        keys: (n,) such as the site of each.
        floor: added to the deviation, in the values' unit.

    Returns:
        (n,); -inf where not known.
    """
    result = np.full(len(values), -np.inf)
    for key in np.unique(keys):
        mine = (keys == key) & np.isfinite(values)
        if mine.any():
            middle = np.median(values[mine])
            spread = 1.4826 * np.median(np.abs(values[mine] - middle)) + floor
            result[mine] = (values[mine] - middle) / spread
    return result


def _large(wrong: NDArray[np.int8], least_px: int) -> NDArray[np.int8]:
    """Keep connected regions of one sign that are large enough."""
    kept = np.zeros_like(wrong)
    for sign in (LOWER, HIGHER):
        labels, n = ndimage.label(wrong == sign, _BOTH_WAYS)
        if n:
            large = np.bincount(labels.ravel()) >= least_px
            large[0] = False
            kept[large[labels]] = sign
    return kept
