"""What of an image is no measurement: what its own mask hides, and the nodata value that it declares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.core.bands import Band
from landseer.core.window import Window
from landseer.raster.opening import open_raster
from landseer.raster.read import mask_open, prove_whole, read_open, with_gaps


@dataclass(frozen=True, slots=True)
class Declared:
    """The bands of an image with what its file declares as nodata, where the recipe names none.

    Attributes:
        bands: with a nodata value of the recipe or the file.
        added: positions of those that have the file's.
    """

    bands: tuple[Band, ...]
    added: tuple[int, ...] = ()

    @property
    def hides(self) -> bool:
        """Whether pixels can lack data because of what the file declares."""
        return bool(set(self.added) & set(measuring(self.bands)))

    def blank(self, image: NDArray[Any]) -> None:
        """Put NaN for the declared value into bands of decimals (b, h, w): there it is never a measurement."""
        if image.dtype.kind != "f":
            return
        for place in self.added:
            image[place][image[place] == self.bands[place].nodata] = np.nan


def declared_nodata(bands: Sequence[Band], values: Sequence[float | None]) -> Declared:
    """Give bands the nodata values of their file.

    Args:
        bands: that are read, with the recipe's nodata.
        values: what the file declares, for each of its bands.

    Edges: the recipe's value goes before the file's; a declared NaN adds nothing, for NaN is missing anyhow.
    """
    found = {
        place: value
        for place, band in enumerate(bands)
        if band.nodata is None
        and (value := values[band.index - 1]) is not None
        and math.isfinite(value)
    }
    if not found:
        return Declared(tuple(bands))
    filled = (
        replace(band, nodata=found.get(place, band.nodata)) for place, band in enumerate(bands)
    )
    return Declared(tuple(filled), tuple(found))


def measuring(bands: Sequence[Band]) -> list[int]:
    """Return positions of the bands that measure reflectance; of all where none does."""
    optical = [place for place, band in enumerate(bands) if band.kind == "reflectance"]
    return optical or list(range(len(bands)))


def valid_pixels(image: NDArray[np.generic], bands: Sequence[Band]) -> NDArray[np.bool_]:
    """Tell which pixels have data in any measuring band.

    Args:
        image: (b, h, w) raw values.
        bands: one per layer; where some measure reflectance, only those count.

    Returns:
        (h, w) bool.

    Edges: NaN and infinity are no data; a band without a nodata value has data wherever it is finite.
    """
    valid = np.zeros(image.shape[1:], bool)
    for place in measuring(bands):
        valid |= _has_data(image[place], bands[place].nodata)
    return valid


def read_measured(
    path: Path, bands: Sequence[Band], window: Window | None = None, *, heeds_declared: bool = True
) -> NDArray[np.generic]:
    """Read an image, NaN where its own mask hides it or where all measuring bands have the nodata that it declares.

    Args:
        path: a raster file or an address.
        bands: to be read, in this order; the file has them.
        window: pixel rectangle inside the raster; None reads all.
        heeds_declared: whether what the file declares counts; false reads as training does.

    Returns:
        (b, h, w) in the file's own dtype; float32 (float64 of 32-bit integers) where pixels are missing. What the
        recipe calls nodata stands as it is.

    Raises:
        FileReadError: the file cannot be opened, or its pixels end early or are damaged.

    Edges: in files of decimals the declared value of a band becomes NaN for that band alone too.
    """
    indexes = [band.index for band in bands]
    with open_raster(path) as dataset:
        prove_whole(dataset)
        image = read_open(dataset, indexes, window)
        there = mask_open(dataset, indexes, window)
        declared = (
            declared_nodata(bands, dataset.nodatavals) if heeds_declared else Declared(tuple(bands))
        )
    declared.blank(image)
    image = with_gaps(image, there)
    if not declared.hides:
        return image
    valid = valid_pixels(image, declared.bands)
    return with_gaps(image, None if valid.all() else valid)


def _has_data(band: NDArray[np.generic], nodata: float | None) -> NDArray[np.bool_]:
    """Tell which pixels of one band have data."""
    valid = np.isfinite(band)
    if nodata is not None:
        valid &= band != nodata
    return valid
