"""Build a piece of country: fields, meadows, woods, waters, roads, a village, hedges and single trees."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.synth.builder import Builder
from landseer.synth.country_plants import WOOD, plant_country
from landseer.synth.country_roads import ROAD, dirt_track, paved_road, traffic
from landseer.synth.daylight import Season
from landseer.synth.fields import draw_crop, paint_field
from landseer.synth.frame import Box, Frame
from landseer.synth.fresh_water import WATER, draw_lake, draw_river, draw_water, paint_waters
from landseer.synth.ground_map import GroundMap
from landseer.synth.parcels import Cut, area_m2, cut_land, shrunk, square, strips
from landseer.synth.paths import bent, fan, grown, outline
from landseer.synth.texture import rough
from landseer.synth.villages import line_village, make_site, village_style, yard
from landseer.synth.woods import Stand, draw_stand

Floats = NDArray[np.float64]
Rng = np.random.Generator

_CELL_M2 = 15000.0
_FLOOR = (0.062, 0.062, 0.037)


@dataclass(frozen=True)
class CountryPlan:
    """What a piece of country holds.

    Attributes:
        season: what fields look like.
        wood: share of woods.
        lake_m2: area of a lake; 0 without one.
        ponds: number of ponds.
        river_m: width of a river; 0 without one.
        roads: number of paved roads.
        plots: houses and farms along the first road.
    """

    season: Season
    wood: float
    lake_m2: float
    ponds: int
    river_m: float
    roads: int
    plots: int


def build_country(plan: CountryPlan, reach_m: float, rng: Rng) -> Builder:
    """Build a piece of country around the origin.

    Args:
        plan: what it holds.
        reach_m: everything within +- this, in both directions, is built.
        rng: source of randomness.

    Returns:
        Its surfaces; marks say what is wood, water, road and building.
    """
    builder = Builder()
    builder.ground(
        Frame(0.0, 0.0), Box(-reach_m, -reach_m, reach_m, reach_m), "heath", (0.08, 0.1, 0.043)
    )
    land, cuts = cut_land(square(2.9 * reach_m, float(rng.uniform(0, math.pi))), _CELL_M2, rng)
    land = [quad for quad in land if _share_inside(quad, reach_m) > 0]
    woods = _choose_woods(land, plan.wood, reach_m, rng)
    stands = _paint_land(builder, plan, land, woods, rng)
    tracks = _wear_tracks(builder, cuts, reach_m, rng)
    roads = [_road_line(reach_m, first=number == 0, rng=rng) for number in range(plan.roads)]
    _let_in_water(builder, plan, [path for path, _ in roads], reach_m, rng)
    for path, width in reversed(roads):
        paved_road(builder, path, width, rng)
    _settle(builder, plan, roads, reach_m, rng)
    plant_country(builder, stands, tracks, roads, reach_m, rng)
    return builder


def _share_inside(quad: Floats, reach_m: float) -> float:
    """Return which share of a parcel's area lies within reach, from a 9 x 9 grid of it."""
    u = (np.arange(9) + 0.5)[:, None, None] / 9
    v = (np.arange(9) + 0.5)[None, :, None] / 9
    a, b, c, d = quad
    at = (1 - u) * ((1 - v) * a + v * d) + u * ((1 - v) * b + v * c)
    return float((np.abs(at).max(-1) < reach_m).mean())


def _choose_woods(land: list[Floats], share: float, reach_m: float, rng: Rng) -> set[int]:
    """Choose the parcels that are wooded: neighbours rather than scattered, until the share is reached."""
    middle = np.array([quad.mean(0) for quad in land]) + rng.uniform(-5000, 5000, 2)
    score = rough("soft", middle[:, 0], middle[:, 1], 14.0) + rng.normal(0.0, 0.25, len(land))
    inside = np.array([_share_inside(quad, reach_m) * area_m2(quad) for quad in land])
    wanted, got, chosen = share * 4 * reach_m**2, 0.0, set()
    for number in np.argsort(-score):
        if got + inside[number] / 2 < wanted:
            chosen.add(int(number))
            got += inside[number]
    return chosen


def _paint_land(
    builder: Builder, plan: CountryPlan, land: list[Floats], woods: set[int], rng: Rng
) -> list[tuple[Floats, Stand]]:
    """Paint every parcel; return the wooded outlines with their stands."""
    stands: list[tuple[Floats, Stand]] = []
    for number, quad in enumerate(land):
        if number in woods:
            stands.append((_wood_outline(quad, rng), draw_stand(rng)))
            continue
        meadow = rng.random() < 0.24
        wide = (9.0, 26.0) if rng.random() < 0.45 else (30.0, 130.0)
        for strip in strips(shrunk(quad, 0.8), wide, rng):
            paint_field(builder, strip, draw_crop(plan.season, rng, meadow=meadow), rng)
        if rng.random() < 0.3:
            copse = outline(
                quad.mean(0) + rng.normal(0, 25, 2), float(rng.uniform(7, 17)), 0.3, rng
            )
            stands.append((copse, draw_stand(rng)))
    for line, _ in stands:
        builder.face(fan(grown(line, 3.0)), "heath", (0.075, 0.092, 0.04))
    with builder.marked(WOOD):
        for line, _ in stands:
            builder.face(fan(line), "soil", _FLOOR)
    for line, _ in stands:
        if area_m2(line) > 8000 and rng.random() < 0.35:
            _clearing(builder, line, rng)
    return stands


