"""What everybody who builds on a block shares: the style, the plan, where surfaces go, the dice."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.synth.builder import Builder
from landseer.synth.frame import Box, Frame
from landseer.synth.layout import Layout
from landseer.synth.roofs import Shell
from landseer.synth.styles import Colour, Style

Rng = np.random.Generator

PAVING: Colour = (0.29, 0.28, 0.265)
"""Reflectance of clean paving."""


@dataclass(frozen=True)
class Site:
    """A district under construction."""

    builder: Builder
    layout: Layout
    style: Style
    rng: Rng

    def pick(self, colours: Sequence[Colour], spread: float = 0.12) -> NDArray[np.float64]:
        """Draw a colour of a palette, a little lighter or darker."""
        base = np.array(colours[int(self.rng.integers(len(colours)))])
        return base * float(self.rng.uniform(1 - spread, 1 + spread))

    def shell(self, pitched: bool = False) -> Shell:
        """Draw how an ordinary building looks."""
        rng = self.rng
        return Shell(
            wall=self.pick(self.style.walls),
            roof=self.pick(self.style.pitched if pitched else self.style.roofs),
            roof_material=self.style.tiled if pitched else "membrane",
            pattern=(3.1, float(rng.uniform(2.1, 3.4)), float(rng.uniform(0.25, 0.75))),
        )

    def storeys(self) -> float:
        """Draw the height of an ordinary building, metres."""
        low, high = self.style.storeys
        return 3.1 * float(self.rng.integers(low, high + 1)) + 0.4

    def pave(self, box: Box, material: str, colour: Sequence[float] | NDArray[np.float64]) -> None:
        """Cover a plan rectangle."""
        self.builder.face(self.layout.patch(box), material, colour)

    def sides(self, box: Box) -> list[tuple[Frame, float]]:
        """Return a frame per side of a plan rectangle: x along the side, y inwards, and the side's length."""
        starts = ((box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1))
        middle = box.middle
        frames = []
        for number, (u, v) in enumerate(starts):
            length = box.width if number % 2 == 0 else box.depth
            centre = self.layout.frame(*middle)
            local = centre.inner(u - middle[0], v - middle[1], number * np.pi / 2)
            frames.append((local, length))
        return frames

    def whole(self, box: Box) -> tuple[Frame, Box]:
        """Return a frame in the middle of a plan rectangle, and the rectangle in it."""
        u, v = box.middle
        half_u, half_v = box.width / 2, box.depth / 2
        return self.layout.frame(u, v), Box(-half_u, -half_v, half_u, half_v)


def cuts(length: float, width: tuple[float, float], rng: Rng) -> list[tuple[float, float]]:
    """Cut a length into plots of about the given widths."""
    count = max(1, round(length / float(rng.uniform(*width))))
    share = rng.uniform(0.8, 1.2, count)
    ends = np.concatenate([[0.0], np.cumsum(share / share.sum()) * length])
    return [(float(a), float(b)) for a, b in itertools.pairwise(ends)]
