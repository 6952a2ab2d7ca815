"""A local rectangular frame on the ground: x along a street, y away from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """Origin and direction of a local frame.

    Attributes:
        south, east: origin, metres.
        turn: direction of x, radians from south towards east; y is a quarter turn further.
    """

    south: float
    east: float
    turn: float = 0.0

    @property
    def axis(self) -> tuple[float, float]:
        """Unit vector of x: (south, east)."""
        return math.cos(self.turn), math.sin(self.turn)

    def ground(self, places: ArrayLike) -> Floats:
        """Return ground places (..., 2) south and east of local places (..., 2) x and y."""
        x, y = np.moveaxis(np.asarray(places, np.float64), -1, 0)
        cos, sin = self.axis
        return np.stack([self.south + cos * x - sin * y, self.east + sin * x + cos * y], -1)

    def inner(self, x: float, y: float, turn: float = 0.0) -> Frame:
        """Return the frame whose origin lies at (x, y), turned further."""
        south, east = self.ground((x, y))
        return Frame(float(south), float(east), self.turn + turn)


@dataclass(frozen=True)
class Box:
    """A rectangle in a frame, metres."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """Extent along x."""
        return self.x1 - self.x0

    @property
    def depth(self) -> float:
        """Extent along y."""
        return self.y1 - self.y0

    @property
    def middle(self) -> tuple[float, float]:
        """Centre."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    @property
    def corners(self) -> Floats:
        """(4, 2), counter-clockwise."""
        return np.array(
            [[self.x0, self.y0], [self.x1, self.y0], [self.x1, self.y1], [self.x0, self.y1]]
        )

    def shrunk(self, by: float) -> Box:
        """Return the box with every side moved inwards (outwards where negative)."""
        return Box(self.x0 + by, self.y0 + by, self.x1 - by, self.y1 - by)
