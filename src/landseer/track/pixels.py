"""Pixels for people: natural colour, class colours, hatching, and what was found, found wrongly or missed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

PALETTE = (
    "#ebe7dc", "#00798c", "#e8730c", "#2b2f8f", "#86211c", "#4a96ee", "#7eab81", "#503de5",
)  # fmt: skip
"""Colours of classes that have none of their own; told apart by the colour-blind."""

HITS = ("#f1eee6", "#00604f", "#e8730c", "#3d9be9")
"""Colours of: rightly nothing, found, found wrongly, missed; told apart by the colour-blind, and by lightness."""

HIT_NAMES = ("", "found", "found wrongly", "missed")
"""What the colours of `HITS` mean."""

_DARK, _BRIGHT, _GAMMA = 0.01, 0.96, 0.7
_LEAST_RANGE = 0.25
_MOST_PX = 1 << 18
_HATCH = (0.86, 0.66)


def class_colours(colours: Sequence[str], n_classes: int) -> list[str]:
    """Return a colour per class: its own, or one of the palette where it has none."""
    own = [*colours, *[""] * n_classes][:n_classes]
    return [colour or PALETTE[number % len(PALETTE)] for number, colour in enumerate(own)]


def stretch(image_chw: NDArray[np.generic]) -> NDArray[np.float32]:
    """Stretch three bands to 0..1 for display, all by one scale, so that hues stay as they are.

    Each band's own darkest level (haze) is taken off, the brightest of the three bands sets the scale of all, and a
    slight gamma opens the shadows.

    Args:
        image_chw: (3, h, w), NaN where invalid; a single band becomes grey.

    Returns:
        (h, w, 3) float32 in [0, 1]; pixels that are invalid in any band are hatched grey.

    Edges: an image without contrast is black, not amplified noise: the range is at least a quarter of the dark level.
    Source: own; per-band dark subtraction after Chavez (1988), doi:10.1016/0034-4257(88)90019-3.
    """
    bands = np.asarray(image_chw, np.float32)
    bands = np.repeat(bands[:1], 3, axis=0) if len(bands) < 3 else bands[:3]
    valid = np.isfinite(bands).all(axis=0)
    picture = hatch(valid.shape)
    if not valid.any():
        return picture
    pixels = bands[:, valid]
    some = pixels[:, :: 1 + pixels.shape[1] // _MOST_PX]
    dark = np.quantile(some, _DARK, axis=1, keepdims=True)
    bright = float(np.quantile((some - dark).max(axis=0), _BRIGHT))
    span = max(bright, _LEAST_RANGE * float(np.abs(dark).mean()), 1e-9)
    picture[valid] = (np.clip((pixels - dark) / span, 0, 1) ** _GAMMA).T
    return picture


def hatch(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return (h, w, 3) float32 in diagonal grey lines: what is not known."""
    rows, cols = np.indices(shape)
    period = max(6, round(max(shape) / 40))
    line = (rows + cols) % period < max(1, period // 4)
    return np.repeat(np.where(line, _HATCH[1], _HATCH[0])[..., None], 3, axis=2).astype(np.float32)


def paint(numbers: NDArray[np.uint8], colours: Sequence[str]) -> NDArray[np.float32]:
    """Colour class numbers: (h, w) uint8 to (h, w, 3) float32; hatched where there is no such class."""
    table = np.array([to_rgb(colour) for colour in colours], np.float32)
    known = numbers < len(table)
    picture = hatch(numbers.shape)
    picture[known] = table[numbers[known]]
    return picture


def hits(truth: NDArray[np.uint8], decided: NDArray[np.uint8], n_classes: int) -> NDArray[np.uint8]:
    """Say for each pixel whether it was found, found wrongly or missed.

    Args:
        truth, decided: (h, w) class numbers.
        n_classes: truth beyond it is not known.

    Returns:
        (h, w) uint8, positions in `HITS`; 255 where truth is not known. With more than two classes every wrong pixel
        is found wrongly, and every right one but class 0 is found.
    """
    wrong = decided != truth
    kinds = np.select([~wrong & (truth > 0), wrong & (decided > 0), wrong], [1, 2, 3], 0)
    if n_classes > 2:
        kinds[wrong] = 2
    kinds[truth >= n_classes] = 255
    return kinds.astype(np.uint8)


def outline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels of a mask that touch its outside; the picture's border is no outside."""
    padded = np.pad(mask, 1, mode="edge")
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inside


def nice_length(most_m: float) -> float:
    """Return the greatest of 1, 2 or 5 times a power of ten that is no longer than this, m."""
    power = 10.0 ** math.floor(math.log10(most_m))
    return max(step * power for step in (1, 2, 5) if step * power <= most_m * (1 + 1e-9))


def length_text(length_m: float) -> str:
    """Write a length with its unit: km from 1 km, m below, cm below 1 m."""
    if length_m >= 1000:
        return f"{length_m / 1000:g} km"
    return f"{length_m:g} m" if length_m >= 1 else f"{length_m * 100:g} cm"
