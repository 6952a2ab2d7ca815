"""Gathers faces and crowns while a world is being built."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from landseer.synth.frame import Box, Frame
from landseer.synth.materials import NUMBER
from landseer.synth.solids import PASSING, PERMANENT, Domes, Faces, World

Floats = NDArray[np.float64]
Colour = Sequence[float] | NDArray[np.floating]


BUILDING = "building"
"""Kind of what is built at one time as one; see `Builder.aged`."""


@dataclass(frozen=True)
class Span:
    """A run of surfaces that belong together.

    Attributes:
        kind: what they are.
        age: when they were built, as in `World.before`.
        faces: first face and the one after the last.
        domes: the same of the crowns.
    """

    kind: str
    age: float
    faces: tuple[int, int]
    domes: tuple[int, int]


class Builder:
    """Collects surfaces; `world` makes them one value, `spans` says which belong together."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self._n_faces = 0
        self._corners: list[Floats] = []
        self._looks: list[tuple[int, tuple[float, ...], tuple[float, ...], float, int]] = []
        self._domes: list[tuple[float, ...]] = []
        self._age = PERMANENT

    @contextmanager
    def aged(self, age: float) -> Iterator[None]:
        """Give everything built in the block an age; see `World.before`. What does not pass becomes one building."""
        before, self._age = self._age, age
        try:
            if age == PASSING:
                yield
            else:
                with self.marked(BUILDING):
                    yield
        finally:
            self._age = before

    @contextmanager
    def marked(self, kind: str) -> Iterator[None]:
        """Record everything built in the block as one span of a kind."""
        faces, domes = self._n_faces, len(self._domes)
        yield
        self.spans.append(Span(kind, self._age, (faces, self._n_faces), (domes, len(self._domes))))

    def face(
        self,
        corners: Floats,
        material: str,
        colour: Colour,
        pattern: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> None:
        """Add faces.

        Args:
            corners: (4, 3) or (n, 4, 3), as in `Faces`; patterns run from the first corner to the second.
            material: name in `materials.MATERIALS`.
            colour: reflectance of red, green, blue.
            pattern: as in `Faces`.
        """
        corners = corners.reshape(-1, 4, 3)
        self._corners.append(corners)
        self._n_faces += len(corners)
        look = (NUMBER[material], tuple(map(float, colour)), pattern, self._age, len(corners))
        self._looks.append(look)

    def ground(
        self,
        frame: Frame,
        box: Box,
        material: str,
        colour: Colour,
        pattern: tuple[float, float, float] = (0.0, 0.0, 0.0),
        up: float = 0.0,
    ) -> None:
        """Paint a rectangle on the ground, or lay it at a height."""
        self.face(raised(frame.ground(box.corners), up), material, colour, pattern)

    def walls(
        self,
        frame: Frame,
        box: Box,
        span: tuple[float, float],
        material: str,
        colour: Colour,
        pattern: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> None:
        """Add the four walls of a box between two heights."""
        low = raised(frame.ground(box.corners), span[0])
        high = raised(frame.ground(box.corners), span[1])
        self.face(_ring(low, high), material, colour, pattern)

    def block(
        self, frame: Frame, box: Box, span: tuple[float, float], material: str, colour: Colour
    ) -> None:
        """Add a closed box of one material: an air conditioner, a parapet, a lorry."""
        self.walls(frame, box, span, material, colour)
        self.ground(frame, box, material, colour, up=span[1])

    def domes(
        self,
        centre: ArrayLike,
        radius: ArrayLike,
        material: str,
        colour: ArrayLike,
    ) -> None:
        """Add crowns: centres (n, 3), radii (n, 2), colours (n, 3)."""
        centre, radius, colour = (np.atleast_2d(a) for a in (centre, radius, colour))
        for row in zip(centre, radius, colour, strict=True):
            self._domes.append((*row[0], *row[1], *row[2], NUMBER[material], self._age))

    def world(self, extent_m: tuple[float, float, float, float]) -> World:
        """Return everything as one world."""
        return World(self._faces(), self._crowns(), extent_m)

    def _faces(self) -> Faces:
        """Join the faces."""
        count = [look[4] for look in self._looks]
        corners = np.concatenate([*self._corners, np.zeros((0, 4, 3))])
        edge = corners[:, 1, :2] - corners[:, 0, :2]
        length = np.maximum(np.sqrt((edge * edge).sum(1)), 1e-9)

        def column(which: int, dtype: type, width: int) -> NDArray[Any]:
            values: NDArray[Any] = np.array([look[which] for look in self._looks], dtype)
            return np.repeat(values.reshape(-1, width) if width else values.ravel(), count, axis=0)

        return Faces(
            corners=corners,
            colour=column(1, np.float32, 3),
            material=column(0, np.uint8, 0),
            along=edge / length[:, None],
            pattern=column(2, np.float32, 3),
            age=column(3, np.float32, 0),
        )

    def _crowns(self) -> Domes:
        """Join the crowns."""
        table = np.array(self._domes, np.float64).reshape(-1, 10)
        return Domes(
            centre=table[:, 0:3].copy(),
            radius=table[:, 3:5].copy(),
            colour=table[:, 5:8].astype(np.float32),
            material=table[:, 8].astype(np.uint8),
            age=table[:, 9].astype(np.float32),
        )


def raised(places: Floats, up: float) -> Floats:
    """Return (n, 2) ground places as (n, 3) points at a height."""
    return np.concatenate([places, np.full((len(places), 1), up)], 1)


def _ring(low: Floats, high: Floats) -> Floats:
    """Return the walls (n, 4, 3) between a lower and an upper outline (n, 3)."""
    return np.stack([low, np.roll(low, -1, 0), np.roll(high, -1, 0), high], 1)
