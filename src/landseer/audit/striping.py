"""Striping: how much of the difference between neighbouring lines repeats across the whole image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from landseer.core.window import Window

MIN_SIDE_PX = 64
"""Below this side an image has too few lines for a figure."""

WINDOW_PX = 256
"""Side of the windows in which images are measured."""

CELL_PX = 1024
"""Side of the cells of which each has one window, in its middle."""

STEEPEST = 0.24
"""Slope of the steepest lines that are tried against the rows (or columns): 13.5 degrees."""

_DRIFT_PX = 2.56
_BLOCKS = 8
_BIN_PX = 4
_MOST_BINS = 6
_AROUND = 9
_CLIP_SIGMA = 1.5
_SECTIONS = 8
_QUANTILE_OF_SECTIONS = 0.375
_MAD_TO_SIGMA = 1.4826
_LEAST_VALID = 0.25
_LEAST_PAIRS = 6
_STEP_OF_MEDIAN = 3

Pixels = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Stripes:
    """The strongest stripes of an image.

    Attributes:
        strength: share of the line-to-line differences that repeats across the image, 0 to 1.
        band: position of the band in the array.
        along: `rows` or `columns`: along which the stripes run.
        tilt_deg: angle between them; 0 for the scanner's own grid.
    """

    strength: float
    band: int
    along: str
    tilt_deg: float


def find_stripes(image: NDArray[np.generic], valid: Mask) -> Stripes | None:
    """Find the band and the direction in which an image is striped most.

    Stripes are what far parts of an image have in common line by line. Eight blocks of up to 24 px are spread over its
    width; in each, pixels are averaged along lines of a slope, less the mean of the 9 px around across them (which
    takes away what changes slowly), clipped at 1.5 sigma (so that no edge and no cloud weighs much). With r the
    correlation of the profiles of two blocks, over the 21 pairs that are not neighbours,

        strength = min(median of r over the whole length, 3/8 quantile of r pooled in each of 8 sections of it),

    at the slope where the first is greatest (up to 13.5 degrees against the rows), for rows and for columns, for each
    band; the greatest counts. What fills a part of the width fails the median; what crosses the whole width in a few
    places (a canal, a road) fails in most of the sections.

    Args:
        image: (b, h, w), any real type.
        valid: (b, h, w); pixels that are False have no say.

    Returns:
        The strongest stripes, by strength; None where the image is too small or has too few valid pixels.

    Edges: a blank image has strength 0. Measured is the middle 256 x 256 px; of larger images that of each cell of
        1024 px: the strength is their mean, the rest that of the strongest. Chance alone gives about 0.04 at 350 px and
        up to 0.17 at 128 px. A few lost lines are no stripes. The tilt of regular stripes may be that of an alias.

    Source: own; that stripes are what remains of line means once the ground is averaged out is as old as moment
        matching (Horn and Woodham 1979, doi 10.1016/0146-664X(79)90035-2).
    """
    found = [
        one for window in _windows(*image.shape[1:]) if (one := _in_window(image, valid, window))
    ]
    if not found:
        return None
    strongest = max(found, key=lambda one: one.strength)
    mean = float(np.mean([one.strength for one in found]))
    return Stripes(mean, strongest.band, strongest.along, strongest.tilt_deg)


def _windows(height: int, width: int) -> list[Window]:
    """Return the middle of each cell of a grid, none where the image is too small."""
    if min(height, width) < MIN_SIDE_PX:
        return []
    return [
        Window(row, col, min(height, WINDOW_PX), min(width, WINDOW_PX))
        for row in _starts(height)
        for col in _starts(width)
    ]


def _starts(length: int) -> list[int]:
    """Return where the windows start along one side."""
    cells = -(-length // CELL_PX)
    middles = [(2 * number + 1) * length / (2 * cells) for number in range(cells)]
    return [max(0, round(middle - WINDOW_PX / 2)) for middle in middles]


def _in_window(image: NDArray[np.generic], valid: Mask, window: Window) -> Stripes | None:
    """Find the strongest stripes of one window."""
    part, there = image[:, *window.slices], valid[:, *window.slices]
    candidates = _candidates(part.transpose(0, 2, 1), there.transpose(0, 2, 1), "rows")
    candidates += _candidates(part, there, "columns")
    best: Stripes | None = None
    for stripes, profiles in sorted(candidates, key=lambda one: -one[0].strength):
        if best is not None and stripes.strength <= best.strength:
            break
        strength = max(0.0, min(stripes.strength, _along_the_way(profiles)))
        if best is None or strength > best.strength:
            best = replace(stripes, strength=strength)
    return best


def _candidates(
    image: NDArray[np.generic], valid: Mask, along: str
) -> list[tuple[Stripes, Pixels]]:
    """Return the best slope of each band, and the profiles (n, x) of its good blocks.

    Lines run along the first pixel axis.
    Shapes: b band, n block, i bin of a block, x place across the lines, k frequency across the lines, s slope.
    """
    residual_bnix, good_bn = _residuals(image, valid)
    lines_sbnk = _sheared(residual_bnix, image.shape[1])
    real_sbnk = lines_sbnk.view(np.float32)
    medians_sb = _medians(np.matmul(real_sbnk, real_sbnk.swapaxes(-1, -2)), good_bn)
    found = []
    for band in np.flatnonzero(np.isfinite(medians_sb[0])):
        slope = int(medians_sb[:, band].argmax())
        spectrum_nk = np.pad(lines_sbnk[slope, band, good_bn[band]], ((0, 0), (1, 0)))
        profiles_nx = fft.irfft(spectrum_nk, n=residual_bnix.shape[-1], axis=-1)
        tilt_deg = float(np.degrees(np.arctan(_slopes(image.shape[1])[slope])))
        stripes = Stripes(float(medians_sb[slope, band]), int(band), along, tilt_deg)
        found.append((stripes, profiles_nx))
    return found


def _sheared(residual_bnix: Pixels, length: int) -> NDArray[np.complex64]:
    """Average each block along lines of each slope: spectra (s, b, n, k)."""
    n_bands, _, n_bins, across = residual_bnix.shape
    inner_ksi, outer_ksn = _shifts(length, across, n_bins)
    spectrum_bnik = fft.rfft(residual_bnix, axis=-1)[..., 1:]
    stacked_kim = spectrum_bnik.transpose(3, 2, 0, 1).reshape(-1, n_bins, n_bands * _BLOCKS)
    lines_ksbn = np.matmul(inner_ksi, stacked_kim).reshape(*outer_ksn.shape[:2], n_bands, _BLOCKS)
    lines_ksbn *= outer_ksn[:, :, None]
    return np.ascontiguousarray(lines_ksbn.transpose(1, 2, 3, 0))


def _along_the_way(profiles: Pixels) -> float:
    """Cut profiles (n, x) into sections, correlate them in each, and return what most of the sections reach."""
    n_blocks, length = profiles.shape
    width = length // _SECTIONS
    sections = profiles[:, : width * _SECTIONS].reshape(n_blocks, _SECTIONS, width).swapaxes(0, 1)
    products = np.matmul(sections, sections.swapaxes(-1, -2))
    first, second = np.triu_indices(n_blocks, 2)
    own = products.diagonal(axis1=1, axis2=2)
    scale = np.sqrt(np.maximum(own[:, first] * own[:, second], 0)).sum(axis=1)
    shared = products[:, first, second].sum(axis=1)
    reached = np.divide(shared, scale, out=np.zeros_like(shared), where=scale > 0)
    return float(np.quantile(reached, _QUANTILE_OF_SECTIONS))


def _medians(products: NDArray[np.float32], good: Mask) -> NDArray[np.float32]:
    """Turn products (s, b, n, n) into the median correlation (s, b) of good blocks that are not neighbours."""
    norms = np.sqrt(np.maximum(np.einsum("sbnn->sbn", products), 0))
    scale = norms[..., :, None] * norms[..., None, :]
    correlations = np.divide(products, scale, out=np.zeros_like(products), where=scale > 0)
    first, second = np.triu_indices(_BLOCKS, 2)
    medians = np.full(correlations.shape[:2], np.nan, np.float32)
    for band in range(len(good)):
        keep = good[band, first] & good[band, second]
        if keep.sum() >= _LEAST_PAIRS:
            values = correlations[:, band, first[keep], second[keep]]
            medians[:, band] = np.median(values, axis=-1)
    return medians


def _residuals(image: NDArray[np.generic], valid: Mask) -> tuple[Pixels, Mask]:
    """Average pixels in bins along the lines, take away their surroundings across them, and clip.

    Returns:
        (b, n, i, x) float32, 0 where unknown, and which blocks (b, n) have pixels enough.
    """
    rows = _rows(image.shape[1])
    shape = (len(image), *rows.shape, image.shape[2])
    there = valid[:, rows.ravel()].reshape(shape)
    values = np.where(there, image[:, rows.ravel()].reshape(shape), 0).astype(np.float32)
    sums, counts = values.sum(axis=3), there.sum(axis=3, dtype=np.float32)
    around = ndimage.uniform_filter1d(sums, _AROUND, axis=-1, mode="nearest")
    weight = ndimage.uniform_filter1d(counts, _AROUND, axis=-1, mode="nearest")
    enough = counts >= _BIN_PX / 2
    residual = sums / np.maximum(counts, 1) - around / np.maximum(weight, 1e-6)
    residual[~enough] = 0
    for band, known in zip(residual, enough, strict=True):
        limit = _CLIP_SIGMA * _spread(band[known])
        np.clip(band, -limit, limit, out=band)
    return residual, enough.mean(axis=(2, 3)) >= _LEAST_VALID


def _spread(values: Pixels) -> float:
    """Return a robust standard deviation; of values that are mostly 0, the plain one."""
    if not values.size:
        return 0.0
    robust = _MAD_TO_SIGMA * float(np.median(np.abs(values[::_STEP_OF_MEDIAN])))
    return robust or float(values.std())


@lru_cache(maxsize=32)
def _rows(length: int) -> NDArray[np.intp]:
    """Return which rows the bins of the blocks are made of, (n, i, pixels of a bin)."""
    n_bins = max(1, min(_MOST_BINS, length // _BLOCKS // _BIN_PX))
    span = n_bins * _BIN_PX
    starts = np.array(
        [round(number * (length - span) / (_BLOCKS - 1)) for number in range(_BLOCKS)]
    )
    return starts[:, None, None] + np.arange(span).reshape(n_bins, _BIN_PX)


@lru_cache(maxsize=32)
def _slopes(length: int) -> NDArray[np.float64]:
    """Return the slopes to try: over the length of a line, two neighbouring ones part by 2.56 px."""
    steps = round(STEEPEST * length / _DRIFT_PX)
    return np.linspace(-STEEPEST, STEEPEST, 2 * steps + 1)


@lru_cache(maxsize=8)
def _shifts(
    length: int, across: int, n_bins: int
) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
    """Return the factors that shear a block onto its first bin (k, s, i) and blocks onto the first (k, s, n)."""
    frequency = 2j * np.pi * np.arange(1, across // 2 + 1)[:, None, None] / across
    slopes = _slopes(length)[:, None]
    inner = np.exp(frequency * slopes * np.arange(n_bins) * _BIN_PX)
    outer = np.exp(frequency * slopes * (_rows(length)[:, 0, 0] - length / 2))
    return inner.astype(np.complex64), outer.astype(np.complex64)
