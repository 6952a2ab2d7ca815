"""Plots of towns: concrete houses behind walls, court houses, villas in gardens."""

from __future__ import annotations

import math
from collections.abc import Callable

from landseer.synth.frame import Box, Frame
from landseer.synth.greenery import tree
from landseer.synth.houses import lot
from landseer.synth.roofs import Shell, clutter, flat
from landseer.synth.site import Site, cuts
from landseer.synth.styles import Colour
from landseer.synth.tin import lengthwise, tin_gable, tin_house, tin_shell

CONCRETE: tuple[Colour, ...] = (
    (0.3, 0.29, 0.27), (0.25, 0.24, 0.225), (0.36, 0.34, 0.31), (0.2, 0.195, 0.185), (0.42, 0.4, 0.37),
)  # fmt: skip
"""Bare concrete, fresh and old."""


def planned(site: Site, box: Box) -> None:
    """Build concrete houses with flat roofs on walled plots in two rows."""
    _rows(site, box, (11.0, 17.0), _concrete_plot)


def villas(site: Site, box: Box) -> None:
    """Build tiled villas in walled gardens."""
    _rows(site, box, (17.0, 25.0), _villa_plot)


def _rows(
    site: Site,
    box: Box,
    wide: tuple[float, float],
    build: Callable[[Site, Frame, float, float], None],
) -> None:
    """Cut a block into two rows of plots back to back."""
    site.pave(box, "earth", site.pick([site.style.dirt]))
    deep = box.depth / 2
    for turned in (False, True):
        for start, stop in cuts(box.width, wide, site.rng):
            u, edge = box.x0 + (start + stop) / 2, box.y1 if turned else box.y0
            frame = site.layout.frame(u, edge, math.pi if turned else 0.0)
            build(site, frame, stop - start, min(deep, 34.0))


def _fence(site: Site, frame: Frame, plot: Box) -> None:
    """Build a wall of blocks around a plot, with a gate."""
    colour, high = site.pick(CONCRETE), float(site.rng.uniform(1.4, 2.2))
    x0, y0, x1, y1 = plot.x0, plot.y0, plot.x1, plot.y1
    for wall in (
        Box(x0, y1 - 0.2, x1, y1), Box(x0, y0, x0 + 0.2, y1), Box(x1 - 0.2, y0, x1, y1),
        Box(x0, y0, plot.middle[0] - 1.6, y0 + 0.2), Box(plot.middle[0] + 1.6, y0, x1, y0 + 0.2),
    ):  # fmt: skip
        site.builder.block(frame, wall, (0.0, high), "plain", colour)


def _concrete_plot(site: Site, frame: Frame, wide: float, deep: float) -> None:
    """Fill a walled plot: a house with a flat roof, often a court house, an outbuilding, a tree."""
    rng, builder = site.rng, site.builder
    plot = Box(-wide / 2 + 0.3, 0.2, wide / 2 - 0.3, deep - 0.3)
    _fence(site, frame, plot)
    if rng.random() < 0.07:
        return
    shell = Shell(site.pick(site.style.walls), site.pick(CONCRETE), "plaster", "concrete")
    if rng.random() < 0.22 and wide > 12.5:
        court(
            site, frame, Box(plot.x0 + 0.4, 1.5, plot.x1 - 0.4, min(deep - 2.0, 1.5 + wide)), shell
        )
        return
    front = float(rng.uniform(1.8, 5.0))
    depth = min(float(rng.uniform(8.0, 12.5)), plot.y1 - front - 0.5)
    left, right = float(rng.uniform(0.6, 1.8)), float(rng.uniform(0.6, 2.5))
    body = Box(plot.x0 + left, front, plot.x1 - right, front + depth)
    if min(body.width, body.depth) < 4.0:
        return
    high = site.storeys()
    with builder.aged(float(rng.random())):
        if rng.random() < 0.75:
            flat(builder, frame, body, (0.0, high), shell)
            _tanks(site, frame, body, high)
        else:
            turned, long = lengthwise(frame, body)
            tin_gable(builder, turned, long, (high, 1.3), tin_shell(site))
    back = body.y1 + float(rng.uniform(2.0, 4.0))
    if rng.random() < 0.6 and back + 4 < plot.y1:
        x = float(rng.choice([plot.x0 + 0.4, plot.x1 - 5.4]))
        tin_house(
            site, frame, Box(x, back, x + 5.0, min(plot.y1 - 0.4, back + float(rng.uniform(3, 6))))
        )
    garden(site, frame, Box(plot.x0 + 1, body.y1 + 1, plot.x1 - 1, plot.y1 - 1), 0.8)


def _tanks(site: Site, frame: Frame, body: Box, high: float) -> None:
    """Put water tanks, rods for the next storey and odds and ends on a roof."""
    rng = site.rng
    for _ in range(int(rng.integers(0, 3))):
        x, y = (
            float(rng.uniform(body.x0 + 1, body.x1 - 2.4)),
            float(rng.uniform(body.y0 + 1, body.y1 - 2.4)),
        )
        tone = site.pick([(0.05, 0.05, 0.055), (0.5, 0.5, 0.5), (0.08, 0.12, 0.25)])
        site.builder.block(frame, Box(x, y, x + 1.2, y + 1.2), (high, high + 1.5), "plain", tone)
    if rng.random() < 0.3:
        clutter(site.builder, frame, body, high, rng, 45.0)


def court(site: Site, frame: Frame, box: Box, shell: Shell) -> None:
    """Build one house of four wings around a court."""
    rng = site.rng
    wing = float(rng.uniform(0.22, 0.3)) * min(box.width, box.depth)
    high = float(rng.uniform(2.8, 3.6))
    inner = box.shrunk(wing)
    wings = (
        Box(box.x0, box.y0, box.x1, inner.y0), Box(box.x0, inner.y1, box.x1, box.y1),
        Box(box.x0, inner.y0, inner.x0, inner.y1), Box(inner.x1, inner.y0, box.x1, inner.y1),
    )  # fmt: skip
    with site.builder.aged(float(rng.random())):
        for part in wings:
            site.builder.walls(frame, part, (0.0, high), "plaster", shell.wall, shell.pattern)
            site.builder.ground(frame, part, shell.roof_material, shell.roof, up=high)
    if rng.random() < 0.5:
        south, east = frame.ground(inner.middle)
        tree(
            site.builder,
            float(south),
            float(east),
            float(rng.uniform(3, 7)),
            rng,
            site.style.evergreen,
        )


def _villa_plot(site: Site, frame: Frame, wide: float, deep: float) -> None:
    """Fill a plot with a villa."""
    rng = site.rng
    if rng.random() < 0.5:
        _fence(site, frame, Box(-wide / 2 + 0.3, 0.2, wide / 2 - 0.3, deep - 0.3))
    if deep > 15.0:
        lot(site, frame, wide, deep, min(float(rng.uniform(4.0, 7.0)), deep - 13.0))
    else:
        garden(site, frame, Box(-wide / 2 + 1, 1.0, wide / 2 - 1, deep - 1), 1.5)


def garden(site: Site, frame: Frame, box: Box, mean: float) -> None:
    """Plant a few trees in a box."""
    rng, style = site.rng, site.style
    if box.depth < 1 or box.width < 1:
        return
    for _ in range(int(rng.poisson(mean * style.trees))):
        south, east = frame.ground((rng.uniform(box.x0, box.x1), rng.uniform(box.y0, box.y1)))
        tall = float(rng.uniform(*style.tree_m)) * float(rng.uniform(0.5, 1.0))
        tree(site.builder, float(south), float(east), tall, rng, style.evergreen)