def _wood_outline(quad: Floats, rng: Rng) -> Floats:
    """Return the edge of a wood: a parcel's, somewhat ragged, so that neighbours meet."""
    points = []
    for start, stop in zip(quad, np.roll(quad, -1, 0), strict=True):
        count = max(2, int(np.hypot(*(stop - start)) / 14.0))
        points.append(start + np.linspace(0, 1, count, endpoint=False)[:, None] * (stop - start))
    line = np.concatenate(points)
    wave = rng.normal(0.6, 2.2, len(line))
    return grown(line, wave)


def _clearing(builder: Builder, line: Floats, rng: Rng) -> None:
    """Fell a part of a wood."""
    middle = line.mean(0) + rng.normal(0, 12, 2)
    gap = outline(
        middle, float(rng.uniform(14.0, 30.0)), 0.2, rng, stretch=float(rng.uniform(1, 2))
    )
    builder.face(fan(gap), "heath", np.array((0.11, 0.105, 0.06)) * rng.uniform(0.8, 1.15))


def _wear_tracks(builder: Builder, cuts: list[Cut], reach_m: float, rng: Rng) -> list[Floats]:
    """Wear tracks along some lines between parcels; return all lines that are near."""
    lines = []
    for cut in cuts:
        path = bent(cut.line[0], cut.line[1], 0.7, 90.0, rng)
        if np.abs(path).max(1).min() > reach_m:
            continue
        lines.append(path)
        if cut.depth < 2 or rng.random() < 0.35:
            dirt_track(builder, path, rng)
    return lines


def _let_in_water(
    builder: Builder, plan: CountryPlan, roads: list[Floats], reach_m: float, rng: Rng
) -> None:
    """Lay out river, lake and ponds; only the river meets roads."""
    colour = draw_water(rng)
    rivers = []
    if plan.river_m > 0:
        path = _across(reach_m, 26.0, 210.0, rng)
        rivers.append(draw_river(path, plan.river_m, colour, rng))
    areas = [plan.lake_m2] if plan.lake_m2 > 0 else []
    areas += [float(rng.uniform(150, 1300)) for _ in range(plan.ponds)]
    lakes = []
    for number, area in enumerate(areas):
        place = _far_from(roads, 1.7 * math.sqrt(area / math.pi) + 12.0, reach_m, rng)
        own = colour if number == 0 else draw_water(rng)
        lakes.append(draw_lake(place, area, own, rng))
    paint_waters(builder, lakes, rivers, rng)


def _far_from(roads: list[Floats], wanted_m: float, reach_m: float, rng: Rng) -> Floats:
    """Draw a place so far from all roads, or as far as can be."""
    lines = np.concatenate([*roads, np.full((1, 2), 1e6)])
    places = rng.uniform(-0.8, 0.8, (24, 2)) * reach_m
    room = np.hypot(*np.moveaxis(places[:, None] - lines, -1, 0)).min(1)
    result: Floats = places[int(np.argmax(np.minimum(room, wanted_m)))]
    return result


def _across(reach_m: float, bend_m: float, wave_m: float, rng: Rng) -> Floats:
    """Return a bent line from one side of the piece to another."""
    turn, aside = rng.uniform(0, math.tau), rng.uniform(-0.5, 0.5) * reach_m
    away = np.array([math.cos(turn), math.sin(turn)])
    across = np.array([-away[1], away[0]]) * aside
    return bent(across - away * 1.6 * reach_m, across + away * 1.6 * reach_m, bend_m, wave_m, rng)


def _road_line(reach_m: float, *, first: bool, rng: Rng) -> tuple[Floats, float]:
    """Draw the line and the width of a paved road across the whole piece."""
    width = float(rng.uniform(5.4, 7.2) if first else rng.uniform(3.8, 5.5))
    return _across(reach_m, 14.0, 420.0, rng), width


def _settle(
    builder: Builder, plan: CountryPlan, roads: list[tuple[Floats, float]], reach_m: float, rng: Rng
) -> None:
    """Build the village, or a lonely farm, and let cars drive."""
    site = make_site(builder, village_style(rng), rng)
    ground = GroundMap(builder, reach_m)

    def dry(frame: Frame, wide: float, deep: float) -> bool:
        """Say whether a plot lies off waters and other roads."""
        steps = np.stack(np.meshgrid(np.linspace(-wide, wide, 7) / 2, np.linspace(3, deep, 9)), -1)
        return not ground.is_kind(frame.ground(steps.reshape(-1, 2)), (WATER, ROAD)).any()

    near = [(path[np.abs(path).max(1) < reach_m * 0.97], width) for path, width in roads]
    left = plan.plots
    for path, width in near:
        if len(path) > 3:
            left -= len(line_village(site, path, width, left, dry))
    if not roads and plan.plots:
        place = rng.uniform(-0.5, 0.5, 2) * reach_m
        yard(site, Frame(float(place[0]), float(place[1]), float(rng.uniform(0, math.tau))), 30.0)
    for path, width in near:
        if len(path) > 3:
            traffic(builder, path, width, rng)
