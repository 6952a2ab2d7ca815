"""Layers: what of each image is compared to find the same place, read in one pass, and a hash of all its pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landseer.audit.detail import shrink
from landseer.audit.ground import Beside, to_ground
from landseer.audit.shared_pixels import Prints, mark
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
        prints: marked patches of each layer at full resolution.
    """

    layers: tuple[NDArray[np.float32], ...]
    content: str
    prints: tuple[Prints, ...]


def choose_layers(bands: Sequence[Band], height: str | None = None) -> tuple[str, ...]:
    """Choose what to compare when the recipe does not say: the height, and what changes least of what is seen.

    Args:
        bands: of the images.
        height: name of a raster of heights above ground beside the images, or None.

    Returns:
        Formulas: the first elevation band with 0 (sea) for nodata, and the first near infrared band; the mean
        reflectance where there is neither; and the root of the heights beside the images, for their spread grows with
        them.

    Raises:
        BandError: there is no elevation and no reflectance band.
    """
    heights = [band.name for band in bands if band.kind == "elevation"]
    reflectances = [band for band in bands if band.kind == "reflectance"]
    infrared = [band.name for band in reflectances if "N" in band.codes]
    chosen = [f"where(isnan({name}), 0, {name})" for name in heights[:1]] + infrared[:1]
    if not chosen and reflectances:
        chosen = [f"({' + '.join(band.name for band in reflectances)}) / {len(reflectances)}"]
    if not chosen:
        raise BandError(
            "expected an elevation or reflectance band to compare places by; got none",
            do="name a formula in the recipe's same_place.layers",
        )
    return (*chosen, f"sqrt(abs({height}))") if height is not None else tuple(chosen)


def is_height(formula: str, bands: Sequence[Band]) -> bool:
    """Tell whether a layer is made of elevation alone."""
    return _kinds(Formula.parse(formula), bands) == {"elevation"}


def _kinds(formula: Formula, bands: Sequence[Band]) -> set[str]:
    """Return the kinds of the bands that a formula names, by name or code."""
    return {
        band.kind for band in bands if band.name in formula.names or formula.names & set(band.codes)
    }


def read_layers(
    paths: Sequence[Path],
    bands: Sequence[Band],
    formulas: Sequence[str],
    *,
    valid: str | None,
    factor: int,
    keep_one_in: int = 1,
    workers: int | None = None,
) -> list[Reading]:
    """Read every image once and compute its layers; see `iterate_layers`."""
    return list(
        iterate_layers(
            paths,
            bands,
            formulas,
            valid=valid,
            factor=factor,
            keep_one_in=keep_one_in,
            workers=workers,
        )
    )


def iterate_layers(
    paths: Sequence[Path],
    bands: Sequence[Band],
    formulas: Sequence[str],
    *,
    valid: str | None,
    factor: int,
    keep_one_in: int = 1,
    beside: Sequence[Beside] | None = None,
    workers: int | None = None,
) -> Iterator[Reading]:
    """Read every image once, in order, and compute its layers.

    Args:
        paths: images, each with all `bands`.
        bands: bands of the images.
        formulas: what to compute, over band names and codes.
        valid: formula that is true where a pixel can be trusted, or None for everywhere. Flags say nothing of
            heights: a formula over quality bands alone leaves layers of elevation alone as they are.
        factor: pixels per side of the blocks that are averaged.
        keep_one_in: patches that stand for one that is marked, see `shared_pixels.thinning`.
        beside: what is known of each image besides its bands; None: nothing.

    Raises:
        FileReadError, BandError, FormulaError: a file or a formula is not what it should be.

    Edges: oblique images are laid on the ground after they were shrunk; marks are made of images as they are.
    """
    parsed = tuple(Formula.parse(text) for text in formulas)
    trusted = Formula.parse(valid) if valid else None
    flags_alone = trusted is not None and _kinds(trusted, bands) == {"quality"}
    masked = tuple(
        trusted is not None and not (flags_alone and _kinds(one, bands) == {"elevation"})
        for one in parsed
    )

    def read(job: tuple[Path, Beside]) -> Reading:
        """Read one image."""
        path, known = job
        content, layers, heights = _read(path, bands, parsed, trusted, masked, known)
        small = [shrink(layer, factor) for layer in layers]
        if known.pose is not None and heights is not None:
            small = to_ground(small, shrink(heights, factor), known.pose, factor)
        prints = tuple(mark(layer, keep_one_in=keep_one_in) for layer in layers)
        return Reading(tuple(small), content, prints)

    jobs = list(zip(paths, beside or [Beside()] * len(paths), strict=True))
    return parallel_map(read, jobs, label="reading layers", workers=workers)


def _read(
    path: Path,
    bands: Sequence[Band],
    formulas: tuple[Formula, ...],
    trusted: Formula | None,
    masked: tuple[bool, ...],
    beside: Beside,
) -> tuple[str, list[NDArray[np.float32]], NDArray[np.float32] | None]:
    """Read one image: the hash of its pixels, its layers at full resolution, and heights to lay it on the ground."""
    image = read_bands(path, [band.index for band in bands])
    rasters = beside.read(image.shape[1:])
    variables = {**variables_from(image, bands), **rasters}
    layers = [np.asarray(formula(variables), np.float32) for formula in formulas]
    if trusted is not None:
        keep = np.asarray(trusted(variables)).astype(bool)
        layers = [
            np.where(keep, layer, np.float32(np.nan)) if is_masked else layer
            for layer, is_masked in zip(layers, masked, strict=True)
        ]
    heights = None if beside.pose is None else rasters[beside.pose.height]
    return _content(image), layers, heights


def _content(image: NDArray[np.generic]) -> str:
    """Hash an image's pixels, or return "" when it has none that differ."""
    flat = image.reshape(len(image), -1)
    if bool((flat == flat[:, :1]).all()):
        return ""
    return hashlib.sha256(f"{image.shape}{image.dtype}".encode() + image.tobytes()).hexdigest()
