"""How a map and its probabilities are written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.core.bands import Band
from landseer.core.classes import IGNORE, ClassTable
from landseer.core.files import json_number, write_json
from landseer.errors import FileReadError, UsageError
from landseer.models.targets import TargetSpec
from landseer.predict.inputs import TAG, Job
from landseer.predict.map import Map
from landseer.predict.options import PredictOptions
from landseer.predict.products import find_pose, product_path, write_products
from landseer.predict.spec import ModelSpec
from landseer.raster.read import RasterInfo, read_bands, read_tags
from landseer.raster.write import write_raster


def valid_pixels(image: NDArray[np.generic], bands: tuple[Band, ...]) -> NDArray[np.bool_]:
    """Tell which pixels have data in any measuring band.

    Args:
        image: (b, h, w) raw values.
        bands: one per layer; where some measure reflectance, only those count.

    Returns:
        (h, w) bool.

    Edges: NaN and infinity are no data; a band without a nodata value has data wherever it is finite.
    """
    optical = [i for i, band in enumerate(bands) if band.kind == "reflectance"]
    valid = np.zeros(image.shape[1:], bool)
    for i in optical or range(len(bands)):
        valid |= _has_data(image[i], bands[i].nodata)
    return valid


def write_map(
    job: Job,
    info: RasterInfo,
    result: Map,
    spec: ModelSpec,
    options: PredictOptions,
) -> None:
    """Write all files of an image, numbers first and the class map last, each whole or not at all.

    Raises:
        WriteError: the disk is full or the folder cannot be written.
    """
    if job.numbers is not None:  # they bear no key: when a map does, they are of the same run
        write_json(job.numbers, numbers_of(result.numbers, spec.targets))
    if result.probability is not None:
        _write_probability(job, info, result, spec.classes, options)
    for kind, values in result.uncertainty.items():
        write_raster(
            job.uncertainty(kind),
            np.where(result.valid, values, np.float32(np.nan)),
            crs=info.crs,
            transform=info.transform,
            nodata=float("nan"),
            descriptions=(kind,),
            tags=job.tags,
        )
    for target, values in result.values.items():
        _write_values(job, info, np.where(result.valid, values, np.nan), target, spec)
    if options.products:
        write_products(job, info, result, spec, options)
    if result.classes is None:
        return
    marks = options.nodata == "mark"
    write_raster(
        job.output,
        np.where(result.valid, result.classes, IGNORE if marks else 0).astype(np.uint8),
        crs=info.crs,
        transform=info.transform,
        nodata=IGNORE if marks else None,
        descriptions=("class",),
        tags=job.tags,
        colour_table=dict(enumerate(spec.classes.colours)) or None,
    )


def read_map(job: Job, numbers: Mapping[str, NDArray[np.float32]]) -> Map:
    """Read back the maps of an image, for what is made of them.

    Args:
        job: its files, written already.
        numbers: what is predicted of the image as a whole, by target.

    Edges: everything is held in memory. Where a value is missing there are no data.
    """
    values = {name: read_bands(path).astype(np.float32) for name, path in job.values.items()}
    classes = read_bands(job.output)[0] if job.output.is_file() else None
    shape = next(iter(values.values())).shape[1:]
    valid = np.ones(shape, bool)
    for planes in values.values():
        valid &= np.isfinite(planes).all(axis=0)
    return Map(classes, None, valid, values, numbers)


def numbers_of(
    numbers: Mapping[str, NDArray[np.float32]], targets: Mapping[str, TargetSpec]
) -> dict[str, Any]:
    """Say what is predicted of an image as a whole, for JSON.

    Returns:
        A number, or a list, by target. A direction also as `angle` in radians from 0 to 2 pi (0 is image down,
        counter-clockwise), a flow scale also as `scale` in px/m: the names that geocentric pose goes by.

    Edges: what is not known is None, and so is the angle of a direction without length.
    """
    said: dict[str, Any] = {}
    for name, values in numbers.items():
        each = [json_number(value) for value in values]
        said[name] = each if len(each) > 1 else each[0]
        kind = targets[name].quantity
        if kind == "direction":
            angle = np.arctan2(values[0], values[1]) % (2 * np.pi)
            said["angle"] = json_number(angle if np.any(values) else np.nan)
        elif kind == "flow_scale":
            said["scale"] = each[0]
    return said


def is_complete(job: Job, spec: ModelSpec, options: PredictOptions) -> bool:
    """Tell whether an earlier run wrote all that this one would: the same maps of the same image by the same model.

    Edges: without a key whatever is there is taken. Numbers bear no key: where there are no maps besides they are never
        complete.
    """
    wanted = _maps_of(job, spec, options)
    if job.numbers is not None and not (job.numbers.is_file() and (wanted or not job.key)):
        return False
    found = [_key_in(path) for path in wanted]
    return None not in found and (not job.key or set(found) <= {job.key})


def refuse_foreign(job: Job, spec: ModelSpec, options: PredictOptions) -> None:
    """Make sure that what a job is about to write replaces no raster of somebody else's.

    Raises:
        UsageError: a raster of that name is there which no prediction has made.

    Edges: what is no raster, such as half a file, may be replaced.
    """
    for path in _maps_of(job, spec, options):
        if path.is_file() and _key_in(path) == "":
            raise UsageError(
                "expected no file of this name, or a map that `landseer predict` made; got another raster",
                where=path,
                do="choose another output folder, or give --overwrite to replace it",
            )


def _maps_of(job: Job, spec: ModelSpec, options: PredictOptions) -> list[Path]:
    """List the maps that a job writes, as far as they are always there."""
    wanted = list(job.values.values())
    if spec.mask is not None:
        wanted += [job.uncertainty(name) for name in options.uncertainty]
        wanted += [job.output, job.probability] if options.probabilities else [job.output]
    if options.products and find_pose(spec) is not None:
        wanted += [product_path(job, name) for name in options.products]
    return wanted


def _key_in(path: Path) -> str | None:
    """Return the key of the job that made a raster, empty where none did; None where there is no raster."""
    try:
        return read_tags(path).get(TAG, "")
    except FileReadError:
        return None


def _has_data(band: NDArray[np.generic], nodata: float | None) -> NDArray[np.bool_]:
    """Tell which pixels of one band have data."""
    valid = np.isfinite(band)
    if nodata is not None:
        valid &= band != nodata
    return valid


def _write_probability(
    job: Job, info: RasterInfo, result: Map, classes: ClassTable, options: PredictOptions
) -> None:
    """Write one band per class but the first."""
    if result.probability is None:
        return
    foreground = np.where(result.valid, result.probability[1:], np.float32(np.nan))
    nodata = float("nan")
    if options.probability_dtype == "uint8":
        nodata = float(IGNORE)
        foreground = np.where(result.valid, np.rint(100 * foreground), nodata).astype(np.uint8)
    write_raster(
        job.probability,
        foreground,
        crs=info.crs,
        transform=info.transform,
        nodata=nodata,
        descriptions=classes.names[1:],
        tags=job.tags,
    )


def _write_values(
    job: Job, info: RasterInfo, values: NDArray[np.float32], target: str, spec: ModelSpec
) -> None:
    """Write the map of a dense target, one band a plane, NaN outside the data."""
    names = spec.targets[target].layers or (target,)
    write_raster(
        job.values[target],
        values,
        crs=info.crs,
        transform=info.transform,
        nodata=float("nan"),
        descriptions=names if len(names) == len(values) else None,
        tags=job.tags,
        cloud_optimised=info.crs is not None,
    )
