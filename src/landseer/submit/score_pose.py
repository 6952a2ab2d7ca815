"""The geopose contest's score, on two folders or archives, one image at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from landseer.core.parallel import parallel_map
from landseer.errors import FileReadError, GridError, LabelError
from landseer.metrics.pose import (
    CityScore,
    angle_error_deg,
    city_score,
    end_point_sums,
    flow,
    flow_sums,
    scale_error_pct,
)
from landseer.metrics.regression import Sums, bin_names, binned_scores, value_scores, value_sums
from landseer.submit.geopose_files import AGL_SUFFIX, FLOW_SUFFIX, Pose, city_of, read_pose
from landseer.submit.pairs import unpack
from landseer.submit.pose_figures import CityFigures, PoseScore


@dataclass(frozen=True, slots=True)
class PoseMetric:
    """One way to put cities together.

    Attributes:
        counts: what it counts, in words.
        reduce: scores of the cities -> figure.
    """

    counts: str
    reduce: Callable[[Sequence[CityScore]], float]


@dataclass(frozen=True, slots=True)
class _Counted:
    """What one image adds: sums of heights, flow and end points, errors of angle and scale, what is missing."""

    sample: str
    agl: Sums
    flow: Sums
    end_point: Sums
    angle_deg: float
    scale_pct: float
    missing: str


def _mean(cities: Sequence[CityScore]) -> float:
    """Average cities, each counting the same."""
    return sum(city.value for city in cities) / len(cities)


POSE_METRICS: dict[str, PoseMetric] = {
    "geopose-r2": PoseMetric(
        "mean over cities of (R2 of heights + R2 of flow) / 2, each pooled over a city's pixels; a city with a missing "
        "prediction is 0",
        _mean,
    ),
}
"""Scores of heights with scale and angle."""


def score_poses(
    prediction: Path, truth: Path, metric: str, *, workers: int | None = None
) -> PoseScore:
    """Score predicted heights, scales and angles against true ones, one image at a time.

    Args:
        prediction: folder, or tar archive (compressed or not), of `<id>_AGL.tif` and `<id>_VFLOW.json`, as `read_pose`
            reads them.
        truth: the same. What stands before an id's first `_` is its city.
        metric: one of `POSE_METRICS`.
        workers: threads that read.

    Returns:
        The score, and figures of each city.

    Raises:
        FileReadError: nothing is there, no image has a truth, or a file is damaged.
        GridError: a prediction has another size than its truth.
        LabelError: a raster is neither uint16 nor floats, or a true scale or angle is no number.

    Edges: pixels without a true height do not count. Where a prediction's files are missing, its scale or angle is no
        number, or a pixel with a true height has none predicted, the city's score is 0 and the image is listed.
    """
    with ExitStack() as stack:
        found, true = (_files(path, stack) for path in (prediction, truth))
        wanted = sorted(name.removesuffix(AGL_SUFFIX) for name in true if name.endswith(AGL_SUFFIX))
        if not wanted:
            raise FileReadError(f"expected true heights (*{AGL_SUFFIX}); got none", where=truth)
        count = partial(_count, found, true)
        counted = list(parallel_map(count, wanted, label="score", workers=workers))
    cities: dict[str, list[_Counted]] = {}
    for image in counted:
        cities.setdefault(city_of(image.sample), []).append(image)
    scores = {
        city: city_score([i.agl for i in images], [i.flow for i in images])
        for city, images in cities.items()
    }
    given = {name.removesuffix(AGL_SUFFIX) for name in found if name.endswith(AGL_SUFFIX)}
    return PoseScore(
        metric=metric,
        value=POSE_METRICS[metric].reduce(list(scores.values())),
        counts=POSE_METRICS[metric].counts,
        cities=tuple(_city(city, scores[city], images) for city, images in cities.items()),
        by_height=_by_height(counted),
        missing={image.sample: image.missing for image in counted if image.missing},
        n_files=len(wanted),
        n_pixels=sum(_n_true(image) for image in counted),
        n_extra=len(given - set(wanted)),
    )


def _files(path: Path, stack: ExitStack) -> dict[str, Path]:
    """List the contest's files of a folder or archive by name."""
    path = Path(path)
    if not path.exists():
        raise FileReadError("expected a folder or a tar archive; there is nothing", where=path)
    folder = path if path.is_dir() else unpack(path, stack)
    names = AGL_SUFFIX, FLOW_SUFFIX
    files = {f.name: f for f in folder.glob("[!.]*") if f.name.endswith(names)}
    if not files:
        raise FileReadError(
            f"expected files *{AGL_SUFFIX} and *{FLOW_SUFFIX} at the top; got none", where=path
        )
    return files


