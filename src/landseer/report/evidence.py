"""What pairs were found by, made visible: the compared layer, and the ground that two samples share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from landseer.core.bands import Band
from landseer.report.pictures import Ramp, spread
from landseer.report.ramps import ramp_of
from landseer.report.relief import TINT, shade
from landseer.spectral.formula import Formula
from landseer.track.pixels import hatch

PREFIX = "image: "
"""What stands before the formula in the method of a pair whose layers agree."""

PREFIXES = (PREFIX, "same pixels: ")
"""What stands before the formula in the methods of pairs that were found by their images."""

CHECKS = 8
"""Fields of a checkerboard along the longer side."""

_FLAT = 1e-6


@dataclass(frozen=True, slots=True)
class Common:
    """What two samples share: `a` and `b` of the same size, as slices of each."""

    a: tuple[slice, slice]
    b: tuple[slice, slice]


def formula_of(methods: pd.Series) -> str | None:
    """Return the formula by which most of these pairs were found, or None where none was found by its image."""
    found = Counter(
        str(one).removeprefix(prefix)
        for one in methods
        for prefix in PREFIXES
        if str(one).startswith(prefix)
    )
    return min(found, key=lambda text: (-found[text], text)) if found else None


def is_over_heights(formula: str, bands: Sequence[Band]) -> bool:
    """Tell whether a formula is over elevation bands alone."""
    heights = {name for b in bands if b.kind == "elevation" for name in (b.name, *b.codes)}
    return Formula.parse(formula).names <= heights


def layer_of(variables: Mapping[str, NDArray[np.generic]], formula: str) -> NDArray[np.float32]:
    """Evaluate the compared layer of a sample: (h, w) float32, NaN where missing."""
    return np.asarray(Formula.parse(formula)(variables), np.float32)


def common_ground(
    shape_a: tuple[int, int], shape_b: tuple[int, int], shift: tuple[int, int]
) -> Common | None:
    """Return the rectangles that two samples share.

    Args:
        shape_a, shape_b: rows and columns, px.
        shift: row and column of b's first pixel in a.

    Returns:
        None where they share nothing.
    """
    (top, left), out_a, out_b = shift, [], []
    for n_a, n_b, offset in ((shape_a[0], shape_b[0], top), (shape_a[1], shape_b[1], left)):
        start, stop = max(0, offset), min(n_a, offset + n_b)
        if stop <= start:
            return None
        out_a.append(slice(start, stop))
        out_b.append(slice(start - offset, stop - offset))
    return Common((out_a[0], out_a[1]), (out_b[0], out_b[1]))


def paint_layer(
    values: NDArray[np.float32], *, is_height: bool, limits: tuple[float, float]
) -> NDArray[np.float32]:
    """Paint a compared layer between limits: heights tinted and shaded, all else in grey; hatched where missing."""
    ramp = Ramp(TINT, *limits) if is_height else ramp_of("gray", *limits)
    picture = ramp.paint(values)
    if is_height:
        picture = np.clip(picture * shade(values)[..., None], 0, 1)
    known = np.isfinite(values)
    return np.where(known[..., None], picture, hatch(values.shape)).astype(np.float32)


def limits_of(*layers: NDArray[np.float32]) -> tuple[float, float]:
    """Return common limits of layers: the 1st and 99th percentile of all their values."""
    low, high = spread(np.concatenate([layer.ravel() for layer in layers]), 0.01, 0.99)
    return low, max(high, low + _FLAT)


def checkerboard(one: NDArray[np.float32], two: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take fields of two pictures (h, w, 3) in turn: lines run on across the fields where both show one place."""
    side = max(4, -(-max(one.shape[:2]) // CHECKS))
    rows, cols = np.indices(one.shape[:2])
    return np.where(((rows // side + cols // side) % 2 == 0)[..., None], one, two)


def difference(one: NDArray[np.float32], two: NDArray[np.float32]) -> NDArray[np.float32]:
    """Subtract two layers after bringing both to mean 0 and deviation 1.

    Returns:
        (h, w) float32, standard deviations; NaN where either is missing; 0 throughout where both are flat.
    """
    known = np.isfinite(one) & np.isfinite(two)
    out = np.full(one.shape, np.nan, np.float32)
    out[known] = _standard(two[known]) - _standard(one[known])
    return out


def _standard(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring values to mean 0 and deviation 1."""
    if not values.size:
        return values
    wide = values.astype(np.float64)
    return ((wide - wide.mean()) / max(float(wide.std()), _FLAT)).astype(np.float32)
