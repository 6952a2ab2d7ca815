"""What is wrong with surveyed heights: noise, single wrong returns, gaps, an older survey, a shift."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from landseer.synth.noise import fractal

Field = NDArray[np.float32]
Bools = NDArray[np.bool_]
Rng = np.random.Generator

NODATA = 65535
"""Value of height files where nothing is known."""

HIGHEST_M = 655.34
"""Greatest height that a file can hold."""


def survey(
    seen_m: Field,
    surveyed_m: Field,
    water: Bools,
    flaws: Sequence[str],
    noise_m: float,
    rng: Rng,
) -> Field:
    """Return heights as a survey gives them.

    Args:
        seen_m: (h, w) exact heights of what the image shows.
        surveyed_m: (h, w) exact heights of what stood there when the LiDAR was flown.
        water: (h, w) where the laser gets no return.
        flaws: names from `geopose_plan.FLAWS`.
        noise_m: standard deviation of the noise, metres.
        rng: source of randomness.

    Returns:
        (h, w) float32, not below 0; NaN in gaps.
    """
    heights = (surveyed_m if "older" in flaws else seen_m).copy()
    if "shifted" in flaws:
        heights = shifted(heights, rng)
    if noise_m:
        heights += np.float32(noise_m) * rng.standard_normal(heights.shape, dtype=np.float32)
    if "speckle" in flaws:
        speckle(heights, rng)
    if "holes" in flaws:
        heights[gaps(water, rng)] = np.nan
    return np.clip(heights, 0.0, HIGHEST_M)


def shifted(heights: Field, rng: Rng) -> Field:
    """Move heights by one or two pixels, in whole pixels; the border repeats."""
    turn, far = rng.uniform(0, math.tau), rng.uniform(1.0, 2.4)
    down, right = round(far * math.sin(turn)), round(far * math.cos(turn))
    if not (down or right):
        right = 1
    padded = np.pad(heights, 3, mode="edge")
    height, width = heights.shape
    moved: Field = padded[3 - down : 3 - down + height, 3 - right : 3 - right + width]
    return moved.copy()


def speckle(heights: Field, rng: Rng) -> None:
    """Replace single pixels, in place: some are far too high, some fall to the ground."""
    count = int(heights.size * rng.uniform(0.0005, 0.004))
    at = rng.integers(0, heights.size, count)
    high = rng.random(count) < 0.5
    wrong = np.where(high, rng.gamma(1.5, 9.0, count), 0.0)
    flat = heights.reshape(-1)
    flat[at] = np.where(high, flat[at] + wrong, 0.0)


def gaps(water: Bools, rng: Rng) -> Bools:
    """Draw where no height is known: water, blotches, and at times a wedge between flight strips."""
    side = max(water.shape)
    field = fractal(side, rng, 3.0, side / 6)[: water.shape[0], : water.shape[1]]
    share = float(rng.uniform(0.002, 0.05))
    missing: Bools = field > np.quantile(field, 1.0 - share)
    missing |= ndimage.binary_dilation(water, iterations=1)
    if rng.random() < 0.3:
        missing |= _wedge(water.shape, rng)
    return missing


def _wedge(shape: tuple[int, ...], rng: Rng) -> Bools:
    """Return a narrow wedge across the tile."""
    rows, cols = np.indices(shape, dtype=np.float32)
    turn = rng.uniform(0, math.pi)
    middle = np.array(shape) * rng.uniform(0.2, 0.8, 2)
    along = (rows - middle[0]) * math.sin(turn) + (cols - middle[1]) * math.cos(turn)
    across = (rows - middle[0]) * math.cos(turn) - (cols - middle[1]) * math.sin(turn)
    wide = max(shape) * rng.uniform(0.002, 0.015)
    inside: Bools = np.abs(across) < wide * (0.6 + along / max(shape))
    return inside


def to_file(heights_m: Field) -> NDArray[np.uint16]:
    """Return heights as files hold them: whole centimetres, 65535 where unknown.

    Args:
        heights_m: 0 to 655.34, or NaN.
    """
    whole = np.rint(np.nan_to_num(heights_m) * 100.0)
    return np.where(np.isnan(heights_m), NODATA, whole).astype(np.uint16)
