"""What lies on the ground where: asked before anything is planted on it."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from landseer.synth.builder import Builder
from landseer.synth.camera import View, look
from landseer.synth.scan import scan

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_CELL_M = 1.0


def kinds_of(
    builder: Builder, n_faces: int, n_domes: int
) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Return the kind of every face and of every crown; "" where nothing was marked, the last mark elsewhere."""
    faces, domes = np.full(n_faces, "", "U12"), np.full(n_domes, "", "U12")
    for span in builder.spans:
        faces[slice(*span.faces)] = span.kind
        domes[slice(*span.domes)] = span.kind
    return faces, domes


class GroundMap:
    """A picture of the marks on the ground as they are when it is made.

    Args:
        builder: what has been built.
        reach_m: the map covers +- this.
    """

    def __init__(self, builder: Builder, reach_m: float) -> None:
        world = builder.world((-reach_m, reach_m, -reach_m, reach_m))
        side = round(2 * reach_m / _CELL_M)
        self._view: View = look((0.0, 0.0), (side, side), _CELL_M)
        faces, domes = kinds_of(builder, len(world.faces.corners), len(world.domes.centre))
        # the last one is for cells where nothing is, whose number is -1
        self._kind = np.concatenate([faces, domes, [""]])[scan(world, self._view).number]
        self._away: dict[frozenset[str], Floats] = {}

    def _cells(self, places: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return row and column of places, those outside moved to the rim."""
        at = np.rint(self._view.project(places, np.zeros(len(places)))).astype(np.int64)
        rows, cols = self._view.size
        return np.clip(at[:, 0], 0, rows - 1), np.clip(at[:, 1], 0, cols - 1)

    def is_kind(self, places: Floats, kinds: Collection[str]) -> Bools:
        """Say of places (n, 2) whether the ground there has one of the marks."""
        result: Bools = np.isin(self._kind[self._cells(places)], list(kinds))
        return result

    def is_clear(self, places: Floats, kinds: Collection[str], by_m: float) -> Bools:
        """Say of places (n, 2) whether no ground with one of the marks lies within a distance."""
        key = frozenset(kinds)
        if key not in self._away:
            there = np.isin(self._kind, list(key))
            far = np.full(there.shape, np.inf)
            self._away[key] = (
                ndimage.distance_transform_edt(~there) * _CELL_M if there.any() else far
            )
        result: Bools = self._away[key][self._cells(places)] > by_m
        return result