def _count(found: Mapping[str, Path], true: Mapping[str, Path], sample: str) -> _Counted:
    """Compare one image with its truth."""
    truth = _true_pose(true, sample)
    pose, missing = _predicted_pose(found, sample, truth)
    if pose.agl_m.shape != truth.agl_m.shape:
        raise GridError(
            f"expected a prediction of {truth.agl_m.shape} pixels; got {pose.agl_m.shape}",
            where=found[f"{sample}{AGL_SUFFIX}"],
        )
    ends = [flow(one.agl_m, one.scale_px_per_m, one.angle_rad) for one in (truth, pose)]
    agl = value_sums(truth.agl_m, pose.agl_m)
    n_missing = int(value_scores(agl)["n_missing"])
    return _Counted(
        sample,
        agl,
        flow_sums(*ends),
        end_point_sums(*ends),
        float(abs(angle_error_deg(truth.angle_rad, pose.angle_rad))),
        float(abs(scale_error_pct(truth.scale_px_per_m, pose.scale_px_per_m))),
        missing or (f"{n_missing} pixels without a height" if n_missing else ""),
    )


def _true_pose(true: Mapping[str, Path], sample: str) -> Pose:
    """Read one image's truth; refuse one without scale or angle."""
    agl = true[f"{sample}{AGL_SUFFIX}"]
    path = true.get(f"{sample}{FLOW_SUFFIX}", agl.with_name(f"{sample}{FLOW_SUFFIX}"))
    truth = read_pose(agl, path)
    if not (math.isfinite(truth.scale_px_per_m) and math.isfinite(truth.angle_rad)):
        raise LabelError(
            f"expected a true scale and angle; got {truth.scale_px_per_m} and {truth.angle_rad}",
            where=path,
        )
    return truth


def _predicted_pose(found: Mapping[str, Path], sample: str, truth: Pose) -> tuple[Pose, str]:
    """Read one image's prediction, all NaN where a file is missing; and say what is missing."""
    paths = [found.get(f"{sample}{suffix}") for suffix in (AGL_SUFFIX, FLOW_SUFFIX)]
    if paths[0] is None or paths[1] is None:
        nothing = np.full_like(truth.agl_m, np.nan)
        suffix = FLOW_SUFFIX if paths[0] else AGL_SUFFIX
        return Pose(nothing, math.nan, math.nan), f"no {suffix}"
    pose = read_pose(paths[0], paths[1])
    is_known = math.isfinite(pose.scale_px_per_m) and math.isfinite(pose.angle_rad)
    return pose, "" if is_known else "scale or angle is no number"


def _city(city: str, score: CityScore, images: Sequence[_Counted]) -> CityFigures:
    """Put one city's figures together."""
    agl = value_scores([image.agl for image in images], leave_out_missing=True)
    ends = value_scores([image.end_point for image in images], leave_out_missing=True)
    return CityFigures(
        city=city,
        score=score.value,
        r2_agl=score.agl["r2"],
        r2_flow=score.flow["r2"],
        mae_m=agl["mae"],
        rmse_m=agl["rmse"],
        bias_m=agl["bias"],
        end_point_px=ends["mae"],
        angle_deg=_known_mean([image.angle_deg for image in images]),
        scale_pct=_known_mean([image.scale_pct for image in images]),
        n_images=len(images),
        n_pixels=sum(_n_true(image) for image in images),
    )


def _n_true(image: _Counted) -> int:
    """Return how many pixels of an image have a true height."""
    scores = value_scores(image.agl)
    return int(scores["n"] + scores["n_missing"])


def _known_mean(values: Sequence[float]) -> float:
    """Average what is known; NaN where nothing is."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def _by_height(counted: Sequence[_Counted]) -> dict[str, dict[str, float]]:
    """Score each class of true height."""
    scores = binned_scores([image.agl for image in counted], leave_out_missing=True)
    return {
        name: {key: float(scores[key][i]) for key in ("n", "mae", "rmse", "bias")}
        for i, name in enumerate(bin_names())
    }
