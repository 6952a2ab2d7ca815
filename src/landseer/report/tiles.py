"""Pictures as data addresses: photographs as JPEG, classes and shares as PNG of few colours, overlays with holes."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from PIL import Image

from landseer.core.bands import Band
from landseer.report.composites import colour_bands, natural_bands, read_colours
from landseer.report.parts import Bar
from landseer.track.pixels import hatch, length_text, nice_length, stretch

OUTLINE = "#ffd400"
"""Colour of the outline of a label."""

Kind = TypeVar("Kind", bound=np.generic)

_SHARE_STEPS = 64
_QUALITY = 80


def composite(
    path: Path, bands: Sequence[Band], *, false_colour: bool = False
) -> NDArray[np.float32]:
    """Read a sample as a picture: true colour, or near infrared, red, green.

    Returns:
        (h, w, 3) float32 in [0, 1], hatched where invalid; where a band of it is missing, what comes nearest to true
        colour (`composites.natural_bands`).
    """
    chosen = colour_bands(bands, "false") if false_colour else None
    return stretch(read_colours(path, chosen or natural_bands(bands)[0]))


def fitted(picture: NDArray[np.float32], side_px: int) -> NDArray[np.float32]:
    """Bring (h, w, 3) in 0..1 to about this longer side: averaged if larger, repeated by a whole number if smaller."""
    longest = max(picture.shape[:2])
    if longest <= side_px:
        return _enlarged(picture, side_px)
    image = Image.fromarray(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8))
    height, width = (max(1, round(n * side_px / longest)) for n in picture.shape[:2])
    small = np.asarray(image.resize((width, height), Image.Resampling.BOX), np.float32)
    return small / np.float32(255)


def fitted_numbers(numbers: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """Bring (h, w) class numbers to the size that `fitted` gives pictures: the nearest pixels, nothing is mixed."""
    return _enlarged(_thinned(numbers, side_px), side_px)


def photo_uri(picture: NDArray[np.float32], side_px: int) -> str:
    """Return an (h, w, 3) picture in 0..1 as JPEG of about this size: averaged if larger, repeated if smaller."""
    image = Image.fromarray(np.rint(picture * 255).astype(np.uint8))
    longest = max(image.size)
    if longest > side_px:
        width, height = (max(1, round(length * side_px / longest)) for length in image.size)
        image = image.resize((width, height), Image.Resampling.BOX)
    else:
        image = Image.fromarray(_enlarged(np.asarray(image), side_px))
    return _uri(image, "JPEG", quality=_QUALITY, optimize=True, subsampling=1)


def index_uri(
    numbers: NDArray[np.uint8], colours: Sequence[str], side_px: int, *, clear: bool = False
) -> str:
    """Return class numbers as PNG of as many colours; hatched beyond them.

    Args:
        numbers: (h, w) uint8, positions in `colours`.
        colours: `#rrggbb` each.
        side_px: larger pictures are thinned out, smaller ones repeated.
        clear: whether what is beyond the colours is a hole, not hatched.
    """
    shown = _enlarged(_thinned(numbers, side_px), side_px)
    n, outside = len(colours), shown >= len(colours)
    lines = hatch(shown.shape)[..., 0]
    greys = np.unique(lines)
    indexes = np.where(outside, n + (0 if clear else np.searchsorted(greys, lines)), shown)
    table = [round(255 * part) for colour in colours for part in to_rgb(colour)]
    table += [round(255 * float(grey)) for grey in greys for _ in range(3)]
    image = Image.fromarray(indexes.astype(np.uint8)).convert("L")
    image.putpalette(table)
    return _uri(image, "PNG", optimize=True, **({"transparency": n} if clear else {}))


def share_uri(shares: NDArray[np.float32], side_px: int) -> str:
    """Return (h, w) shares in 0..1 as PNG in viridis of 64 steps."""
    colours = matplotlib.colormaps["viridis"](np.linspace(0, 1, _SHARE_STEPS))[:, :3]
    steps = np.rint(np.clip(np.nan_to_num(shares), 0, 1) * (_SHARE_STEPS - 1)).astype(np.uint8)
    names = [matplotlib.colors.to_hex(colour) for colour in colours]
    return index_uri(steps, names, side_px)


def shrunk(mask: NDArray[np.bool_], side_px: int) -> NDArray[np.bool_]:
    """Shrink a mask to this side; what fills a quarter of a pixel stays, so that small patches do."""
    longest = max(mask.shape)
    if longest <= side_px:
        return mask
    height, width = (max(1, round(n * side_px / longest)) for n in mask.shape)
    image = Image.fromarray(mask.astype(np.uint8) * 255)
    image = image.resize((width, height), Image.Resampling.BOX)
    return np.asarray(image) >= 64


def scale_bar(width_px: int, gsd_m: float | None) -> Bar | None:
    """Return a bar of a round length, at most 40 % of the picture; None where the pixel's size is not known."""
    if gsd_m is None or not math.isfinite(gsd_m) or gsd_m <= 0:
        return None
    ground_m = width_px * gsd_m
    length_m = nice_length(0.4 * ground_m)
    return Bar(round(100 * length_m / ground_m, 2), length_text(length_m))


def _thinned(array: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """Take the nearest pixels of a picture that is larger than this."""
    longest = max(array.shape)
    if longest <= side_px:
        return array
    picked = [
        (np.arange(max(1, round(n * side_px / longest))) + 0.5) * longest / side_px
        for n in array.shape
    ]
    rows, cols = (
        np.minimum(p.astype(int), n - 1) for p, n in zip(picked, array.shape, strict=True)
    )
    return array[np.ix_(rows, cols)]


def _enlarged(array: NDArray[Kind], side_px: int) -> NDArray[Kind]:
    """Repeat the pixels of a small picture by a whole number, so that browsers do not blur them."""
    factor = max(1, side_px // max(array.shape[:2]))
    return array.repeat(factor, axis=0).repeat(factor, axis=1)


def _uri(image: Image.Image, form: str, **options: object) -> str:
    """Render a picture into a data address."""
    buffer = io.BytesIO()
    image.save(buffer, format=form, **options)
    return f"data:image/{form.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"
