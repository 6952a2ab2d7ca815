"""Villages along a road: houses in gardens, farms with barns around a yard."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from landseer.synth.builder import Builder
from landseer.synth.frame import Box, Frame
from landseer.synth.greenery import tree
from landseer.synth.houses import lot
from landseer.synth.layout import Layout
from landseer.synth.paths import places_along
from landseer.synth.roofs import Shell, flat, gabled
from landseer.synth.site import Site
from landseer.synth.styles import STYLES, Colour, Style

Floats = NDArray[np.float64]
Rng = np.random.Generator

_ROOFS: tuple[Colour, ...] = (
    (0.27, 0.125, 0.08), (0.30, 0.15, 0.1), (0.22, 0.105, 0.075), (0.15, 0.08, 0.06), (0.19, 0.185, 0.18),
    (0.12, 0.12, 0.125), (0.26, 0.25, 0.235), (0.31, 0.3, 0.29), (0.085, 0.085, 0.09), (0.09, 0.12, 0.09),
)  # fmt: skip
_BARNS: tuple[Colour, ...] = (
    (0.25, 0.245, 0.235), (0.31, 0.30, 0.285), (0.2, 0.19, 0.18), (0.2, 0.1, 0.07), (0.28, 0.15, 0.1),
    (0.34, 0.35, 0.36), (0.17, 0.2, 0.22),
)  # fmt: skip
_DEEP_M = (38.0, 52.0)


def village_style(rng: Rng) -> Style:
    """Return the look of a village: a few roof colours, fruit trees, plastered walls."""
    few = rng.choice(len(_ROOFS), 6, replace=False)
    own = {
        "pitched": tuple(_ROOFS[k] for k in few),
        "tree_m": (3.0, 9.0),
        "trees": 1.5,
        "evergreen": 0.3,
    }
    look = STYLES["OMA"].__dict__ | own | {"lawn": (0.075, 0.105, 0.042), "tiled": "tiles"}
    return Style(**look)


def make_site(builder: Builder, style: Style, rng: Rng) -> Site:
    """Return a building site without a street plan."""
    return Site(builder, Layout(0.0, 0.0, np.zeros((4, 4)), (), ()), style, rng)


def line_village(
    site: Site, path: Floats, width_m: float, count: int, dry: Callable[[Frame, float, float], bool]
) -> list[Frame]:
    """Build houses and farms on both sides of a stretch of road.

    Args:
        site: builder, look and dice.
        path: (n, 2) the road.
        width_m: of its carriageway.
        count: houses and farms.
        dry: says of a plot (frame, width, depth) whether it may be built on.

    Returns:
        A frame per plot, its origin on the road's verge, x along the road.
    """
    rng = site.rng
    step = float(rng.uniform(24.0, 33.0))
    frames = places_along(path, step)
    if not frames or count <= 0:
        return []
    pairs = max(1, math.ceil(count / 1.7))
    first = int(rng.integers(0, max(1, len(frames) - pairs)))
    plots: list[Frame] = []
    for frame in frames[first : first + pairs]:
        for turn in (0.0, math.pi):
            if len(plots) >= count or rng.random() < 0.15:
                continue
            front = frame.inner(0.0, 0.0, turn).inner(0.0, width_m / 2 + 2.2)
            if dry(front, step, _DEEP_M[1] + 30.0):
                _plot(site, front, step)
                plots.append(front)
    return plots


def _plot(site: Site, front: Frame, wide: float) -> None:
    """Fill a plot: a farm, or a house with its garden."""
    deep = float(site.rng.uniform(*_DEEP_M))
    lot(site, front, wide - 1.5, deep, float(site.rng.uniform(6.0, 13.0)))
    if site.rng.random() < 0.4:
        yard(site, front.inner(0.0, deep - 6.0), wide)


def yard(site: Site, frame: Frame, wide: float) -> None:
    """Build a farmyard: barns around trodden ground, a shed, a heap."""
    rng, builder = site.rng, site.builder
    half = max(wide / 2 - 1.0, 13.0)
    ground = Box(-half, -4.0, half, 34.0)
    builder.ground(frame, ground, "soil", site.pick([(0.2, 0.175, 0.135), (0.17, 0.155, 0.13)]))
    long = float(rng.uniform(18.0, 34.0))
    barns = (
        (frame.inner(half - 6.5, 0.0, math.pi / 2), long),
        (frame.inner(-half + 1.0, 33.0, 0.0), min(2 * half - 10.0, float(rng.uniform(12.0, 22.0)))),
    )
    for place, length in barns:
        if rng.random() < 0.85:
            _barn(site, place, length)
    x = float(rng.uniform(-half + 2, -1))
    heap = Box(x, 6.0, x + rng.uniform(4, 7), 6.0 + rng.uniform(3, 6))
    builder.block(frame, heap, (0.0, 1.0), "soil", (0.1, 0.08, 0.055))
    for x in (-half + 1.0, half - 1.0):
        south, east = frame.ground((x, float(rng.uniform(20.0, 33.0))))
        tree(builder, float(south), float(east), float(rng.uniform(5, 11)), rng, 0.15)


def _barn(site: Site, frame: Frame, length: float) -> None:
    """Build a barn or a shed of metal, its ridge along x."""
    rng = site.rng
    deep, high = float(rng.uniform(8.0, 12.0)), float(rng.uniform(3.2, 5.0))
    roof = site.pick(_BARNS)
    material = str(rng.choice(["ribbed", "tiles", "concrete"]))
    shell = Shell(
        site.pick([(0.3, 0.25, 0.21), (0.36, 0.34, 0.31), (0.25, 0.15, 0.115)]),
        roof,
        "plain",
        material,
    )
    box = Box(0.0, -deep / 2, length, deep / 2)
    with site.builder.aged(float(rng.random())):
        if rng.random() < 0.85:
            gabled(
                site.builder, frame, box, (0.0, high), deep * float(rng.uniform(0.2, 0.38)), shell
            )
        else:
            flat(site.builder, frame, box, (0.0, high), shell)
