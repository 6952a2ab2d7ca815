"""Colour ramps of indices and single bands: diverging about zero where both signs are there, sequential elsewhere."""

from __future__ import annotations

import matplotlib
import numpy as np
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from landseer.report.parts import Mark
from landseer.report.pictures import Composite, Ramp, nice_limits, spread
from landseer.track.pixels import hatch, paint

DIVERGING, SEQUENTIAL = "BrBG", "cividis"
"""Colour maps of matplotlib that the colour-blind read too (ColorBrewer; doi:10.1371/journal.pone.0199239)."""

HOLDS = ("#ebe7dc", "#00798c")
"""Colours of a condition: false, true."""

_STOPS = 33
_BOTH = 0.02


def ramp_of(name: str, low: float, high: float, unit: str = "") -> Ramp:
    """Make a ramp of a colour map of matplotlib."""
    colours = matplotlib.colormaps[name](np.linspace(0, 1, _STOPS))
    return Ramp(tuple(to_hex(colour) for colour in colours), low, high, unit)


def index_picture(
    values: NDArray[np.generic], name: str, limits: tuple[float, float] | None = None
) -> Composite:
    """Draw an index.

    Args:
        values: (h, w) numbers with NaN where missing, or bool for a condition.
        name: of the index, for the title.
        limits: ends of the colours; None takes the 2nd and 98th percentile, widened to round numbers.

    Edges: with more than 2 % of the pixels on either side of zero the colours are those of a diverging map with zero
        in its middle, unless limits are given that leave zero out.
    """
    if values.dtype == bool:
        marks = (Mark("fill", HOLDS[1], "true"), Mark("fill", HOLDS[0], "false"))
        return Composite(paint(values.astype(np.uint8), HOLDS), name, marks)
    numbers = values.astype(np.float32)
    finite = numbers[np.isfinite(numbers)]
    both = finite.size > 0 and _BOTH < float((finite < 0).mean()) < 1 - _BOTH
    if limits is None:
        low, high = spread(numbers)
        limits = nice_limits(-max(-low, high), max(-low, high)) if both else nice_limits(low, high)
    is_diverging = limits[0] < 0 < limits[1] and (both or limits[0] == -limits[1])
    if is_diverging:
        limits = (-max(-limits[0], limits[1]), max(-limits[0], limits[1]))
    return _painted(numbers, name, ramp_of(DIVERGING if is_diverging else SEQUENTIAL, *limits))


def plain_picture(
    values: NDArray[np.float32], name: str, limits: tuple[float, float] | None = None
) -> Composite:
    """Draw one band, (h, w) with NaN where missing, in a sequential ramp; ends as in `index_picture`."""
    low, high = limits or nice_limits(*spread(values))
    return _painted(values, name, ramp_of(SEQUENTIAL, low, high))


def _painted(values: NDArray[np.float32], title: str, ramp: Ramp) -> Composite:
    """Paint values by a ramp, hatched where they are missing."""
    known = np.isfinite(values)
    picture = np.where(known[..., None], ramp.paint(values), hatch(values.shape))
    return Composite(picture.astype(np.float32), title, (), ramp, not known.all())
