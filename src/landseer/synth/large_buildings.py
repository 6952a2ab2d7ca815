"""Blocks of large buildings: closed perimeters, slabs, sheds, towers."""

from __future__ import annotations

import numpy as np

from landseer.synth.frame import Box, Frame
from landseer.synth.greenery import grove, row_of_trees
from landseer.synth.roofs import Shell, clutter, flat, gabled, hipped
from landseer.synth.site import PAVING, Site, cuts
from landseer.synth.vehicles import car_park, lorry


def perimeter(site: Site, box: Box) -> None:
    """Build a closed ring of houses around a courtyard."""
    rng, builder = site.rng, site.builder
    site.pave(box, "worn", site.pick([PAVING]))
    deep = float(rng.uniform(11.0, 15.0))
    common = site.storeys()
    frame, whole = site.whole(box)
    yard = whole.shrunk(deep)
    if yard.width > 8 and yard.depth > 8:
        builder.ground(frame, yard.shrunk(1.5), "grass", site.pick([site.style.lawn]))
        grove(builder, frame, yard.shrunk(3), 9.0, site.style.tree_m, rng, clear=0.55)
        if rng.random() < 0.5:
            car_park(builder, frame, _half(yard.shrunk(2.0)), rng, 0.6)
    for number, (side, length) in enumerate(site.sides(box)):
        start = 0.0 if number % 2 == 0 else deep
        for a, b in cuts(length - 2 * start, (14.0, 28.0), rng):
            high = max(6.5, common + 3.1 * int(rng.integers(-1, 2)))
            body = Box(start + a, 0.0, start + b, deep * float(rng.uniform(0.9, 1.0)))
            with builder.aged(float(rng.random())):
                _town_house(site, side, body, high)


def _half(box: Box) -> Box:
    """Return the half of a box towards its first corner."""
    return Box(box.x0, box.y0, box.middle[0], box.y1)


def _town_house(site: Site, frame: Frame, body: Box, high: float) -> None:
    """Build one house of a closed row."""
    if site.rng.random() < 0.3:
        gabled(site.builder, frame, body.shrunk(0.3), (0.0, high), 3.0, site.shell(pitched=True))
        return
    flat(site.builder, frame, body, (0.0, high), site.shell())
    clutter(site.builder, frame, body, high, site.rng, 55.0)


def slabs(site: Site, box: Box) -> None:
    """Build parallel slabs of flats between lawns and car parks."""
    rng, builder = site.rng, site.builder
    site.pave(box, "grass", site.pick([site.style.lawn]))
    frame, whole = site.whole(box)
    inner = whole.shrunk(5.0)
    high, hip, shell = site.storeys() + 3.1, rng.random() < 0.4, site.shell(pitched=False)
    pitched = site.shell(pitched=True)
    y = inner.y0
    while y + 13 < inner.y1:
        for a, b in cuts(inner.width, (28.0, 60.0), rng):
            body = Box(inner.x0 + a + 3, y, inner.x0 + b - 3, y + 12.5)
            with builder.aged(float(rng.random())):
                if hip:
                    hipped(builder, frame, body, (0.0, high), 3.2, pitched)
                else:
                    flat(builder, frame, body, (0.0, high), shell)
                    clutter(builder, frame, body, high, rng, 70.0)
        y += 13.0
        gap = Box(inner.x0, y + 2, inner.x1, min(y + 21.0, inner.y1))
        if rng.random() < 0.6 and gap.depth > 12:
            car_park(builder, frame, Box(gap.x0, gap.y0, gap.x1, gap.y0 + 17.5), rng, 0.55)
        elif gap.depth > 4:
            grove(builder, frame, gap, 8.0, site.style.tree_m, rng, clear=0.5)
        y += 22.0


def sheds(site: Site, box: Box) -> None:
    """Build one to three large halls with yards and car parks."""
    rng, builder = site.rng, site.builder
    site.pave(
        box, "worn", site.pick([(0.13, 0.13, 0.13), (0.24, 0.235, 0.225), (0.17, 0.165, 0.16)])
    )
    frame, whole = site.whole(box)
    front = float(rng.uniform(19.0, 26.0)) if whole.depth > 55 else 4.0
    if front > 10:
        car_park(
            builder, frame, Box(whole.x0 + 3, whole.y0 + 1, whole.x1 - 3, whole.y0 + 18), rng, 0.5
        )
    for a, b in cuts(whole.width - 6, (40.0, 95.0), rng):
        hall = Box(whole.x0 + 3 + a + 4, whole.y0 + front, whole.x0 + 3 + b - 4, whole.y1 - 9)
        if hall.width > 12 and hall.depth > 12:
            with builder.aged(float(rng.random())):
                _hall(site, frame, hall)
        for x in np.arange(hall.x0 + 3, hall.x1 - 2, 4.2):
            if rng.random() < 0.3:
                lorry(builder, frame, float(x), whole.y1 - 5.5, rng, np.pi / 2 * 0.98)


