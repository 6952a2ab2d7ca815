"""What is drawn for one sample: a function of seed, epoch and the sample's number, and of nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.augment.affine import Geometry
from landseer.augment.config import AugmentConfig
from landseer.core.seeds import derive, generator
from landseer.quantities.d4 import ELEMENTS, swaps_axes


def draw_geometry(
    config: AugmentConfig, height: int, width: int, *, seed: int, epoch: int, number: int
) -> Geometry:
    """Draw the geometry of one sample.

    All numbers are drawn in a fixed order whether they are used or not, so that changing one setting leaves
    the draws of the others as they were.

    Args:
        config: settings.
        height, width: size of the input, in pixels.
        seed: root seed of the run.
        epoch: number of the epoch.
        number: which draw of the epoch this is; a sample that is drawn twice should come under two numbers.
    """
    draws = generator(seed, "augment", epoch, int(number), "geometry").random(12)
    out_height, out_width = config.crop_px or height, config.crop_px or width
    elements = [e for e in ELEMENTS if out_height == out_width or not swaps_axes(e)]
    is_turned = draws[1] < config.rotate_probability
    is_zoomed = draws[3] < config.zoom_probability
    is_sheared = draws[10] < config.shear_probability
    lean = float(2 * draws[11] - 1) * config.shear_deg if is_sheared else 0.0
    reach = config.shift if draws[5] < config.shift_probability else 0.0
    low, high = (math.log(limit) for limit in config.zoom)
    return Geometry(
        row=_start(height, out_height, draws[8]) + _spread(draws[6], reach * out_height),
        col=_start(width, out_width, draws[9]) + _spread(draws[7], reach * out_width),
        element=elements[int(draws[0] * len(elements))] if config.d4 else "identity",
        angle_deg=float(2 * draws[2] - 1) * config.rotate_deg if is_turned else 0.0,
        zoom=math.exp(low + float(draws[4]) * (high - low)) if is_zoomed else 1.0,
        skew=((1.0, 0.0), (-math.tan(math.radians(lean)), 1.0)),
    )


def _start(length: int, size: int, draw: float) -> int:
    """Draw where a window begins; one larger than the input is centred on it."""
    if size >= length:
        return -((size - length) // 2)
    return int(draw * (length - size + 1))


def _spread(draw: float, reach: float) -> int:
    """Turn a draw in 0..1 into a whole number of pixels within -reach..reach."""
    return round(float(2 * draw - 1) * reach)


@dataclass(frozen=True)
class Light:
    """What is drawn for the values of one sample.

    Attributes:
        gain: (k,) factor of each channel.
        bias: (k,) offset of each channel.
        noise_std: standard deviation of the noise; 0 for none.
        noise_seed: seed of the noise.
        kept: (k,) False for channels that are set to 0.
        blocks: first row, first column, height and width of each block that is set to 0.
    """

    gain: NDArray[np.float64]
    bias: NDArray[np.float64]
    noise_std: float
    noise_seed: int
    kept: NDArray[np.bool_]
    blocks: list[tuple[int, int, int, int]]


def draw_light(
    config: AugmentConfig, shape: tuple[int, int, int], *, seed: int, epoch: int, number: int
) -> Light:
    """Draw the changes of value of one sample of `shape` (channels, height, width); see `draw_geometry`."""
    rng = generator(seed, "augment", epoch, int(number), "light")
    channels, height, width = shape
    chances = rng.random(5)
    common = rng.random()
    own, offset, dropped = rng.random((3, channels))
    keep_one, strength = int(rng.random() * channels), float(rng.random())
    corners = rng.random((config.blocks, 2))
    are_blocks = rng.random() < config.blocks_probability
    low, high = config.block_sides_px
    sides = low + (rng.random((config.blocks, 2)) * (high - low + 1)).astype(int)

    gain = np.ones(channels)
    if chances[0] < config.brightness_probability:
        gain *= 1 + (2 * common - 1) * config.brightness
    if chances[1] < config.gain_probability:
        gain *= 1 + (2 * own - 1) * config.gain
    bias = (2 * offset - 1) * config.bias * (chances[2] < config.bias_probability)
    is_noisy = chances[3] < config.noise_probability
    kept = dropped >= config.channel_dropout * (chances[4] < config.channel_dropout_probability)
    kept[keep_one] |= not kept.any()
    return Light(
        gain=gain,
        bias=bias,
        noise_std=strength * config.noise_std * is_noisy,
        noise_seed=derive(seed, "augment", epoch, int(number), "noise"),
        kept=kept,
        blocks=_blocks(corners, sides, (height, width)) if are_blocks else [],
    )


def _blocks(
    centres: NDArray[np.float64], sides: NDArray[np.int64], size: tuple[int, int]
) -> list[tuple[int, int, int, int]]:
    """Place the blocks: their centres lie anywhere in the patch."""
    starts = (centres * size).astype(int) - sides // 2
    return [(int(r), int(c), int(h), int(w)) for (r, c), (h, w) in zip(starts, sides, strict=True)]
