"""What geocentric pose is good for: flow as a raster, and heights, image and classes in their place on the ground."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import IGNORE
from landseer.errors import UsageError
from landseer.metrics.pose import flow
from landseer.predict.inputs import Job
from landseer.predict.map import CLASSES, Map
from landseer.predict.options import PredictOptions
from landseer.predict.sinks import class_options
from landseer.predict.spec import ModelSpec
from landseer.raster.cog import write_cog
from landseer.raster.read import RasterInfo, read_bands
from landseer.raster.rectify import rectify

FILES = {"flow": ("flow",), "rectified": ("rectified_image", "rectified_class", "rectified")}
"""What a product consists of at most; the last file is always there."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Which targets of a model make geocentric pose: names of its height, direction and flow scale."""

    height: str
    direction: str
    scale: str


def find_pose(spec: ModelSpec) -> Pose | None:
    """Return the targets that make geocentric pose; None where one of the three is missing."""
    first = {target.quantity: name for name, target in reversed(spec.targets.items())}
    names = [first.get(kind) for kind in ("height", "direction", "flow_scale")]
    return None if None in names else Pose(*map(str, names))


def without_pose() -> UsageError:
    """Return the error of products without what they are made of."""
    return UsageError(
        "expected a model of heights, a direction and a flow scale; this one lacks some of them",
        do="leave --products away",
    )


def product_path(job: Job, product: str) -> Path:
    """Return where a product of an image goes."""
    return job.output.with_name(f"{job.output.stem}_{product}.tif")


def write_products(
    job: Job, info: RasterInfo, result: Map, spec: ModelSpec, options: PredictOptions
) -> None:
    """Write the products that were asked for, each whole or not at all.

    Raises:
        UsageError: the model predicts no geocentric pose.
        WriteError: the disk is full or the folder cannot be written.

    Edges: flow is NaN outside the data. What no height leads to is missing in rectified rasters: ground hidden behind
        buildings, and places whose pixels lie beyond the image; narrow gaps between rounded places are filled with the
        median of their surroundings. Where direction or scale are not known, nothing is.
    """
    pose = find_pose(spec)
    if pose is None:
        raise without_pose()
    height_m = np.asarray(result.arrays[pose.height][0], np.float32)
    dx, dy = result.numbers[pose.direction]
    scale, angle = float(result.numbers[pose.scale][0]), float(np.arctan2(dx, dy))
    if not np.isfinite([scale, angle]).all():
        height_m, scale, angle = np.full_like(height_m, np.nan), 0.0, 0.0
    if "flow" in options.products:
        vectors = flow(height_m, scale, angle).astype(np.float32)
        _write(job, "flow", info, vectors, np.nan, descriptions=("x", "y"))
    if "rectified" in options.products:
        _write_rectified(job, info, result, spec, (height_m, scale, angle))


def _write_rectified(
    job: Job,
    info: RasterInfo,
    result: Map,
    spec: ModelSpec,
    pose: tuple[NDArray[np.float32], float, float],
) -> None:
    """Write heights, image and classes moved to their places on the ground; heights last."""
    image = read_bands(job.image)
    missing = 0 if info.nodata is None else info.nodata
    moved = rectify(image, *pose, missing=missing).values
    _write(job, "rectified_image", info, moved, info.nodata)
    if CLASSES in result.arrays:
        classes = rectify(result.arrays[CLASSES][0], *pose, missing=IGNORE, has_classes=True).values
        said = {"descriptions": ("class",), **class_options(spec.classes)}
        _write(job, "rectified_class", info, classes, IGNORE, **said)
    heights = rectify(pose[0], *pose, missing=np.nan).values
    _write(job, "rectified", info, heights, np.nan, descriptions=("height",))


def _write(
    job: Job,
    product: str,
    info: RasterInfo,
    array: NDArray[np.generic],
    nodata: float | None,
    **options: Any,
) -> None:
    """Write a raster on the image's grid."""
    write_cog(
        product_path(job, product),
        array,
        crs=info.crs,
        transform=info.transform,
        nodata=nodata,
        tags=job.tags,
        **options,
    )
