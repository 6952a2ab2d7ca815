"""Footprints of buildings: the outline of all their roofs on the ground, as polygons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from landseer.synth.builder import BUILDING, Builder
from landseer.synth.solids import World

Floats = NDArray[np.float64]

_CRACK_M = 0.03
_LEAST_M2 = 4.0


@dataclass(frozen=True)
class Footprint:
    """A building.

    Attributes:
        outline: polygon or multipolygon, holes for courts, metres (east, north) from the middle of the scene.
        height_m: of its roof on the whole.
    """

    outline: shapely.Geometry
    height_m: float

    @property
    def middle(self) -> Floats:
        """(east, north) of a place in the outline."""
        point = shapely.point_on_surface(self.outline)
        return np.array([shapely.get_x(point), shapely.get_y(point)])


def footprints(builder: Builder, world: World) -> list[Footprint]:
    """Return the buildings of a world, in the order in which they were built.

    Args:
        builder: what it was built by.
        world: its solids.

    Edges: what is smaller than 4 square metres, as a kennel, is no building.
    """
    up = world.faces.normal[:, 2] > 0.05
    corners = world.faces.corners
    found = []
    for span in builder.spans:
        if span.kind != BUILDING:
            continue
        mine = np.arange(*span.faces)
        roof = corners[mine[up[mine]]]
        roof = roof[roof[..., 2].max(1, initial=0.0) > 1.0] if len(roof) else roof
        if not len(roof):
            continue
        outline = _outline(roof[..., :2])
        if shapely.area(outline) >= _LEAST_M2:
            found.append(Footprint(outline, round(float(np.median(roof[..., 2])), 3)))
    return found


def _outline(quads: Floats) -> shapely.Geometry:
    """Join roof faces (n, 4, 2) of (south, east) to one outline of (east, north)."""
    plane = np.stack([quads[..., 1], -quads[..., 0]], -1)
    faces = shapely.buffer(shapely.polygons(plane), _CRACK_M, join_style="mitre")
    whole = shapely.buffer(shapely.union_all(faces), -_CRACK_M, join_style="mitre")
    return shapely.normalize(shapely.simplify(whole, 0.02))
