"""Blocks that nobody lives on: parks, woods, car parks, bare ground."""

from __future__ import annotations

import math

import numpy as np

from landseer.synth.builder import Builder, Colour
from landseer.synth.frame import Box, Frame
from landseer.synth.greenery import grove, row_of_trees
from landseer.synth.roofs import flat
from landseer.synth.site import PAVING, Site
from landseer.synth.vehicles import car_park, lorry

_POND = (0.032, 0.047, 0.045)


def park(site: Site, box: Box) -> None:
    """Lay out lawns, crossing paths, groves, and a pond or a playing field."""
    rng, builder, style = site.rng, site.builder, site.style
    site.pave(box, "grass", site.pick([style.lawn]))
    frame, whole = site.whole(box)
    diagonal = math.atan2(whole.depth, whole.width)
    length = math.hypot(whole.depth, whole.width) / 2
    for turn in (diagonal, -diagonal):
        path = Box(-length, -1.3, length, 1.3)
        builder.ground(frame.inner(0, 0, turn), path, "worn", (0.31, 0.28, 0.23))
    if rng.random() < 0.5:
        _field(site, frame.inner(whole.x0 / 2, 0.0))
    elif rng.random() < 0.6:
        radius = min(whole.width, whole.depth) * rng.uniform(0.16, 0.26)
        disc(
            builder,
            frame.inner(whole.x0 / 2, 0.0),
            radius * 1.4 + 1.5,
            radius + 1.5,
            "grass",
            style.lawn,
        )
        disc(builder, frame.inner(whole.x0 / 2, 0.0), radius * 1.4, radius, "water", _POND)
    groves = Box(whole.middle[0] + 6, whole.y0 + 4, whole.x1 - 4, whole.y1 - 4)
    grove(builder, frame, groves, 8.5, style.tree_m, rng, evergreen=style.evergreen, clear=0.45)
    for y in (whole.y0 + 3, whole.y1 - 3):
        row_of_trees(builder, frame, (whole.x0, whole.x1, y), 10.0, style.tree_m, rng, 0.75)


def disc(
    builder: Builder, frame: Frame, wide: float, deep: float, material: str, colour: Colour
) -> None:
    """Paint an ellipse with 20 sides."""
    turn = np.linspace(0, math.tau, 21)
    rim = frame.ground(np.stack([wide * np.cos(turn), deep * np.sin(turn)], 1))
    flat_rim = np.concatenate([rim, np.zeros((21, 1))], 1)
    middle = np.array([frame.south, frame.east, 0.0])
    pairs = [[middle, flat_rim[i], flat_rim[i + 1], flat_rim[i + 2]] for i in range(0, 20, 2)]
    builder.face(np.array(pairs), material, colour)


def _field(site: Site, frame: Frame) -> None:
    """Mark a tennis court, or a football pitch of half size."""
    builder = site.builder
    if site.rng.random() < 0.5:
        for x in (-11.0, 11.0):
            court = frame.inner(x, 0.0, math.pi / 2)
            builder.ground(court, Box(-17, -8.5, 17, 8.5), "worn", (0.10, 0.17, 0.12))
            builder.ground(court, Box(-11.9, -5.5, 11.9, 5.5), "plain", (0.11, 0.17, 0.26))
            _outline(builder, court, Box(-11.9, -5.5, 11.9, 5.5), 0.12)
            builder.ground(court, Box(-0.06, -5.5, 0.06, 5.5), "plain", (0.6, 0.6, 0.6))
        return
    builder.ground(frame, Box(-26, -16, 26, 16), "grass", (0.07, 0.125, 0.04))
    _outline(builder, frame, Box(-25, -15, 25, 15), 0.2)
    builder.ground(frame, Box(-0.1, -15, 0.1, 15), "plain", (0.5, 0.5, 0.5))