def _hall(site: Site, frame: Frame, hall: Box) -> None:
    """Build a hall with a flat or a shallow metal roof."""
    rng, builder = site.rng, site.builder
    high = float(rng.uniform(6.5, 12.0))
    wall = site.pick([(0.45, 0.45, 0.44), (0.35, 0.36, 0.37), (0.33, 0.29, 0.25)])
    bright = site.pick(
        [(0.55, 0.55, 0.54), (0.42, 0.43, 0.43), (0.3, 0.32, 0.33), (0.2, 0.27, 0.3)]
    )
    if rng.random() < 0.45:
        shell = Shell(wall, bright, "plain", "ribbed")
        gabled(builder, frame, hall, (0.0, high), hall.depth / 2 * 0.09, shell)
        return
    shell = Shell(wall, site.pick(site.style.roofs), "plain")
    flat(builder, frame, hall, (0.0, high), shell)
    clutter(builder, frame, hall, high, rng, 260.0)
    if rng.random() < 0.5:
        for x in np.arange(hall.x0 + 6, hall.x1 - 6, 9.0):
            for y in np.arange(hall.y0 + 6, hall.y1 - 6, 9.0):
                light = Box(float(x), float(y), float(x) + 1.3, float(y) + 2.4)
                builder.block(frame, light, (high, high + 0.35), "plain", (0.6, 0.63, 0.66))


def towers(site: Site, box: Box) -> None:
    """Build towers on plinths around a plaza, with a parking deck."""
    rng, builder = site.rng, site.builder
    site.pave(box, "worn", site.pick([PAVING, (0.25, 0.245, 0.24)]))
    frame, whole = site.whole(box)
    across = cuts(whole.depth, (42.0, 62.0), rng)
    for a, b in cuts(whole.width, (42.0, 66.0), rng):
        for c, d in across:
            lot = Box(whole.x0 + a, whole.y0 + c, whole.x0 + b, whole.y0 + d).shrunk(3.5)
            _high_lot(site, frame, lot)
    row_of_trees(builder, frame, (whole.x0, whole.x1, whole.y0 + 1.6), 8.5, (5.0, 9.0), rng, 0.7)


def _high_lot(site: Site, frame: Frame, lot: Box) -> None:
    """Fill a lot of a centre: a tower, a low block, a parking deck, or a square."""
    rng, builder = site.rng, site.builder
    draw = rng.random()
    with builder.aged(float(rng.random())):
        if draw < 0.5 and min(lot.width, lot.depth) > 22:
            _tower(site, frame, lot)
        elif draw < 0.7:
            high = 3.3 * int(rng.integers(2, 8))
            flat(builder, frame, lot, (0.0, high), site.shell())
            clutter(builder, frame, lot, high, rng, 60.0)
        elif draw < 0.84:
            high = 3.0 * int(rng.integers(3, 7))
            deck = Shell(
                (0.34, 0.33, 0.31), (0.23, 0.225, 0.22), "plaster", "worn", (3.0, 7.0, 1.0)
            )
            flat(builder, frame, lot, (0.0, high), deck)
            car_park(builder, frame, lot.shrunk(1.0), rng, 0.0, up=high + 0.02)
            return
    if draw >= 0.84:
        builder.ground(frame, lot, "grass", site.pick([site.style.lawn]))
        builder.ground(
            frame, Box(lot.x0, lot.middle[1] - 1.5, lot.x1, lot.middle[1] + 1.5), "worn", PAVING
        )
        grove(builder, frame, lot, 8.0, (5.0, 11.0), rng, clear=0.35)


_GLASS = ((0.11, 0.13, 0.15), (0.16, 0.18, 0.19), (0.08, 0.10, 0.13), (0.2, 0.19, 0.17))


def _tower(site: Site, frame: Frame, lot: Box) -> None:
    """Build a tower: plinth, one to three shafts that step back, and a machine room."""
    rng, builder = site.rng, site.builder
    top = float(np.exp(rng.uniform(*np.log(site.style.tower_m))))
    glass = rng.random() < 0.5
    wall = site.pick(_GLASS if glass else site.style.walls)
    pattern = (3.6, float(rng.uniform(1.6, 3.2)), float(rng.uniform(0.75, 1.0)))
    shell = Shell(
        wall, site.pick(site.style.roofs), "curtain" if glass else "plaster", "membrane", pattern
    )
    low = 0.0
    if rng.random() < 0.6:
        low = 4.5 * int(rng.integers(1, 4))
        flat(builder, frame, lot, (0.0, low), shell)
        clutter(builder, frame, lot, low, rng, 150.0)
    shaft = lot.shrunk(float(rng.uniform(2.0, 6.0)))
    steps = int(rng.integers(1, 4)) if top > 50 else 1
    for step in range(steps):
        high = low + (top - low) * (step + 1) / steps * (1.0 if step == steps - 1 else 0.95)
        flat(builder, frame, shaft, (low, high), shell)
        low, body = high, shaft
        shaft = shaft.shrunk(float(rng.uniform(1.5, 3.5)))
        if min(shaft.width, shaft.depth) < 12:
            break
    room = body.shrunk(min(body.width, body.depth) * float(rng.uniform(0.30, 0.40)))
    builder.block(frame, room, (low, low + 4.5), "plain", np.full(3, rng.uniform(0.2, 0.42)))
    clutter(builder, frame, body, low, rng, 45.0)
