"""How an image is read: whether it has the model's bands, and at which ground sample distance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.errors import BandError
from landseer.predict.gsd import GsdLookup, at_gsd
from landseer.predict.inputs import Job
from landseer.predict.missing import read_measured
from landseer.predict.spec import ModelSpec
from landseer.raster.read import RasterInfo, has_alpha, read_info

_WITH_ALPHA = (2, 4, 5)
"""Bands of images in grey, in colours, or in colours and near infrared, with an alpha band."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One image as it is read.

    Attributes:
        job: the image and its files; where it is read at another distance, a virtual raster stands for the image.
        info: the header of what is read.
        image: its pixels; None when it is so large that it is read in windows.
        gsd_m: ground sample distance at which it is read, m; NaN where not known.
        source: the image as the user named it.
    """

    job: Job
    info: RasterInfo
    image: NDArray[np.generic] | None
    gsd_m: float
    source: Path

    def note(self, spec: ModelSpec) -> str:
        """Say what a user should know of how it is read; empty where there is nothing."""
        if spec.gsd_m is None or not math.isnan(self.gsd_m):
            return ""
        return (
            f"nothing tells its ground sample distance, so its pixels are taken for {spec.gsd_m:g} m, at which the "
            "model reads; give --gsd-m or --gsd-table"
        )


def prepare(job: Job, spec: ModelSpec, gsd: GsdLookup, grids: Path | None = None) -> Tile:
    """Find out how an image is to be read; no pixels.

    Args:
        job: the image and its files.
        spec: bands and ground sample distance of the model.
        gsd: finds that of the image.
        grids: folder of virtual rasters; None takes a hidden one beside the map.

    Raises:
        FileReadError: it cannot be read.
        BandError: it has other bands than the model expects.
        GridError: its georeference gives no ground sample distance, which the model needs.
        UsageError: nothing tells the distance, which the model asks for.

    Edges: where the model was trained at one ground sample distance and the image has another, the image is read at the
        model's, through a virtual raster; the map has that distance too.
    """
    info = read_info(job.image)
    check_bands(info, spec)
    gsd_m = gsd(info)
    ready = at_gsd(job, gsd_m, spec.gsd_m, grids)
    if ready is job:
        return Tile(job, info, None, gsd_m, job.image)
    scaled = read_info(ready.image)
    shrunk = (info.height * info.width) / (scaled.height * scaled.width)
    return Tile(ready, scaled, None, gsd_m * math.sqrt(shrunk), job.image)


def read_tile(
    job: Job, spec: ModelSpec, window_px: int, gsd: GsdLookup, *, heeds_declared: bool = True
) -> Tile:
    """Read one image, or only its header when a side is longer than the window; errors and edges of `prepare`."""
    tile = prepare(job, spec, gsd)
    if max(tile.info.height, tile.info.width) > window_px:
        return tile
    image = read_measured(tile.job.image, spec.read_bands, heeds_declared=heeds_declared)
    return Tile(tile.job, tile.info, image, tile.gsd_m, tile.source)


def check_bands(info: RasterInfo, spec: ModelSpec) -> None:
    """Make sure that a file has the bands that a model was trained on; an alpha band behind them is none.

    Raises:
        BandError: it has more or fewer.

    Edges: models of older versions count the alpha band of their training images: a last band of two, four or
        five that they do not read may be missing.
    """
    fits = {spec.n_file_bands}
    if spec.n_file_bands in _WITH_ALPHA and all(b.index < spec.n_file_bands for b in spec.bands):
        fits.add(spec.n_file_bands - 1)
    if info.count in fits or (info.count - 1 in fits and has_alpha(info.path)):
        return
    names = ", ".join(band.name for band in spec.bands)
    wanted = f"{spec.n_file_bands} bands ({names})"
    if len(spec.bands) != spec.n_file_bands:
        wanted = f"{spec.n_file_bands} bands, {names} among them"
    raise BandError(
        f"expected {wanted}; got {info.count}",
        where=info.path,
        do=f"give images like those the model {spec.name!r} was trained on; an alpha band may come last",
    )
