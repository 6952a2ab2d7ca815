"""Blocks of small buildings: detached houses in gardens, and narrow plots built wall to wall."""

from __future__ import annotations

from landseer.synth.frame import Box, Frame
from landseer.synth.greenery import grove, hedge, tree
from landseer.synth.roofs import clutter, flat, gabled, hipped
from landseer.synth.site import PAVING, Site, cuts
from landseer.synth.vehicles import car


def houses(site: Site, box: Box) -> None:
    """Build two rows of detached houses back to back, each in its garden."""
    site.pave(box, "grass", site.pick([site.style.lawn], 0.15))
    deep = min(box.depth / 2, float(site.rng.uniform(34.0, 42.0)))
    if box.depth / 2 > deep + 4:
        frame, whole = site.whole(box)
        between = Box(whole.x0, -box.depth / 2 + deep, whole.x1, box.depth / 2 - deep)
        grove(site.builder, frame, between, 7.5, site.style.tree_m, site.rng, clear=0.2)
    setback = float(site.rng.uniform(5.0, 8.5))
    for turned in (False, True):
        for start, stop in cuts(box.width, (14.0, 23.0), site.rng):
            u = box.x0 + (start + stop) / 2
            edge = box.y1 if turned else box.y0
            frame = site.layout.frame(u, edge, 3.141592653589793 if turned else 0.0)
            lot(site, frame, stop - start, deep, setback)


def lot(site: Site, frame: Frame, wide: float, deep: float, setback: float) -> None:
    """Build one house, its drive and garden; x along the street, y away from it."""
    rng, builder = site.rng, site.builder
    if rng.random() < 0.04:
        _trees(site, frame, wide, deep, 4.0, 3.0)
        return
    lawn = site.pick([site.style.lawn], 0.2)
    builder.ground(frame, Box(-wide / 2 + 0.3, 0.0, wide / 2 - 0.3, deep - 0.3), "grass", lawn)
    width = min(float(rng.uniform(10.0, 16.0)), wide - 4.0)
    depth = min(float(rng.uniform(8.0, 12.0)), deep - setback - 6.0)
    shift = float(rng.uniform(-1, 1)) * max(0.0, (wide - width - 3.0) / 2 - 0.5)
    front = setback + float(rng.uniform(-0.8, 0.8))
    body = Box(shift - width / 2, front, shift + width / 2, front + depth)
    _drive(site, frame, wide, front, depth, side=-1 if shift > 0 else 1)
    with builder.aged(float(rng.random())):
        house(site, frame, body)
    back = front + depth + 1.5
    _yard(site, frame, Box(-wide / 2 + 1, back, wide / 2 - 1, deep - 1))
    _trees(site, frame, wide, deep, setback, back)


def house(site: Site, frame: Frame, body: Box) -> None:
    """Build a house of one or two storeys, often with a wing."""
    rng, builder, shell = site.rng, site.builder, site.shell(pitched=True)
    eave = 2.9 if rng.random() < 0.6 else 5.6
    rise = body.depth / 2 * float(rng.uniform(0.38, 0.75))
    roof = gabled if rng.random() < 0.6 else hipped
    roof(builder, frame, body, (0.0, eave), rise, shell)
    if rng.random() < 0.55:
        wing = float(rng.uniform(4.0, 6.5))
        x = float(rng.choice([body.x0, body.x1 - wing]))
        reach = float(rng.uniform(2.0, 4.5))
        turned = frame.inner(x + wing / 2, body.y0 - reach, 1.5707963267948966)
        # seen from the street, the wing's ridge runs towards the house: its x is the frame's y
        length = reach + body.depth / 2
        wing_box = Box(0.0, -wing / 2, length, wing / 2)
        gabled(builder, turned, wing_box, (0.0, min(eave, 2.9)), wing / 2 * 0.6, shell)
    if rng.random() < 0.35:
        x, y = rng.uniform(body.x0 + 1, body.x1 - 2), body.middle[1] + rng.uniform(-1, 0.4)
        stack = Box(float(x), float(y), float(x) + 0.9, float(y) + 0.7)
        builder.block(frame, stack, (eave, eave + rise + 0.8), "plain", (0.2, 0.13, 0.1))


def _drive(site: Site, frame: Frame, wide: float, front: float, depth: float, side: int) -> None:
    """Lay a drive along one side of the plot, with a garage or a car."""
    rng, builder = site.rng, site.builder
    x = side * (wide / 2 - 2.4)
    deep = front + float(rng.uniform(0.0, 1.0)) * depth
    tone = float(rng.uniform(0.75, 1.15))
    colour = [value * tone for value in PAVING]
    builder.ground(frame, Box(x - 1.6, -0.5, x + 1.6, deep), "worn", colour)
    if rng.random() < 0.55:
        car(builder, frame, x, deep - float(rng.uniform(2.6, 4.5)), rng, 1.5708)
    path = Box(-side * 0.6, -0.2, -side * 0.6 + 1.1, front)
    builder.ground(frame, path, "worn", colour)


