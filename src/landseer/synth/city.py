"""Build a district of a city: ground, streets, and what stands on every block."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from landseer.synth.builder import Builder
from landseer.synth.frame import Box, Frame
from landseer.synth.greenery import tree
from landseer.synth.houses import dense, houses
from landseer.synth.large_buildings import perimeter, sheds, slabs, towers
from landseer.synth.layout import Layout, Street, make_layout
from landseer.synth.open_ground import bare, lake, park, parking, wood
from landseer.synth.site import PAVING, Site
from landseer.synth.solids import World
from landseer.synth.styles import Style
from landseer.synth.town_blocks import TOWN_USES
from landseer.synth.vehicles import car

Rng = np.random.Generator

USES: dict[str, Callable[[Site, Box], None]] = {
    "houses": houses,
    "dense": dense,
    "perimeter": perimeter,
    "slabs": slabs,
    "sheds": sheds,
    "towers": towers,
    "park": park,
    "wood": wood,
    "lake": lake,
    "parking": parking,
    "bare": bare,
}
"""What a block of a city is put to -> the function that builds it; `TOWN_USES` has those of towns."""

_EVERY = USES | TOWN_USES

_LEAST_BLOCK_M = 24.0


def build_city(style: Style, reach_m: float, rng: Rng) -> World:
    """Build a district around the origin of its frame; arguments are those of `build_district`.

    Returns:
        The world; its ground reaches exactly as far, buildings at its rim stand wholly in it.
    """
    return build_district(style, reach_m, rng).world((-reach_m, reach_m, -reach_m, reach_m))


def build_district(style: Style, reach_m: float, rng: Rng) -> Builder:
    """Build a district around the origin of its frame.

    Args:
        style: of the city.
        reach_m: everything within +- this, in both directions, is built.
        rng: source of randomness.

    Returns:
        Its surfaces; every building is marked.
    """
    layout = make_layout(style, reach_m, rng)
    builder = Builder()
    around = Box(-reach_m, -reach_m, reach_m, reach_m)
    builder.ground(Frame(0.0, 0.0), around, "grass", style.lawn)
    site = Site(builder, layout, style, rng)
    near = [street for street in layout.streets if _is_near(layout, street, reach_m)]
    _pave_streets(site, near, reach_m)
    uses = list(style.uses)
    weights = np.array([style.uses[use] for use in uses])
    for block in layout.blocks:
        use = uses[int(rng.choice(len(uses), p=weights / weights.sum()))]
        if not _touches(layout, block, reach_m):
            continue
        if min(block.width, block.depth) < _LEAST_BLOCK_M:
            use = style.spare or ("wood" if style.trees > 1.5 else "parking")
        _EVERY[use](site, block)
    for street in near:
        _traffic(site, street, reach_m)
    return builder


def _touches(layout: Layout, block: Box, reach_m: float) -> bool:
    """Say whether a block lies within reach."""
    u, v = block.middle
    south, east = layout.ground(np.array([u, v]))
    radius = math.hypot(block.width, block.depth) / 2
    return max(abs(float(south)), abs(float(east))) < reach_m + radius


def _is_near(layout: Layout, street: Street, reach_m: float) -> bool:
    """Say whether any piece of a street lies within reach."""
    corners = layout.ribbon(street, -street.width, street.width)
    return bool((np.abs(corners[..., :2]).max(axis=2).min(axis=1) < reach_m + 20).any())


def _pave_streets(site: Site, streets: list[Street], reach_m: float) -> None:
    """Lay pavements, then carriageways, then markings, so that crossings come out clean."""
    layout, builder = site.layout, site.builder

    def ribbon(street: Street, low: float, high: float) -> np.ndarray:
        corners = layout.ribbon(street, low, high)
        near = np.abs(corners[..., :2]).max(axis=2).min(axis=1) < reach_m + 20
        return corners[near]

    tone = site.rng.uniform(0.09, 0.14)
    asphalt = {street: np.full(3, tone * site.rng.uniform(0.93, 1.07)) for street in streets}
    dirt = _dirt(site, streets)
    for street in streets:
        half = street.width / 2 + street.walk
        walk = dirt.get(street)
        material, colour = ("worn", site.pick([PAVING])) if walk is None else ("earth", walk)
        builder.face(ribbon(street, -half, half), material, colour)
    for street in streets:
        half = street.width / 2
        material = "worn" if street not in dirt else "earth"
        builder.face(ribbon(street, -half, half), material, dirt.get(street, asphalt[street]))
    paved = [street for street in streets if street not in dirt]
    for street in paved:
        _mark(site, street, ribbon)
    for street in paved:
        _crossings(site, street, asphalt[street])


def _dirt(site: Site, streets: list[Street]) -> dict[Street, np.ndarray]:
    """Choose the streets without asphalt, narrow ones first, and draw their colours."""
    wanted = round(site.style.unpaved * len(streets))
    narrow = sorted(streets, key=lambda street: street.width)[:wanted]
    return {street: site.pick([site.style.dirt]) for street in narrow}


def _mark(site: Site, street: Street, ribbon: Callable[..., np.ndarray]) -> None:
    """Draw the lines between lanes."""
    builder = site.builder
    if street.width < 11.5:
        if site.style.square or site.rng.random() < 0.4:
            builder.face(ribbon(street, -0.07, 0.07), "worn", (0.42, 0.36, 0.16))
        return
    for offset in (-0.2, 0.2):
        line = ribbon(street, offset - 0.08, offset + 0.08)
        builder.face(line, "worn", (0.45, 0.38, 0.15))
    for offset in (-street.width / 4, street.width / 4):
        line = ribbon(street, offset - 0.08, offset + 0.08)
        builder.face(line, "striped", (0.11, 0.11, 0.11), (0.0, 6.0, 0.5))


def _crossings(site: Site, street: Street, asphalt: np.ndarray) -> None:
    """Paint the crossings for walkers, and clear asphalt where two streets meet."""
    layout, builder = site.layout, site.builder
    if street.along_u:
        return
    for other in layout.streets:
        if not other.along_u or other.at not in (street.start, street.stop):
            continue
        towards = 1.0 if other.at == street.start else -1.0
        frame = layout.frame(street.at, other.at)
        half, reach = street.width / 2, other.width / 2
        builder.ground(frame, Box(-half, -reach, half, reach), "worn", asphalt)
        if site.rng.random() < 0.55:
            y = towards * (reach + 0.8 + 1.5)
            zebra = Box(-half + 0.4, y - 1.5, half - 0.4, y + 1.5)
            builder.ground(frame, zebra, "striped", asphalt, (0.0, 1.0, 0.5))


def _traffic(site: Site, street: Street, reach_m: float) -> None:
    """Park cars along the kerb, let some drive, and plant the pavement."""
    layout, rng, style = site.layout, site.rng, site.style
    busy = rng.uniform(0.1, 0.55) if street.width < 12 else 0.0
    planted = rng.random() < 0.5 * style.trees
    at = street.start + street.width
    while at < street.stop - street.width:
        plan = (at, street.at) if street.along_u else (street.at, at)
        frame = layout.frame(*plan, 0.0 if street.along_u else math.pi / 2)
        if max(abs(frame.south), abs(frame.east)) < reach_m + 5:
            for side in (-1, 1):
                if rng.random() < busy * style.cars:
                    car(site.builder, frame, 0.0, side * (street.width / 2 - 1.2), rng)
                if rng.random() < 0.05 * style.cars:
                    lane = side * street.width / 5
                    car(site.builder, frame, rng.uniform(-2, 2), lane, rng, math.pi * (side < 0))
                if planted and rng.random() < 0.28:
                    offset = side * (street.width / 2 + street.walk * 0.6)
                    south, east = frame.ground((rng.uniform(-2, 2), offset))
                    low, high = style.tree_m
                    tall = float(rng.uniform(low, (low + high) / 2))
                    tree(site.builder, float(south), float(east), tall, rng, 0.05)
        at += 6.6
