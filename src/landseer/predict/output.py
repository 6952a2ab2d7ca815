"""How a map and its probabilities are written."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.core.files import json_number, write_json
from landseer.errors import FileReadError, UsageError
from landseer.models.targets import TargetSpec
from landseer.predict.inputs import TAG, Job
from landseer.predict.journal import folder_of, forget, open_folder
from landseer.predict.map import CLASSES, Map
from landseer.predict.options import PredictOptions
from landseer.predict.products import FILES, find_pose, product_path, write_products
from landseer.predict.sinks import Sinks
from landseer.predict.spec import ModelSpec
from landseer.predict.stac import item_path
from landseer.raster.legend import legend_path
from landseer.raster.levels import TILE_PX
from landseer.raster.read import RasterInfo, read_bands, read_tags


def write_map(
    sinks: Sinks, info: RasterInfo, result: Map, spec: ModelSpec, options: PredictOptions
) -> None:
    """Write all files of an image, numbers first and the class map last, each whole or not at all.

    Args:
        sinks: its files.
        info: the header of the image.
        result: what is predicted of it.
        spec, options: what it means, and what is made of it besides.

    Raises:
        WriteError: the disk is full or the folder cannot be written.
    """
    job = sinks.job
    if job.numbers is not None:  # they bear no key: when a map does, they are of the same run
        write_json(job.numbers, numbers_of(result.numbers, spec.targets))
    if options.products:
        write_products(job, info, result, spec, options)
    scratch = folder_of(job.output)
    with ExitStack() as stack:
        stack.callback(forget, scratch)
        is_large = max(info.height, info.width) > TILE_PX
        if is_large:
            open_folder(scratch)
        sinks.open(stack, info, scratch if is_large else None)
        sinks.write(0, result.arrays)


def read_map(job: Job, numbers: Mapping[str, NDArray[np.float32]]) -> Map:
    """Read back the maps of an image, for what is made of them.

    Args:
        job: its files, written already.
        numbers: what is predicted of the image as a whole, by target.

    Edges: everything is held in memory.
    """
    files = dict(job.values) | ({CLASSES: job.output} if job.output.is_file() else {})
    return Map({name: read_bands(path) for name, path in files.items()}, numbers)


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


def files_of(job: Job, options: PredictOptions) -> list[Path]:
    """List the files that an image may become with these options, items and styles among them."""
    maps = [job.output, job.probability, *job.values.values()]
    maps += [job.uncertainty(name) for name in options.uncertainty]
    maps += [product_path(job, name) for p in options.products for name in FILES[p]]
    numbers = [] if job.numbers is None else [job.numbers]
    return [*maps, *numbers, *map(item_path, maps), legend_path(job.output)]


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
