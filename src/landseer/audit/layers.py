"""Layers: what of each image is compared to find the same place, read in one pass, and a hash of all its pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.audit.detail import shrink
from landseer.core.bands import Band
from landseer.core.parallel import parallel_map
from landseer.errors import BandError
from landseer.raster.read import read_bands
from landseer.spectral.compute import variables_from
from landseer.spectral.formula import Formula


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of one image.

    Attributes:
        layers: one (h, w) float32 per formula, shrunk; NaN where missing or not `valid`.
        content: hash of size, type and all pixels; "" when every band is constant and so proves nothing.
    """

    layers: tuple[NDArray[np.float32], ...]
    content: str


def choose_layers(bands: Sequence[Band]) -> tuple[str, ...]:
    """Choose what to compare when the recipe does not say: the height if there is one, else what hardly changes.

    Returns:
        One formula: the first elevation band with 0 (sea) for nodata; else near infrared; else the mean reflectance.

    Raises:
        BandError: there is no elevation and no reflectance band.
    """
    heights = [band.name for band in bands if band.kind == "elevation"]
    if heights:
        return (f"where(isnan({heights[0]}), 0, {heights[0]})",)
    reflectances = [band for band in bands if band.kind == "reflectance"]
    infrared = [band.name for band in reflectances if "N" in band.codes]
    if infrared:
        return (infrared[0],)
    if not reflectances:
        raise BandError(
            "expected an elevation or reflectance band to compare places by; got none",
            do="name a formula in the recipe's same_place.layers",
        )
    return (f"({' + '.join(band.name for band in reflectances)}) / {len(reflectances)}",)


def read_layers(
    paths: Sequence[Path],
    bands: Sequence[Band],
    formulas: Sequence[str],
    *,
    valid: str | None,
    factor: int,
    workers: int | None = None,
) -> list[Reading]:
    """Read every image once and compute its layers.

    Args:
        paths: images, each with all `bands`.
        bands: bands of the images.
        formulas: what to compute, over band names and codes.
        valid: formula that is true where a pixel can be trusted, or None for everywhere.
        factor: pixels per side of the blocks that are averaged.

    Raises:
        FileReadError, BandError, FormulaError: a file or a formula is not what it should be.
    """
    parsed = tuple(Formula.parse(text) for text in formulas)
    trusted = Formula.parse(valid) if valid else None

    def read(path: Path) -> Reading:
        """Read one image."""
        return _read(path, bands, parsed, trusted, factor)

    return list(parallel_map(read, paths, label="reading layers", workers=workers))


def _read(
    path: Path,
    bands: Sequence[Band],
    formulas: tuple[Formula, ...],
    trusted: Formula | None,
    factor: int,
) -> Reading:
    """Read one image."""
    image = read_bands(path, [band.index for band in bands])
    variables = variables_from(image, bands)
    layers = [np.asarray(formula(variables), np.float32) for formula in formulas]
    if trusted is not None:
        keep = np.asarray(trusted(variables)).astype(bool)
        layers = [np.where(keep, layer, np.float32(np.nan)) for layer in layers]
    return Reading(tuple(shrink(layer, factor) for layer in layers), _content(image))


def _content(image: NDArray[np.generic]) -> str:
    """Hash an image's pixels, or return "" when it has none that differ."""
    flat = image.reshape(len(image), -1)
    if bool((flat == flat[:, :1]).all()):
        return ""
    return hashlib.sha256(f"{image.shape}{image.dtype}".encode() + image.tobytes()).hexdigest()
