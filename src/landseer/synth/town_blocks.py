"""Blocks of towns that grew by hand: huddled tin roofs, compounds with thatched huts, schools."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from landseer.synth.frame import Box, Frame
from landseer.synth.greenery import tree
from landseer.synth.huts import hut
from landseer.synth.plots import CONCRETE, garden, planned, villas
from landseer.synth.roofs import gabled, hipped
from landseer.synth.site import Site, cuts
from landseer.synth.tin import tin_gable, tin_house, tin_shell

Rng = np.random.Generator


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
            tin_house(site, place, Box(-wide, -deep, wide - added, deep))
            if added:
                tin_house(site, place, Box(wide - added + 0.1, -deep, wide, deep * 0.2))


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
            place, spot, (0.0, float(rng.uniform(0.3, 1.2))), "plain", site.pick(CONCRETE)
        )


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
            tin_house(
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
                    tin_gable(builder, frame, hall, (high, 1.4), shell)
    garden(site, frame, whole.shrunk(11.0), 5.0)


TOWN_USES: dict[str, Callable[[Site, Box], None]] = {
    "informal": informal,
    "planned": planned,
    "villas": villas,
    "compounds": compounds,
    "school": school,
}
"""What a block of a town is put to -> the function that builds it."""
