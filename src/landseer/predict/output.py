"""How a map and its probabilities are written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.core.bands import Band
from landseer.core.classes import IGNORE, ClassTable
from landseer.errors import FileReadError
from landseer.predict.inputs import Job
from landseer.predict.options import PredictOptions
from landseer.raster.read import RasterInfo, read_info
from landseer.raster.write import write_raster


@dataclass(frozen=True, slots=True)
class Map:
    """A predicted image.

    Attributes:
        classes: (h, w) uint8 class numbers.
        probability: (classes, h, w) float32, or None when not asked for.
        valid: (h, w) bool, true where any band has data.
    """

    classes: NDArray[np.uint8]
    probability: NDArray[np.float32] | None
    valid: NDArray[np.bool_]


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
    job: Job, info: RasterInfo, result: Map, classes: ClassTable, options: PredictOptions
) -> None:
    """Write a map beside nothing else: the probabilities first, the class map last, each whole or not at all.

    Raises:
        WriteError: the disk is full or the folder cannot be written.
    """
    if result.probability is not None:
        _write_probability(job.probability, info, result, classes, options)
    marks = options.nodata == "mark"
    write_raster(
        job.output,
        np.where(result.valid, result.classes, IGNORE if marks else 0).astype(np.uint8),
        crs=info.crs,
        transform=info.transform,
        nodata=IGNORE if marks else None,
        descriptions=("class",),
        colour_table=dict(enumerate(classes.colours)) or None,
    )


def is_complete(job: Job, options: PredictOptions) -> bool:
    """Tell whether an earlier run wrote all that this one would."""
    wanted = [job.output, job.probability] if options.probabilities else [job.output]
    return all(_readable(path) for path in wanted)


def _readable(path: Path) -> bool:
    """Whether this is a raster."""
    try:
        read_info(path)
    except FileReadError:
        return False
    return True


def _has_data(band: NDArray[np.generic], nodata: float | None) -> NDArray[np.bool_]:
    """Tell which pixels of one band have data."""
    valid = np.isfinite(band)
    if nodata is not None:
        valid &= band != nodata
    return valid


def _write_probability(
    path: Path, info: RasterInfo, result: Map, classes: ClassTable, options: PredictOptions
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
        path,
        foreground,
        crs=info.crs,
        transform=info.transform,
        nodata=nodata,
        descriptions=classes.names[1:],
    )
