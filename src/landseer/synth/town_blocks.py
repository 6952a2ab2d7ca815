"""Blocks of towns that grew by hand: huddled tin roofs, concrete houses on plots, villas, courts, thatch, schools."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from landseer.synth.builder import Builder
from landseer.synth.frame import Box, Frame
from landseer.synth.greenery import tree
from landseer.synth.houses import lot
from landseer.synth.huts import hut
from landseer.synth.roofs import Shell, clutter, flat, gabled, hipped
from landseer.synth.site import Site, cuts
from landseer.synth.styles import Colour

Rng = np.random.Generator

_TIN: tuple[Colour, ...] = (
    (0.36, 0.37, 0.38), (0.29, 0.3, 0.31), (0.24, 0.235, 0.23), (0.42, 0.43, 0.44), (0.18, 0.19, 0.2),
    (0.2, 0.085, 0.06), (0.09, 0.14, 0.22), (0.1, 0.17, 0.13), (0.3, 0.16, 0.11),
)  # fmt: skip
_TIN_OFTEN = np.array([4, 4, 3, 2, 2, 1.2, 0.8, 0.4, 1.6])
_CONCRETE: tuple[Colour, ...] = (
    (0.3, 0.29, 0.27), (0.25, 0.24, 0.225), (0.36, 0.34, 0.31), (0.2, 0.195, 0.185), (0.42, 0.4, 0.37),
)  # fmt: skip


def tin_shell(site: Site) -> Shell:
    """Draw a house under corrugated tin, more or less rusty."""
    colour = _TIN[int(site.rng.choice(len(_TIN), p=_TIN_OFTEN / _TIN_OFTEN.sum()))]
    rust = float(site.rng.beta(0.9, 1.5))
    tone = np.array(colour) * site.rng.uniform(0.88, 1.1)
    return Shell(site.pick(site.style.walls), tone, "plaster", "rusted", (3.0, 2.4, rust))


def _tin_roof(site: Site, frame: Frame, box: Box) -> None:
    """Build a small house under tin: a shallow gable, or one sheet."""
    rng, shell = site.rng, tin_shell(site)
    high = float(rng.uniform(2.3, 3.2))
    turned, long = _lengthwise(frame, box)
    with site.builder.aged(float(rng.random())):
        if rng.random() < 0.62 and long.depth > 3.0:
            _roofed(
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


def _roofed(
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


def _lengthwise(frame: Frame, box: Box) -> tuple[Frame, Box]:
    """Return frame and box of the same rectangle with x along its longer side."""
    if box.width >= box.depth:
        return frame, box
    x, y = box.middle
    turned = frame.inner(x, y, math.pi / 2)
    return turned, Box(-box.depth / 2, -box.width / 2, box.depth / 2, box.width / 2)


def informal(site: Site, box: Box) -> None:
    """Huddle tin-roofed houses of all sizes, with narrow ways and a few trees between."""
    rng = site.rng
    site.pave(box, "earth", site.pick([site.style.dirt]))
    frame, whole = site.whole(box)
    step_x, step_y = float(rng.uniform(8.0, 11.5)), float(rng.uniform(6.6, 9.0))
    packed = float(rng.uniform(0.78, 0.95))
    for row, y in enumerate(np.arange(whole.y0 + step_y / 2, whole.y1 - step_y / 3, step_y)):
        for x in np.arange(
            whole.x0 + step_x * (0.5 + 0.3 * (row % 2)), whole.x1 - step_x / 3, step_x
        ):
            place = frame.inner(
                float(x + rng.normal(0, 0.25)),
                float(y + rng.normal(0, 0.22)),
                float(rng.normal(0, 0.06)),
            )
            if rng.random() > packed:
                _open_spot(site, place)
                continue
            wide = step_x * float(rng.uniform(0.6, 0.93)) / 2
            deep = step_y * float(rng.uniform(0.62, 0.92)) / 2
            added = float(rng.uniform(1.5, 2.6)) if rng.random() < 0.25 else 0.0
            _tin_roof(site, place, Box(-wide, -deep, wide - added, deep))
            if added:
                _tin_roof(site, place, Box(wide - added + 0.1, -deep, wide, deep * 0.2))


def _open_spot(site: Site, place: Frame) -> None:
    """Leave a yard: bare, littered or under a tree."""
    rng = site.rng
    if rng.random() < 0.3 * site.style.trees:
        tall = float(rng.uniform(*site.style.tree_m))
        tree(site.builder, place.south, place.east, tall, rng, site.style.evergreen)
    for _ in range(int(rng.integers(0, 3))):
        x, y = rng.uniform(-3, 3, 2)
        spot = Box(
            float(x), float(y), float(x + rng.uniform(0.5, 1.8)), float(y + rng.uniform(0.5, 1.4))
        )
        site.builder.block(
            place, spot, (0.0, float(rng.uniform(0.3, 1.2))), "plain", site.pick(_CONCRETE)
        )


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
    colour, high = site.pick(_CONCRETE), float(site.rng.uniform(1.4, 2.2))
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
    shell = Shell(site.pick(site.style.walls), site.pick(_CONCRETE), "plaster", "concrete")
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
            turned, long = _lengthwise(frame, body)
            _roofed(builder, turned, long, (high, 1.3), tin_shell(site))
    back = body.y1 + float(rng.uniform(2.0, 4.0))
    if rng.random() < 0.6 and back + 4 < plot.y1:
        x = float(rng.choice([plot.x0 + 0.4, plot.x1 - 5.4]))
        _tin_roof(
            site, frame, Box(x, back, x + 5.0, min(plot.y1 - 0.4, back + float(rng.uniform(3, 6))))
        )
    _garden(site, frame, Box(plot.x0 + 1, body.y1 + 1, plot.x1 - 1, plot.y1 - 1), 0.8)


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
        _garden(site, frame, Box(-wide / 2 + 1, 1.0, wide / 2 - 1, deep - 1), 1.5)


def _garden(site: Site, frame: Frame, box: Box, mean: float) -> None:
    """Plant a few trees in a box."""
    rng, style = site.rng, site.style
    if box.depth < 1 or box.width < 1:
        return
    for _ in range(int(rng.poisson(mean * style.trees))):
        south, east = frame.ground((rng.uniform(box.x0, box.x1), rng.uniform(box.y0, box.y1)))
        tall = float(rng.uniform(*style.tree_m)) * float(rng.uniform(0.5, 1.0))
        tree(site.builder, float(south), float(east), tall, rng, style.evergreen)


def compounds(site: Site, box: Box) -> None:
    """Scatter family compounds: thatched huts and a tin house around swept ground, gardens between."""
    rng, builder, style = site.rng, site.builder, site.style
    site.pave(box, "heath", site.pick([style.lawn]))
    frame, whole = site.whole(box)
    step = float(rng.uniform(24.0, 30.0))
    for x in np.arange(whole.x0 + step / 2, whole.x1 - step / 3, step):
        for y in np.arange(whole.y0 + step / 2, whole.y1 - step / 3, step):
            place = frame.inner(
                float(x + rng.normal(0, 2)),
                float(y + rng.normal(0, 2)),
                float(rng.uniform(0, math.tau)),
            )
            if rng.random() < 0.18:
                plot = Box(-step * 0.4, -step * 0.35, step * 0.4, step * 0.35)
                builder.ground(
                    place,
                    plot,
                    "crop",
                    site.pick([(0.1, 0.11, 0.05), (0.16, 0.13, 0.085)]),
                    (0.0, 0.25, 0.12),
                )
            else:
                _compound(site, place, step * 0.4)


def _compound(site: Site, place: Frame, radius: float) -> None:
    """Build one compound."""
    rng, builder = site.rng, site.builder
    swept = Box(-radius * 0.95, -radius * 0.85, radius * 0.95, radius * 0.85)
    builder.ground(place, swept, "earth", site.pick([site.style.dirt]))
    count = int(rng.integers(3, 7))
    for number in range(count):
        turn = math.tau * (number + float(rng.uniform(-0.2, 0.2))) / count
        at = place.inner(radius * 0.62 * math.cos(turn), radius * 0.62 * math.sin(turn), turn)
        if rng.random() < 0.62:
            hut(builder, at, float(rng.uniform(1.9, 3.1)), rng)
        else:
            _tin_roof(
                site,
                at,
                Box(-2.2, -float(rng.uniform(2.6, 4.2)), 2.2, float(rng.uniform(2.6, 4.0))),
            )
    if rng.random() < 0.6:
        tall = float(rng.uniform(*site.style.tree_m))
        tree(builder, place.south, place.east, tall, rng, site.style.evergreen)


def school(site: Site, box: Box) -> None:
    """Build long classrooms under tin or tiles around a dusty yard with a pitch."""
    rng, builder = site.rng, site.builder
    site.pave(box, "earth", site.pick([site.style.dirt]))
    frame, whole = site.whole(box)
    builder.ground(
        frame,
        whole.shrunk(min(whole.width, whole.depth) * 0.27),
        "heath",
        site.pick([(0.14, 0.13, 0.075)]),
    )
    shell, high = tin_shell(site), 3.4
    for y in (whole.y0 + 6.0, whole.y1 - 6.0):
        for start, stop in cuts(whole.width - 8.0, (22.0, 40.0), rng):
            hall = Box(whole.x0 + 4 + start + 1.5, y - 4.0, whole.x0 + 4 + stop - 1.5, y + 4.0)
            with builder.aged(float(rng.random())):
                if rng.random() < 0.3:
                    hipped(builder, frame, hall, (0.0, high), 2.2, site.shell(pitched=True))
                elif rng.random() < 0.3:
                    gabled(builder, frame, hall, (0.0, high), 1.8, site.shell(pitched=True))
                else:
                    _roofed(builder, frame, hall, (high, 1.4), shell)
    _garden(site, frame, whole.shrunk(11.0), 5.0)


TOWN_USES: dict[str, Callable[[Site, Box], None]] = {
    "informal": informal,
    "planned": planned,
    "villas": villas,
    "compounds": compounds,
    "school": school,
}
"""What a block of a town is put to -> the function that builds it."""