def _yard(site: Site, frame: Frame, yard: Box) -> None:
    """Furnish a back garden: terrace, shed, pool, hedge."""
    rng, builder = site.rng, site.builder
    if yard.depth < 3:
        return
    x = float(rng.uniform(yard.x0, max(yard.x0, yard.x1 - 6)))
    terrace = Box(x, yard.y0 - 1.5, min(x + 5.5, yard.x1), yard.y0 + 2.2)
    builder.ground(frame, terrace, "worn", site.pick([PAVING, (0.24, 0.19, 0.15)]))
    if rng.random() < 0.4 and yard.depth > 6:
        x = float(rng.choice([yard.x0, yard.x1 - 3.2]))
        shed = Box(x, yard.y1 - 3.0, x + 3.2, yard.y1 - 0.4)
        with builder.aged(float(rng.random())):
            gabled(builder, frame, shed, (0.0, 2.1), 0.9, site.shell(pitched=True))
    if rng.random() < 0.13 and yard.depth > 9 and yard.width > 11:
        x = float(rng.uniform(yard.x0 + 1, yard.x1 - 9))
        pool = Box(x, yard.y0 + 3.2, x + 7.5, yard.y0 + 6.6)
        builder.ground(frame, pool.shrunk(-1.1), "worn", (0.38, 0.36, 0.32))
        builder.ground(frame, pool, "water", (0.13, 0.33, 0.38))
    if rng.random() < 0.3:
        hedge(builder, frame, Box(yard.x0 - 0.6, yard.y1 - 0.2, yard.x1 + 0.6, yard.y1 + 0.6), 1.9)


def _trees(site: Site, frame: Frame, wide: float, deep: float, setback: float, back: float) -> None:
    """Plant a front and a back garden."""
    rng = site.rng
    for low, high, mean in ((1.5, setback - 1.2, 0.5), (back + 1.0, deep - 0.5, 2.3)):
        if high <= low:
            continue
        for _ in range(int(rng.poisson(mean * site.style.trees))):
            south, east = frame.ground(
                (rng.uniform(-wide / 2 + 1.5, wide / 2 - 1.5), rng.uniform(low, high))
            )
            tall = float(rng.uniform(*site.style.tree_m)) * float(rng.uniform(0.45, 1.0))
            tree(site.builder, float(south), float(east), tall, rng, site.style.evergreen)


def dense(site: Site, box: Box) -> None:
    """Build narrow plots wall to wall around the block, with patios behind."""
    site.pave(box, "worn", site.pick([(0.22, 0.20, 0.17), (0.17, 0.16, 0.14), (0.15, 0.15, 0.11)]))
    deep_v = box.depth / 2
    for number, (frame, length) in enumerate(site.sides(box)):
        deep = float(min(site.rng.uniform(17.0, 24.0), deep_v - 1.0))
        inset = 0.0 if number % 2 == 0 else 24.0
        for start, stop in cuts(max(length - 2 * inset, 9.0), (8.0, 12.0), site.rng):
            _plot(site, frame, Box(inset + start, 0.0, inset + stop, deep))
    _patios(site, box)


def _plot(site: Site, frame: Frame, plot: Box) -> None:
    """Build one plot: a front house, often a lower part behind it."""
    rng, builder = site.rng, site.builder
    if rng.random() < 0.05:
        builder.ground(frame, plot, "grass", site.pick([site.style.lawn]))
        return
    front = float(rng.choice([0.0, 0.0, 2.5, 4.0]))
    body = Box(plot.x0, front, plot.x1, front + float(rng.uniform(8.0, 13.0)))
    high = site.storeys()
    with builder.aged(float(rng.random())):
        if rng.random() < 0.28:
            shell = site.shell(pitched=True)
            turned = frame.inner(body.x0, body.y0)
            gabled(
                builder,
                turned,
                Box(0.3, 0.3, body.width - 0.3, body.depth),
                (0.0, high),
                1.5,
                shell,
            )
        else:
            flat(builder, frame, body, (0.0, high), site.shell())
            _tank(site, frame, body, high)
        if rng.random() < 0.88:
            wide = body.width * float(rng.uniform(0.45, 0.9))
            x = plot.x0 if rng.random() < 0.5 else plot.x1 - wide
            rear = Box(x, body.y1, x + wide, min(plot.y1, body.y1 + float(rng.uniform(4.0, 11.0))))
            flat(builder, frame, rear, (0.0, 3.2), site.shell(pitched=rng.random() < 0.4))


def _tank(site: Site, frame: Frame, body: Box, high: float) -> None:
    """Put a water tank and a stair head on a flat roof."""
    rng, builder = site.rng, site.builder
    if rng.random() < 0.5:
        x, y = rng.uniform(body.x0 + 1, body.x1 - 3), rng.uniform(body.y0 + 1, body.y1 - 3)
        spot = Box(float(x), float(y), float(x) + 1.4, float(y) + 1.4)
        builder.block(frame, spot, (high, high + 2.4), "plain", (0.42, 0.42, 0.42))
    if rng.random() < 0.25:
        clutter(builder, frame, body, high, rng, 60.0)


def _patios(site: Site, box: Box) -> None:
    """Scatter sheds, lawns and trees over the inside of a block."""
    rng, builder = site.rng, site.builder
    frame, whole = site.whole(box)
    inner = whole.shrunk(15.0)
    if inner.width < 6 or inner.depth < 6:
        return
    for _ in range(int(inner.width * inner.depth / 42)):
        x, y = rng.uniform(inner.x0, inner.x1 - 5), rng.uniform(inner.y0, inner.y1 - 4)
        spot = Box(float(x), float(y), float(x + rng.uniform(4, 8)), float(y + rng.uniform(3, 7)))
        draw = rng.random()
        if draw < 0.36:
            builder.ground(frame, spot, "grass", site.pick([site.style.lawn]))
        elif draw < 0.44:
            builder.ground(frame, spot, "soil", (0.22, 0.175, 0.125))
        elif draw < 0.74:
            flat(
                builder, frame, spot, (0.0, float(rng.uniform(2.4, 3.4))), site.shell(pitched=True)
            )
        else:
            tall = float(rng.uniform(*site.style.tree_m)) * 0.85
            south, east = frame.ground(spot.middle)
            tree(builder, float(south), float(east), tall, rng, site.style.evergreen)
