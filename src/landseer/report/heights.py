"""Heights in colour, and what is wrong with them: pictures of one raster with the legend they need."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import to_hex, to_rgb
from numpy.typing import NDArray

from landseer.errors import GridError
from landseer.report.pictures import Composite, Ramp, nice_limits
from landseer.report.ramps import ramp_of
from landseer.track.pixels import hatch

HEIGHT_COLOURS = ("#f4f1e6", "#cfe0c0", "#8fc7b0", "#4aa3a6", "#2b7a99", "#2f4f86", "#2d2560")
"""Colours by height, low to high; lightness falls all the way, so that hue is not needed to read them."""

ERROR_COLOURS = "RdBu_r"
"""Colour map of errors: blue is too low, red too high (ColorBrewer, told apart by the colour-blind)."""

_MOST_SHARE = 0.995
_LEAST_TOP_M = 2.0
_SHADING = 0.4
_USUAL_GSD_M = 0.5
_STOPS = 129


def height_picture(
    agl_m: NDArray[np.floating],
    title: str = "height above ground",
    *,
    limits: tuple[float, float] | None = None,
    gsd_m: float | None = None,
    shaded: bool = True,
) -> Composite:
    """Draw heights above ground.

    Args:
        agl_m: (h, w) m, NaN where not known.
        title: what they are.
        limits: heights at the ends of the colours (`height_ramp`), m; None takes 0 and the quantile 0.995, widened.
        gsd_m: side of a pixel, m, for the shading; None takes half a metre.
        shaded: whether light from the north-west shapes roofs and crowns; colours are to scale without it.

    Edges: heights beyond the ends have the end's colour; what is not known is hatched.
    """
    heights = np.asarray(agl_m, np.float32)
    known = np.isfinite(heights)
    ramp = height_ramp(*(limits or height_limits(heights)))
    picture = ramp.paint(heights)
    if shaded:
        picture = np.clip(picture * _light(heights, gsd_m)[..., None], 0, 1)
    picture = np.where(known[..., None], picture, hatch(heights.shape))
    return Composite(picture.astype(np.float32), title, (), ramp, not known.all())


def height_ramp(low_m: float, high_m: float) -> Ramp:
    """Return the colours of heights: they change with the square root of height, so that houses show beside towers."""
    table = np.array([to_rgb(colour) for colour in HEIGHT_COLOURS])
    places = np.sqrt(np.linspace(0, 1, _STOPS)) * (len(table) - 1)
    parts = [np.interp(places, np.arange(len(table)), part) for part in table.T]
    return Ramp(tuple(to_hex(colour) for colour in np.stack(parts, axis=-1)), low_m, high_m, "m")


def height_limits(*heights_m: NDArray[np.floating]) -> tuple[float, float]:
    """Return 0 and a round height that 99.5 % of the known pixels of all rasters stay below, at least 2 m."""
    known = [np.asarray(one)[np.isfinite(one)] for one in heights_m]
    tops = [float(np.quantile(one, _MOST_SHARE)) for one in known if one.size]
    return 0.0, nice_limits(0.0, max([_LEAST_TOP_M, *tops]))[1]


def error_picture(
    truth_m: NDArray[np.floating],
    prediction_m: NDArray[np.floating],
    title: str = "prediction − truth: blue too low, red too high",
    *,
    limit_m: float | None = None,
) -> Composite:
    """Draw by how much predicted heights are too low (blue) or too high (red).

    Args:
        truth_m, prediction_m: (h, w) m, NaN where not known.
        title: what it shows.
        limit_m: error at both ends of the colours, m; None takes the quantile 0.98 of the absolute error, widened.

    Raises:
        GridError: the sizes differ.

    Edges: where either is not known the picture is hatched.
    """
    if np.shape(truth_m) != np.shape(prediction_m):
        raise GridError(
            f"expected heights of one size; got {np.shape(truth_m)} and {np.shape(prediction_m)}"
        )
    error = np.asarray(prediction_m, np.float32) - np.asarray(truth_m, np.float32)
    known = np.isfinite(error)
    top = error_limit([(truth_m, prediction_m)]) if limit_m is None else limit_m
    ramp = ramp_of(ERROR_COLOURS, -top, top, "m")
    picture = np.where(known[..., None], ramp.paint(error), hatch(error.shape))
    return Composite(picture.astype(np.float32), title, (), ramp, not known.all())


def error_limit(pairs: Sequence[tuple[NDArray[np.floating], NDArray[np.floating]]]) -> float:
    """Return a round error, m, that 98 % of the known pixels of all pairs of truth and prediction stay below.

    Edges: 1 m where nothing is known or everything is right.
    """
    errors = [np.abs(np.subtract(*pair, dtype=np.float32)).ravel() for pair in pairs]
    known = np.concatenate([one[np.isfinite(one)] for one in errors]) if errors else np.empty(0)
    top = float(np.quantile(known, 0.98)) if known.size else 0.0
    return nice_limits(0.0, top)[1] if top > 0 else 1.0


def _light(heights: NDArray[np.float32], gsd_m: float | None) -> NDArray[np.float32]:
    """Return (h, w) brightness under light from the north-west, 45 degrees high: 1 where level or not known."""
    if min(heights.shape) < 2:
        return np.ones(heights.shape, np.float32)
    side_m = gsd_m if gsd_m is not None and gsd_m > 0 else _USUAL_GSD_M
    south, east = np.gradient(heights, side_m)
    level = np.sqrt(0.5)
    # The normal is (-east, south, 1) with y to the north; the light comes from (-1/2, 1/2, level).
    light = ((east + south) / 2 + level) / np.sqrt(1 + east**2 + south**2)
    shaded = 1 + _SHADING * (np.clip(light, 0, 1) - level) / level
    return np.where(np.isfinite(shaded), shaded, 1).astype(np.float32)
