"""Roofs over a rectangle: flat with a parapet, gabled, hipped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from landseer.synth.builder import Builder, Colour
from landseer.synth.frame import Box, Frame

Rng = np.random.Generator


@dataclass(frozen=True)
class Shell:
    """How a building looks from outside.

    Attributes:
        wall: reflectance of the walls.
        roof: reflectance of the roof.
        wall_material, roof_material: names in `materials.MATERIALS`.
        pattern: storey height and bay width in metres, share of glass.
    """

    wall: Colour
    roof: Colour
    wall_material: str = "plaster"
    roof_material: str = "membrane"
    pattern: tuple[float, float, float] = (3.1, 2.6, 0.45)


def flat(builder: Builder, frame: Frame, box: Box, span: tuple[float, float], shell: Shell) -> None:
    """Build a body with a flat roof behind a low parapet."""
    low, high = span
    rim = 0.35 if min(box.width, box.depth) > 6.0 else 0.0
    builder.walls(frame, box, (low, high + 2 * rim), shell.wall_material, shell.wall, shell.pattern)
    if not rim:
        builder.ground(frame, box, shell.roof_material, shell.roof, up=high)
        return
    inner = box.shrunk(rim)
    edge = np.asarray(shell.wall) * 0.9 + 0.05
    top = high + 2 * rim
    x0, y0, x1, y1 = box.x0, box.y0, box.x1, box.y1
    for strip in (
        Box(x0, y0, x1, inner.y0),
        Box(x0, inner.y1, x1, y1),
        Box(x0, inner.y0, inner.x0, inner.y1),
        Box(inner.x1, inner.y0, x1, inner.y1),
    ):
        builder.ground(frame, strip, "plain", edge, up=top)
    _inner_rim(builder, frame, inner, (high, top), edge)
    builder.ground(frame, inner, shell.roof_material, shell.roof, up=high)


def _inner_rim(
    builder: Builder, frame: Frame, box: Box, span: tuple[float, float], colour: Colour
) -> None:
    """Build the sides of a parapet that look at the roof."""
    outline = frame.ground(box.corners[::-1])
    low = np.concatenate([outline, np.full((4, 1), span[0])], 1)
    high = np.concatenate([outline, np.full((4, 1), span[1])], 1)
    sides = np.stack([low, np.roll(low, -1, 0), np.roll(high, -1, 0), high], 1)
    builder.face(sides, "plain", np.asarray(colour) * 0.8)


def gabled(
    builder: Builder, frame: Frame, box: Box, span: tuple[float, float], rise: float, shell: Shell
) -> None:
    """Build a body with a ridge along x; `rise` metres above the eaves."""
    low, eave = span
    builder.walls(frame, box, (low, eave), shell.wall_material, shell.wall, shell.pattern)
    over = 0.45
    drop = rise * over / (box.depth / 2)
    middle = box.middle[1]
    at = _points(frame)
    roof = [
        at(box.x0 - over, box.y0 - over, eave - drop), at(box.x1 + over, box.y0 - over, eave - drop),
        at(box.x1 + over, middle, eave + rise), at(box.x0 - over, middle, eave + rise),
    ]  # fmt: skip
    back = [
        at(box.x1 + over, box.y1 + over, eave - drop), at(box.x0 - over, box.y1 + over, eave - drop),
        at(box.x0 - over, middle, eave + rise), at(box.x1 + over, middle, eave + rise),
    ]  # fmt: skip
    builder.face(np.array([roof, back]), shell.roof_material, shell.roof)
    gables = [
        [at(box.x0, box.y1, eave), at(box.x0, box.y0, eave), *[at(box.x0, middle, eave + rise)] * 2],
        [at(box.x1, box.y0, eave), at(box.x1, box.y1, eave), *[at(box.x1, middle, eave + rise)] * 2],
    ]  # fmt: skip
    builder.face(np.array(gables), "plain", shell.wall)


def hipped(
    builder: Builder, frame: Frame, box: Box, span: tuple[float, float], rise: float, shell: Shell
) -> None:
    """Build a body whose roof slopes on all four sides; the ridge runs along x, the longer side."""
    low, eave = span
    builder.walls(frame, box, (low, eave), shell.wall_material, shell.wall, shell.pattern)
    out = box.shrunk(-0.45)
    middle, inset = box.middle[1], min(out.depth, out.width) / 2 * 0.98
    at = _points(frame)
    a, b, c, d = (at(x, y, eave - 0.2) for x, y in out.corners)
    left, right = at(out.x0 + inset, middle, eave + rise), at(out.x1 - inset, middle, eave + rise)
    sides = [[a, b, right, left], [c, d, left, right], [d, a, left, left], [b, c, right, right]]
    builder.face(np.array(sides), shell.roof_material, shell.roof)


def _points(frame: Frame) -> Callable[[float, float, float], list[float]]:
    """Return a function from (x, y, height) in the frame to (south, east, height)."""

    def at(x: float, y: float, up: float) -> list[float]:
        south, east = frame.ground((x, y))
        return [float(south), float(east), up]

    return at


def clutter(
    builder: Builder, frame: Frame, box: Box, up: float, rng: Rng, each_m2: float = 120.0
) -> None:
    """Strew machines, hatches and skylights over a flat roof."""
    inner = box.shrunk(1.2)
    if inner.width < 1.5 or inner.depth < 1.5:
        return
    for _ in range(int(rng.poisson(box.width * box.depth / each_m2))):
        width, depth = rng.uniform(0.8, 3.2), rng.uniform(0.8, 2.4)
        if width > inner.width or depth > inner.depth:
            continue
        x, y = rng.uniform(inner.x0, inner.x1 - width), rng.uniform(inner.y0, inner.y1 - depth)
        thing = Box(x, y, x + width, y + depth)
        tone = float(rng.choice([0.16, 0.3, 0.42, 0.55]))
        builder.block(
            frame, thing, (up, up + rng.uniform(0.4, 1.9)), "plain", (tone, tone, tone * 1.02)
        )
