"""A picture with what is needed to read it: title, legend, colour ramp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from landseer.report.parts import Mark


@dataclass(frozen=True, slots=True)
class Ramp:
    """A continuous legend.

    Attributes:
        colours: `#rrggbb` from the low end to the high one, at equal distances.
        low, high: values at its ends.
        unit: of the values, "" for none.
    """

    colours: tuple[str, ...]
    low: float
    high: float
    unit: str = ""

    def paint(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """Colour values: (h, w) to (h, w, 3) float32 in [0, 1]; beyond the ends the end's colour; NaN is black."""
        table = np.array([to_rgb(colour) for colour in self.colours], np.float32)
        places = np.linspace(0, 1, len(table))
        span = max(self.high - self.low, 1e-12)
        share = np.clip(np.nan_to_num((values - self.low) / span), 0, 1)
        return np.stack([np.interp(share, places, part) for part in table.T], -1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Composite:
    """One picture of a sample.

    Attributes:
        picture: (h, w, 3) float32 in [0, 1], a pixel per pixel of the image; hatched where nothing is known.
        title: what it shows.
        marks: legend of its colours.
        ramp: continuous legend, or None.
        missing: whether there are hatched pixels.
    """

    picture: NDArray[np.float32]
    title: str
    marks: tuple[Mark, ...] = ()
    ramp: Ramp | None = None
    missing: bool = False


def nice_step(span: float, about: int) -> float:
    """Return 1, 2 or 5 times a power of ten that divides a range into about so many steps."""
    if not span > 0:
        return 1.0
    rough = span / about
    power = 10.0 ** np.floor(np.log10(rough))
    return float(min((1, 2, 5, 10), key=lambda step: abs(np.log(step * power / rough))) * power)


def nice_limits(low: float, high: float) -> tuple[float, float]:
    """Widen a range to round ends, about a tenth of it apart."""
    step = nice_step(high - low, 10)
    ends = float(np.floor(low / step + 1e-6) * step), float(np.ceil(high / step - 1e-6) * step)
    return ends if ends[1] > ends[0] else (ends[0] - step, ends[0] + step)


def spread(values: NDArray[np.floating], low: float = 0.02, high: float = 0.98) -> Sequence[float]:
    """Return two quantiles of the finite values; 0 and 1 where there are none."""
    finite = values[np.isfinite(values)]
    return [float(part) for part in np.quantile(finite, [low, high])] if finite.size else [0.0, 1.0]
