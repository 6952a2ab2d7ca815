"""Small houses under corrugated tin, more or less rusty."""

from __future__ import annotations

import math

import numpy as np

from landseer.synth.builder import Builder
from landseer.synth.frame import Box, Frame
from landseer.synth.roofs import Shell
from landseer.synth.site import Site
from landseer.synth.styles import Colour

_TIN: tuple[Colour, ...] = (
    (0.36, 0.37, 0.38), (0.29, 0.3, 0.31), (0.24, 0.235, 0.23), (0.42, 0.43, 0.44), (0.18, 0.19, 0.2),
    (0.2, 0.085, 0.06), (0.09, 0.14, 0.22), (0.1, 0.17, 0.13), (0.3, 0.16, 0.11),
)  # fmt: skip
_TIN_OFTEN = np.array([4, 4, 3, 2, 2, 1.2, 0.8, 0.4, 1.6])


def tin_shell(site: Site) -> Shell:
    """Draw a house under corrugated tin, more or less rusty."""
    colour = _TIN[int(site.rng.choice(len(_TIN), p=_TIN_OFTEN / _TIN_OFTEN.sum()))]
    rust = float(site.rng.beta(0.9, 1.5))
    tone = np.array(colour) * site.rng.uniform(0.88, 1.1)
    return Shell(site.pick(site.style.walls), tone, "plaster", "rusted", (3.0, 2.4, rust))


def tin_house(site: Site, frame: Frame, box: Box) -> None:
    """Build a small house under tin: a shallow gable, or one sheet."""
    rng, shell = site.rng, tin_shell(site)
    high = float(rng.uniform(2.3, 3.2))
    turned, long = lengthwise(frame, box)
    with site.builder.aged(float(rng.random())):
        if rng.random() < 0.62 and long.depth > 3.0:
            tin_gable(
                site.builder,
                turned,
                long,
                (high, float(rng.uniform(0.1, 0.22)) * long.depth),
                shell,
            )
        else:
            site.builder.walls(turned, long, (0.0, high), "plaster", shell.wall, (3.0, 2.4, 0.3))
            over = long.shrunk(-0.25)
            site.builder.ground(turned, over, "rusted", shell.roof, shell.pattern, up=high)


def tin_gable(
    builder: Builder, frame: Frame, box: Box, up: tuple[float, float], shell: Shell
) -> None:
    """Build walls and two slopes of tin, `up` being eaves and rise; the pattern reaches the roof."""
    eave, rise = up
    builder.walls(frame, box, (0.0, eave), shell.wall_material, shell.wall, (3.0, 2.4, 0.3))
    over, middle = box.shrunk(-0.35), box.middle[1]
    for y, turn in ((over.y0, 1.0), (over.y1, -1.0)):
        near, far = (over.x0, over.x1) if turn > 0 else (over.x1, over.x0)
        line = [
            (near, y, eave),
            (far, y, eave),
            (far, middle, eave + rise),
            (near, middle, eave + rise),
        ]
        corners = [[*map(float, frame.ground((a, b))), c] for a, b, c in line]
        builder.face(np.array(corners), shell.roof_material, shell.roof, shell.pattern)


def lengthwise(frame: Frame, box: Box) -> tuple[Frame, Box]:
    """Return frame and box of the same rectangle with x along its longer side."""
    if box.width >= box.depth:
        return frame, box
    x, y = box.middle
    turned = frame.inner(x, y, math.pi / 2)
    return turned, Box(-box.depth / 2, -box.width / 2, box.depth / 2, box.width / 2)
