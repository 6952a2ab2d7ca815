"""Heights as a relief: a tint by height, shaded from the north-west, with contour lines."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from landseer.report.parts import Mark
from landseer.report.pictures import Composite, Ramp, nice_limits, nice_step, spread
from landseer.track.pixels import hatch

TINT = ("#2b5d5b", "#4f7f6c", "#7f9c78", "#b0b685", "#d8cc9d", "#ecdfc3", "#fbf7ee")
"""Colours by height, low to high; lightness grows with height, so that hue is not needed to read them."""

SEA = "#b9d3e6"
"""Colour of heights of 0 and below, where the land is above them."""

_CONTOUR = "#5a3d2b"
_SUN_AZIMUTH, _SUN_ALTITUDE = math.radians(315), math.radians(45)
_WANTED_SLOPE = math.tan(math.radians(35))
_LEAST_SEA = 0.001
_MOST_EXAGGERATION = 10.0


def relief_picture(
    height: NDArray[np.float32],
    name: str,
    gsd_m: float | None = None,
    *,
    limits: tuple[float, float] | None = None,
    contours: bool = True,
) -> Composite:
    """Draw heights.

    Args:
        height: (h, w) metres, NaN where missing.
        name: of the band, for the title.
        gsd_m: side of a pixel, m; None shades by what slopes there are, not to scale.
        limits: lowest and highest height of the tint, m; None takes the 1st and 99th percentile, widened.
        contours: whether contour lines are drawn, about eight of them.

    Edges: heights of 0 and below are sea where both they and land are there. Gentle slopes are exaggerated up to ten
        times; the shading is for the eye, the tint is to scale.
    """
    known = np.isfinite(height)
    land = height[known & (height > 0)]
    is_sea = known & (height <= 0)
    has_sea = bool(land.size) and float(is_sea.mean()) >= _LEAST_SEA
    shown = np.where(is_sea, np.nan, height) if has_sea else height
    low, high = limits or nice_limits(*spread(shown, 0.01, 0.99))
    ramp = Ramp(TINT, low, high, "m")
    picture = ramp.paint(shown)
    if has_sea:
        picture[is_sea] = _rgb(SEA)
    picture *= shade(height, gsd_m)[..., None]
    marks = [Mark("fill", SEA, "0 m or below")] if has_sea else []
    step = nice_step(high - low, 8)
    if contours and known.any():
        lines = _lines(height, step) & known
        picture[lines] = 0.45 * picture[lines] + 0.55 * _rgb(_CONTOUR)
        marks.append(Mark("line", _CONTOUR, f"contours every {step:g} m"))
    picture = np.where(known[..., None], np.clip(picture, 0, 1), hatch(height.shape))
    return Composite(picture.astype(np.float32), name, tuple(marks), ramp, not known.all())


def shade(height: NDArray[np.float32], gsd_m: float | None = None) -> NDArray[np.float32]:
    """Shade a surface from the north-west, 45 degrees high: about 1 where it is level, 0.55 to 1.2 elsewhere.

    Args:
        height: (h, w) metres, NaN where missing; rows run to the south.
        gsd_m: side of a pixel, m, or None.

    Returns:
        (h, w) float32; 1 where a neighbour is missing.

    Source: Horn (1981), doi:10.1109/PROC.1981.11918.
    """
    if min(height.shape) < 3:
        return np.ones(height.shape, np.float32)
    east, south = _slopes(height)
    known = np.isfinite(east) & np.isfinite(south)
    steep = np.hypot(east, south)[known]
    typical = float(np.quantile(steep, 0.95)) if steep.size else 0.0
    if typical <= 0:
        return np.ones(height.shape, np.float32)
    side_m = gsd_m if gsd_m is not None and gsd_m > 0 else None
    factor = _WANTED_SLOPE / typical
    if side_m is not None:
        factor = min(max(factor, 1 / side_m), _MOST_EXAGGERATION / side_m)
    east, south = east * factor, south * factor
    # The normal is (-east, south, 1) with y to the north; the light comes from where the sun stands.
    x, y = math.sin(_SUN_AZIMUTH), math.cos(_SUN_AZIMUTH)
    flat, up = math.cos(_SUN_ALTITUDE), math.sin(_SUN_ALTITUDE)
    light = ((-east * x + south * y) * flat + up) / np.sqrt(1 + east**2 + south**2)
    shaded = 1 + 0.65 * (np.clip(light, 0, 1) - up)
    return np.where(known, shaded, 1).astype(np.float32)


def _slopes(height: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return how much the height grows per pixel to the east and to the south, by Horn's weights."""
    p = np.pad(height, 1, mode="edge")
    east = (p[:-2, 2:] + 2 * p[1:-1, 2:] + p[2:, 2:]) - (
        p[:-2, :-2] + 2 * p[1:-1, :-2] + p[2:, :-2]
    )
    south = (p[2:, :-2] + 2 * p[2:, 1:-1] + p[2:, 2:]) - (
        p[:-2, :-2] + 2 * p[:-2, 1:-1] + p[:-2, 2:]
    )
    return (east / 8).astype(np.float32), (south / 8).astype(np.float32)


def _lines(height: NDArray[np.float32], step: float) -> NDArray[np.bool_]:
    """Return the pixels at which a contour passes: a lower neighbour to the east or south is in another class."""
    level = np.floor(np.nan_to_num(height, nan=-1e9) / step)
    known = np.isfinite(height)
    lines = np.zeros(height.shape, bool)
    lines[:, :-1] |= (level[:, :-1] != level[:, 1:]) & known[:, :-1] & known[:, 1:]
    lines[:-1] |= (level[:-1] != level[1:]) & known[:-1] & known[1:]
    return lines


def _rgb(colour: str) -> NDArray[np.float32]:
    """Return `#rrggbb` as three numbers in [0, 1]."""
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)], np.float32)
