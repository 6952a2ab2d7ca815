"""Pictures of real-valued targets: input, truth, prediction and error side by side, in colours with a legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray

from landseer.track.figures import SheetRow, sheet_figure

_VALUES, _ERRORS, _UNKNOWN = "viridis", "RdBu_r", (0.86, 0.87, 0.88)
_STEPS = 4


@dataclass(frozen=True, slots=True)
class ValueExample:
    """One sample to draw.

    Attributes:
        sample: its name.
        composite: (h, w, 3) in 0..1.
        truth: (y, x) on its own grid, NaN where unknown.
        prediction: (h, w) on the image's pixels.
        error: (y, x) prediction - truth on the truth's grid.
    """

    sample: str
    composite: NDArray[np.float32]
    truth: NDArray[np.floating]
    prediction: NDArray[np.floating]
    error: NDArray[np.floating]


def values_figure(examples: Sequence[ValueExample], title: str, unit: str) -> Figure:
    """Draw input, truth, prediction and error of each example as one row.

    All rows share one scale: from the 1st to the 99th percentile of the truths, and as much error to either side as
    99 % of the pixels have.

    Edges: unknown pixels are grey; without any known pixel the scale is 0 to 1.
    """
    low, high = _range([example.truth for example in examples])
    most = _range([np.abs(example.error) for example in examples])[1]
    rows = [
        SheetRow(
            example.sample,
            (
                example.composite,
                paint_values(example.truth, low, high, _VALUES),
                paint_values(example.prediction, low, high, _VALUES),
                paint_values(example.error, -most, most, _ERRORS),
            ),
        )
        for example in examples
    ]
    legend = _legend(low, high, _VALUES, unit) + _legend(-most, most, _ERRORS, unit, steps=2)
    titles = ("input", "truth", "prediction", "error")
    return sheet_figure(rows, titles, title=title, legend=legend)


def paint_values(
    values: NDArray[np.floating], low: float, high: float, colours: str
) -> NDArray[np.float32]:
    """Return (h, w, 3) colours in 0..1; NaN is grey."""
    share = np.clip((np.nan_to_num(values) - low) / max(high - low, 1e-12), 0, 1)
    painted = colormaps[colours](share)[..., :3].astype(np.float32)
    painted[np.isnan(values)] = _UNKNOWN
    return painted


def _range(arrays: Sequence[NDArray[np.floating]]) -> tuple[float, float]:
    """Return the 1st and 99th percentile of all known pixels."""
    known = np.concatenate([array[np.isfinite(array)].ravel() for array in arrays] or [np.zeros(0)])
    if not known.size:
        return 0.0, 1.0
    low, high = np.percentile(known, [1, 99])
    return float(low), float(max(high, low + 1e-6))


def _legend(
    low: float, high: float, colours: str, unit: str, steps: int = _STEPS
) -> list[tuple[str, str]]:
    """Return a few colours of a scale with their values."""
    sign = "+" if low < 0 else ""
    places = np.linspace(0, 1, steps + 1)
    return [
        (
            to_hex(colormaps[colours](place)),
            f"{low + place * (high - low):{sign}.3g} {unit}".strip(),
        )
        for place in places
    ]
