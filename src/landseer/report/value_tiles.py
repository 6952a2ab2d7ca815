"""Rasters of real values as pictures for pages: in even steps of a legend, on their own grid or laid on the image."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_hex
from numpy.typing import NDArray
from PIL import Image

from landseer.report.heights import ERROR_COLOURS, height_limits, height_ramp
from landseer.report.parts import Mark, number
from landseer.report.pictures import Ramp, nice_limits, spread
from landseer.report.ramps import SEQUENTIAL, ramp_of
from landseer.report.tiles import index_uri
from landseer.track.pixels import hatch

UNKNOWN = Mark("hatch", "", "not known")
"""What hatching means in these pictures."""

_STEPS = 33
_NOTHING = 255
_STOPS = 17
_FEWEST = 2


def value_ramp(quantity: str, unit: str, values: list[NDArray[np.floating]]) -> Ramp:
    """Return the colours of a target's values, the same for all rasters given.

    Args:
        quantity: recipe name; heights and magnitudes begin at 0 and change with the square root.
        unit: of the values.
        values: rasters that are to be compared.
    """
    if quantity in ("height", "magnitude"):
        ramp = height_ramp(*height_limits(*values))
        return Ramp(ramp.colours, ramp.low, ramp.high, unit)
    flat = [np.asarray(one).ravel() for one in values]
    low, high = spread(np.concatenate(flat) if flat else np.zeros(0), 0.005, 0.995)
    return ramp_of(SEQUENTIAL, *nice_limits(low, high), unit)


def error_ramp(limit: float, unit: str) -> Ramp:
    """Return the colours of errors: blue is too low, red too high."""
    return ramp_of(ERROR_COLOURS, -limit, limit, unit)


def value_uri(values: NDArray[np.floating], ramp: Ramp, side_px: int) -> str:
    """Return a raster as PNG in 33 steps of a ramp.

    Args:
        values: (h, w), NaN where not known, which is hatched.
        ramp: its colours.
        side_px: larger rasters are averaged, smaller ones repeated by a whole number.
    """
    small = shrunk_values(values, side_px)
    known = np.isfinite(small)
    span = max(ramp.high - ramp.low, 1e-12)
    share = np.clip(np.nan_to_num((small - ramp.low) / span), 0, 1)
    steps = np.where(known, np.rint(share * (_STEPS - 1)), _NOTHING).astype(np.uint8)
    at = np.linspace(ramp.low, ramp.high, _STEPS)
    colours = [to_hex(colour) for colour in ramp.paint(at[None])[0]]
    return index_uri(steps, colours, side_px)


def value_picture(values: NDArray[np.floating], ramp: Ramp, side_px: int) -> NDArray[np.float32]:
    """Paint a raster at display size: (h, w, 3) in 0..1; hatched where not known; sizes as in `value_uri`."""
    small = shrunk_values(values, side_px)
    factor = max(1, side_px // max(small.shape))
    shown = small.repeat(factor, axis=0).repeat(factor, axis=1)
    known = np.isfinite(shown)[..., None]
    return np.where(known, ramp.paint(shown), hatch(shown.shape)).astype(np.float32)


def shrunk_values(values: NDArray[np.floating], side_px: int) -> NDArray[np.float32]:
    """Bring a raster that is larger than this to this longer side: means of what is known, NaN where nothing is."""
    array = np.asarray(values, np.float32)
    longest = max(array.shape)
    if longest <= side_px:
        return array
    height, width = (max(1, round(n * side_px / longest)) for n in array.shape)
    known = np.isfinite(array)
    parts = [np.where(known, array, 0), known]
    total, share = (
        np.asarray(
            Image.fromarray(part.astype(np.float32)).resize((width, height), Image.Resampling.BOX)
        )
        for part in parts
    )
    some = share > 1e-3
    return np.where(some, total / np.where(some, share, 1), np.nan).astype(np.float32)


def laid(
    values: NDArray[np.floating],
    grid: NDArray[np.float64] | None,
    shape: tuple[int, int],
    side_px: int,
) -> NDArray[np.float32]:
    """Lay a raster on the ground of its image, its pixels as the blocks that they are.

    Args:
        values: (h, w) on its own grid, NaN where not known.
        grid: (2, 3) where its pixels lie in the image's; None where it has the image's own.
        shape: rows and columns of the image.
        side_px: longer side of the result where the image is larger.

    Returns:
        Values on display pixels, each taken from the pixel of the raster that it lies in: nothing is interpolated; NaN
        beyond the raster. A raster that is finer than the display is not averaged.
    """
    if grid is None:
        return np.asarray(values, np.float32)
    zoom = max(max(shape) / side_px, 1.0) if max(shape) > side_px else 1 / (side_px // max(shape))
    height, width = (max(1, round(n / zoom)) for n in shape)
    rows, cols = (np.arange(height) + 0.5) * zoom - 0.5, (np.arange(width) + 0.5) * zoom - 0.5
    there = np.stack(np.meshgrid(rows, cols, indexing="ij")).reshape(2, -1)
    if not np.isfinite(grid).all():
        return np.full((height, width), np.nan, np.float32)
    own = np.rint(np.linalg.solve(grid[:, :2], there - grid[:, 2:])).astype(np.int64)
    limits = np.array(np.shape(values))[:, None]
    inside = ((own >= 0) & (own < limits)).all(axis=0)
    picked = np.asarray(values, np.float32)[tuple(np.where(inside, own, 0))]
    return np.where(inside, picked, np.nan).astype(np.float32).reshape(height, width)


def pixel_words(grid: NDArray[np.float64] | None, gsd_m: float | None) -> str:
    """Say how large the pixels of a reference on its own grid are, "" where it has the image's own."""
    if grid is None or not np.isfinite(grid).all():
        return ""
    side_px = float(np.sqrt(abs(np.linalg.det(grid[:, :2]))))
    if gsd_m is None or not np.isfinite(gsd_m):
        return f"pixels of {number(side_px, 2)} image pixels"
    return f"pixels of {number(side_px * gsd_m, 2).rstrip('0').rstrip('.')} m"


def ramp_mark(ramp: Ramp, name: str) -> Mark:
    """Return a ramp as an entry of the page's legend: its colours with the values at its ends and in its middle."""
    stops = ramp.paint(np.linspace(ramp.low, ramp.high, _STOPS)[None])[0]
    middle = (ramp.low + ramp.high) / 2
    ticks = tuple(_tick(value) for value in (ramp.low, middle, ramp.high))
    ticks = (*ticks[:_FEWEST], f"{ticks[-1]} {ramp.unit}".strip())
    return Mark("scale", f"linear-gradient(90deg,{','.join(map(to_hex, stops))})", name, ticks)


def _tick(value: float) -> str:
    """Write a value of a scale."""
    return f"{value:.4g}".replace("-", "−")