def _outline(builder: Builder, frame: Frame, box: Box, wide: float) -> None:
    """Draw the four white lines of a court."""
    for line in (
        Box(box.x0, box.y0, box.x1, box.y0 + wide), Box(box.x0, box.y1 - wide, box.x1, box.y1),
        Box(box.x0, box.y0, box.x0 + wide, box.y1), Box(box.x1 - wide, box.y0, box.x1, box.y1),
    ):  # fmt: skip
        builder.ground(frame, line, "plain", (0.5, 0.5, 0.5))


def wood(site: Site, box: Box) -> None:
    """Grow a closed wood."""
    style = site.style
    site.pave(box, "soil", (0.085, 0.075, 0.05))
    frame, whole = site.whole(box)
    tall = (style.tree_m[0] * 1.1, style.tree_m[1] * 1.15)
    grove(
        site.builder, frame, whole, 6.3, tall, site.rng, evergreen=style.evergreen * 1.3, clear=0.1
    )


def lake(site: Site, box: Box) -> None:
    """Lay out a lake between meadows and trees."""
    rng, builder, style = site.rng, site.builder, site.style
    site.pave(box, "grass", site.pick([style.lawn]))
    frame, whole = site.whole(box)
    wide, deep = whole.width * rng.uniform(0.3, 0.4), whole.depth * rng.uniform(0.3, 0.4)
    for strip in _around(whole.shrunk(2.0), Box(-wide, -deep, wide, deep).shrunk(-4.0)):
        grove(builder, frame, strip, 7.5, style.tree_m, rng, evergreen=style.evergreen, clear=0.3)
    turned = frame.inner(0.0, 0.0, float(rng.uniform(-0.05, 0.05)))
    disc(builder, turned, wide + 3.0, deep + 3.0, "soil", (0.17, 0.15, 0.10))
    water = np.array(_POND) * rng.uniform(0.8, 1.7)
    disc(builder, turned, wide, deep, "water", water)
    disc(
        builder, turned.inner(wide * 0.45, deep * 0.4, 0.4), wide * 0.5, deep * 0.5, "water", water
    )


def _around(outer: Box, inner: Box) -> tuple[Box, Box, Box, Box]:
    """Return the four strips of a box around another one in it."""
    return (
        Box(outer.x0, outer.y0, outer.x1, inner.y0),
        Box(outer.x0, inner.y1, outer.x1, outer.y1),
        Box(outer.x0, inner.y0, inner.x0, inner.y1),
        Box(inner.x1, inner.y0, outer.x1, inner.y1),
    )


def parking(site: Site, box: Box) -> None:
    """Lay out one large car park with a few trees and a kiosk."""
    site.pave(box, "worn", site.pick([(0.12, 0.12, 0.12), (0.16, 0.16, 0.155)]))
    frame, whole = site.whole(box)
    car_park(site.builder, frame, whole.shrunk(2.0), site.rng, float(site.rng.uniform(0.15, 0.8)))
    for y in (whole.y0 + 1.0, whole.y1 - 1.0):
        row_of_trees(site.builder, frame, (whole.x0, whole.x1, y), 11.0, (4.0, 8.0), site.rng, 0.6)


def bare(site: Site, box: Box) -> None:
    """Leave a building site or waste ground."""
    rng, builder = site.rng, site.builder
    site.pave(
        box, "soil", site.pick([(0.24, 0.195, 0.14), (0.27, 0.22, 0.17), (0.2, 0.165, 0.125)])
    )
    frame, whole = site.whole(box)
    grove(builder, frame, whole, 12.0, (2.0, 7.0), rng, clear=0.8)
    track = Box(whole.x0, -2.2, whole.x1, 2.2)
    builder.ground(frame, track, "worn", PAVING)
    for _ in range(int(rng.integers(0, 7))):
        x, y = rng.uniform(whole.x0 + 8, whole.x1 - 8), rng.uniform(whole.y0 + 6, whole.y1 - 6)
        lorry(builder, frame, float(x), float(y), rng, float(rng.uniform(0, math.pi)))
    if rng.random() < 0.6:
        hut = Box(whole.x0 + 8, whole.y0 + 6, whole.x0 + 20, whole.y0 + 9)
        with builder.aged(float(rng.random())):
            flat(builder, frame, hut, (0.0, 3.0), site.shell())
