"""A world of solids in ground metres: flat faces, and ellipsoids for the crowns of trees."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PERMANENT = 2.0
"""Age of what has always been there."""

PASSING = 0.0
"""Age of what is there on one day only: cars."""


@dataclass(frozen=True)
class Faces:
    """Flat convex quadrilaterals; a triangle repeats its last corner.

    Attributes:
        corners: (n, 4, 3) float64: south, east, height above the ground; counter-clockwise seen from outside
            with south down and east right on the page.
        colour: (n, 3) float32 reflectance of red, green and blue, 0 to 1.
        material: (n,) uint8, number in `materials.MATERIALS`.
        along: (n, 2) float64 unit vector (south, east) that patterns follow, from corner 0.
        pattern: (n, 3) float32: storey height and bay width in metres, share of glass.
        age: (n,) float32; what is younger than a share of the site's life was built later (see `World.before`).
    """

    corners: Floats
    colour: NDArray[np.float32]
    material: NDArray[np.uint8]
    along: Floats
    pattern: NDArray[np.float32]
    age: NDArray[np.float32]

    @cached_property
    def normal(self) -> Floats:
        """(n, 3) unit vectors pointing outwards: south, east, up."""
        first, second, third, fourth = (self.corners[:, number] for number in range(4))
        crossed = np.cross(third - first, fourth - second)
        same = (third == fourth).all(axis=1)
        crossed[same] = np.cross(second - first, third - first)[same]
        length = np.sqrt((crossed * crossed).sum(axis=1))
        result: Floats = crossed / np.maximum(length, 1e-12)[:, None]
        return result


@dataclass(frozen=True)
class Domes:
    """Ellipsoids of revolution about plumb lines.

    Attributes:
        centre: (n, 3) float64: south, east, height above the ground.
        radius: (n, 2) float64: level and upright, metres.
        colour: (n, 3) float32 reflectance.
        material: (n,) uint8.
        age: (n,) float32.
    """

    centre: Floats
    radius: Floats
    colour: NDArray[np.float32]
    material: NDArray[np.uint8]
    age: NDArray[np.float32]


Solids = TypeVar("Solids", Faces, Domes)


@dataclass(frozen=True)
class Looks:
    """Columns of `Faces` and `Domes` under each other, and the place that patterns start from."""

    colour: NDArray[np.float32]
    material: NDArray[np.uint8]
    origin: Floats
    along: Floats
    pattern: NDArray[np.float32]


@dataclass(frozen=True)
class World:
    """All that stands on a piece of ground.

    Attributes:
        faces: the first ones lie on the ground and are painted in their order.
        domes: crowns.
        extent_m: first and last south, first and last east of the ground that exists.
    """

    faces: Faces
    domes: Domes
    extent_m: tuple[float, float, float, float]

    @cached_property
    def looks(self) -> Looks:
        """How surfaces look, by their number: faces first, then crowns."""
        faces, domes = self.faces, self.domes
        spare = len(domes.centre)
        return Looks(
            colour=np.concatenate([faces.colour, domes.colour]),
            material=np.concatenate([faces.material, domes.material]),
            origin=np.concatenate([faces.corners[:, 0, :2], domes.centre[:, :2]]),
            along=np.concatenate([faces.along, np.tile([1.0, 0.0], (spare, 1))]),
            pattern=np.concatenate([faces.pattern, np.zeros((spare, 3), np.float32)]),
        )

    @property
    def top_m(self) -> float:
        """Height of the highest point."""
        tops = [0.0]
        if len(self.faces.corners):
            tops.append(float(self.faces.corners[..., 2].max()))
        if len(self.domes.centre):
            tops.append(float((self.domes.centre[:, 2] + self.domes.radius[:, 1]).max()))
        return max(tops)

    def before(self, share: float) -> World:
        """Return the world as it was when that share of the buildings was not yet built.

        Args:
            share: 0 to 1; 0 leaves everything. Cars are gone from any share above 0: they drive.
        """
        return World(
            keep(self.faces, self.faces.age >= share),
            keep(self.domes, self.domes.age >= share),
            self.extent_m,
        )


def keep(table: Solids, rows: NDArray[np.bool_]) -> Solids:
    """Return the chosen rows of `Faces` or `Domes`."""
    return type(table)(*(getattr(table, column.name)[rows] for column in fields(table)))
