"""Scores of geocentric pose: flow vectors, their sums, end-point, angle and scale errors, and the contest's score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from landseer.errors import LabelError
from landseer.metrics.regression import Sums, value_scores, value_sums


@dataclass(frozen=True, slots=True)
class CityScore:
    """The score of one city.

    Attributes:
        value: mean of both R2; 0 where anything is missing.
        agl: `value_scores` of heights.
        flow: `value_scores` of flow vectors, both components pooled.
    """

    value: float
    agl: dict[str, float]
    flow: dict[str, float]


def flow(agl: NDArray[np.floating], scale: float, angle_rad: float) -> NDArray[np.floating]:
    """Return flow vectors, from where a point is seen to its place on the ground.

    Args:
        agl: (h, w) height above ground; NaN where not known.
        scale: pixels per unit of height.
        angle_rad: 0 is down in the image, counter-clockwise.

    Returns:
        (2, h, w) of the heights' dtype: x to the right and y down, px; agl * scale * (sin angle, cos angle).

    Edges: NaN where the height is; NaN everywhere where scale or angle is not finite.

    Source: Christie et al. 2020, doi:10.1109/CVPR42600.2020.01453.
    """
    magnitude = np.asarray(agl) * float(scale)
    if not (math.isfinite(scale) and math.isfinite(angle_rad)):
        return np.full((2, *magnitude.shape), np.nan, magnitude.dtype)
    return np.stack([magnitude * math.sin(angle_rad), magnitude * math.cos(angle_rad)])


def flow_sums(truth: NDArray[np.floating], prediction: NDArray[np.floating]) -> Sums:
    """Add up what the R2 of flow needs: both components pooled, with one common mean.

    Args:
        truth: (2, h, w) x and y, px; pixels with a NaN in either do not count.
        prediction: same shape.

    Returns:
        (1, 7) as `value_sums` gives; each pixel counts twice.

    Raises:
        LabelError: the shapes differ.

    Source: Overhead Geopose Challenge; evaluate.py of pubgeo/monocular-geocentric-pose.
    """
    truth = np.asarray(truth)
    known = ~np.isnan(truth).any(axis=0)
    return value_sums(np.where(known, truth, np.nan), prediction, None)


def end_point_error(
    truth: NDArray[np.floating], prediction: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Return the distance between the ends of true and predicted flow, px.

    Args:
        truth, prediction: (2, h, w) px.

    Returns:
        (h, w); NaN where either is not known.
    """
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    if truth.shape != prediction.shape:
        raise LabelError(f"expected a flow of shape {truth.shape}; got {prediction.shape}")
    return np.hypot(*(prediction - truth))


def end_point_sums(truth: NDArray[np.floating], prediction: NDArray[np.floating]) -> Sums:
    """Add up end-point errors as `value_sums` does; `mae` of their scores is the mean, `rmse` the root mean square.

    Args:
        truth: (2, h, w) px; pixels with a NaN do not count.
        prediction: same shape.

    Returns:
        (1, 7); a pixel counts once.
    """
    error = end_point_error(truth, prediction)
    known = ~np.isnan(truth).any(axis=0)
    return value_sums(np.where(known, 0.0, np.nan), error, None)


def angle_error_deg(truth_rad: ArrayLike, prediction_rad: ArrayLike) -> NDArray[np.float64]:
    """Return by how much predicted angles are too large, in [-180, 180) degrees, the short way round; NaN stays NaN."""
    difference = np.asarray(prediction_rad, float) - np.asarray(truth_rad, float)
    return np.rad2deg((difference + np.pi) % (2 * np.pi) - np.pi)


def scale_error_pct(truth: ArrayLike, prediction: ArrayLike) -> NDArray[np.float64]:
    """Return by how much predicted scales are too large, percent of the true ones, whatever their unit.

    Edges: NaN where the true scale is 0 (seen from above) or either is not known.
    """
    truth, prediction = np.broadcast_arrays(np.asarray(truth, float), np.asarray(prediction, float))
    nan = np.full(truth.shape, np.nan)
    return 100 * np.divide(prediction - truth, truth, out=nan, where=truth != 0)


def city_score(agl_sums: ArrayLike, flow_sums: ArrayLike) -> CityScore:
    """Score one city from the sums of all its images.

    Args:
        agl_sums: (..., 7), as `value_sums` gives.
        flow_sums: (..., 7), as `flow_sums` gives.

    Edges: pixels without a prediction make the score 0. That covers what the contest counts as 0, a missing file and
        a scale or angle that is NaN, if such images enter as NaN; and, beyond its rule, single pixels that are NaN,
        which its published code drops from the error and keeps in the spread. NaN where the truth is constant.
    """
    agl, pooled_flow = value_scores(agl_sums), value_scores(flow_sums)
    is_missing = agl["n_missing"] + pooled_flow["n_missing"] > 0
    value = 0.0 if is_missing else (agl["r2"] + pooled_flow["r2"]) / 2
    return CityScore(value, agl, pooled_flow)


def geopose_r2(
    agl_sums_by_city: Mapping[str, ArrayLike], flow_sums_by_city: Mapping[str, ArrayLike]
) -> float:
    """Return the score of the Overhead Geopose Challenge: the mean over cities of (R2 of AGL + R2 of flow) / 2.

    Args:
        agl_sums_by_city: city -> (..., 7) sums of heights.
        flow_sums_by_city: the same cities -> (..., 7) sums of flow.

    Raises:
        ValueError: the cities differ, or there are none.

    Edges: as in `city_score`; NaN where a city's score is.

    Source: DrivenData, Overhead Geopose Challenge, 2021; evaluate.py of pubgeo/monocular-geocentric-pose.
    """
    if not agl_sums_by_city or agl_sums_by_city.keys() != flow_sums_by_city.keys():
        raise ValueError(
            f"expected sums of the same cities; got {sorted(agl_sums_by_city)} and {sorted(flow_sums_by_city)}"
        )
    scores = [city_score(sums, flow_sums_by_city[city]) for city, sums in agl_sums_by_city.items()]
    return sum(score.value for score in scores) / len(scores)
