"""Points on surfaces, as the materials are asked for their colour, and how colours are scaled and mixed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.synth.daylight import Season

Field = NDArray[np.float32]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Points:
    """Points on surfaces of one material.

    Attributes:
        colour: (n, 3) reflectance of the surface.
        south, east, height: (n) metres.
        along, across: (n) metres on the surface from its first corner, level.
        pattern: (n, 3) as in `Faces`.
        number: (n) number of the surface.
        season: of the plants.
    """

    colour: Field
    south: Floats
    east: Floats
    height: Floats
    along: Floats
    across: Floats
    pattern: Field
    number: NDArray[np.int32]
    season: Season


def scaled(colour: Field, factor: Field) -> Field:
    """Scale colours, one factor per point."""
    result: Field = colour * np.maximum(factor, 0.05)[:, None]
    return result


def mixed(first: Field, second: object, share: Field) -> Field:
    """Mix two colours, a share of the second per point."""
    weight = np.clip(share, 0.0, 1.0)[:, None]
    result: Field = first * (1 - weight) + np.asarray(second, np.float32) * weight
    return result
