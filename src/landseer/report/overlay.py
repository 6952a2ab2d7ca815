"""A label on top of a picture: filled with some opacity, outlined with a dark casing, ignored pixels hatched."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

CASINGS = ("#10181c", "#ffffff")
"""Colours that run beside an outline, so that it is seen on any ground: beside light outlines, beside dark ones."""


def with_label(
    picture: NDArray[np.float32],
    numbers: NDArray[np.uint8],
    colours: Sequence[str],
    *,
    opacity: float = 0.35,
    background: bool = False,
) -> NDArray[np.float32]:
    """Lay class numbers over a picture.

    Args:
        picture: (h, w, 3) float32 in [0, 1]; enlarged before, so that outlines are finer than pixels of the data.
        numbers: (h, w) uint8 of the same size; beyond `colours` nothing is known: thin lines are laid over.
        colours: `#rrggbb` per class.
        opacity: of the fill, 0 (outline alone) to 1.
        background: whether class 0 is filled and outlined too.

    Returns:
        A copy with the label.
    """
    table = np.array([to_rgb(colour) for colour in colours], np.float32)
    out = picture.copy()
    inside = (numbers < len(table)) & ((numbers > 0) | background)
    tint = table[numbers[inside]]
    out[inside] = (1 - opacity) * out[inside] + opacity * tint
    edge, beside = edges(np.where(inside, numbers, 254).astype(np.uint8))
    out[beside] = 0.35 * out[beside] + 0.65 * np.array(
        to_rgb(casing(colours[1:] or colours)), np.float32
    )
    line = edge & inside
    out[line] = table[numbers[line]]
    rows, cols = np.indices(numbers.shape)
    struck = (numbers >= len(table)) & ((rows - cols) % 6 == 0)
    out[struck] = 0.5
    return out


def casing(colours: Sequence[str]) -> str:
    """Return the colour that sets these outlines off: dark for light ones, white for dark ones.

    Source: relative luminance, ITU-R BT.709.
    """
    light = [np.dot(to_rgb(colour), (0.2126, 0.7152, 0.0722)) for colour in colours]
    return CASINGS[int(np.mean(light) < 0.4)] if light else CASINGS[0]


def edges(numbers: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Find the border pixels of areas, and the pixels of nothing (254) that lie outside along them.

    Args:
        numbers: (h, w) uint8; 254 where no area is.

    Returns:
        Two (h, w) masks: pixels of an area that touch another number, and casing pixels. The picture's own border is
        no border of an area.
    """
    padded = np.pad(numbers, 1, mode="edge")
    around = [padded[1 + r : padded.shape[0] - 1 + r, 1 + c : padded.shape[1] - 1 + c]
              for r, c in ((-1, 0), (1, 0), (0, -1), (0, 1))]  # fmt: skip
    differs = np.any([one != numbers for one in around], axis=0)
    nothing = numbers == 254
    return differs & ~nothing, differs & nothing
