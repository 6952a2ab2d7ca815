"""Pieces of country: parcels that fill the land, ribbons and outlines of known area, marks where they should be."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely

from landseer.core.seeds import generator
from landseer.synth.builder import BUILDING, Builder
from landseer.synth.camera import look
from landseer.synth.country import CountryPlan, build_country
from landseer.synth.country_plants import WOOD, _inside
from landseer.synth.country_roads import ROAD
from landseer.synth.frame import Box, Frame
from landseer.synth.fresh_water import WATER, draw_lake, draw_river, paint_waters
from landseer.synth.ground_map import GroundMap, kinds_of
from landseer.synth.landcover_label import draw_mask
from landseer.synth.parcels import area_m2, cut_land, long_first, shrunk, square, strips
from landseer.synth.paths import bent, beside, fan, outline, places_along, ribbon
from landseer.synth.roofs import Shell, flat
from landseer.synth.woods import Stand, plant, stems

NOTHING = CountryPlan("summer", 0.0, 0.0, 0, 0.0, 0, 0)


def flat_area(quads: np.ndarray) -> float:
    return float(shapely.area(shapely.polygons(quads[..., :2])).sum())


@pytest.mark.parametrize("seed", range(4))
def test_parcels_and_strips_fill_the_land(seed: int) -> None:
    rng = generator(seed, "land")
    whole = square(800.0, 0.7)
    parts, cuts = cut_land(whole, 15000.0, rng)
    assert len(parts) == len(cuts) + 1 > 10
    assert sum(map(area_m2, parts)) == pytest.approx(800.0**2)
    assert min(map(area_m2, parts)) > 0
    assert shapely.area(shapely.union_all(shapely.polygons(np.array(parts)))) == pytest.approx(
        800.0**2
    )
    for part in parts[:8]:
        assert sum(map(area_m2, strips(part, (10.0, 30.0), rng))) == pytest.approx(area_m2(part))
        sides = np.hypot(*(np.roll(long_first(part), -1, 0) - long_first(part)).T)
        assert sides[0] + sides[2] >= sides[1] + sides[3]
        inner = shapely.Polygon(shrunk(part, 1.0))
        assert shapely.contains(shapely.Polygon(part), inner)


def test_ribbons_and_fans_look_up_and_cover_what_they_should() -> None:
    rng = generator(1, "path")
    path = bent(np.array([-200.0, 30.0]), np.array([250.0, -80.0]), 10.0, 200.0, rng)
    length = np.hypot(*np.diff(path, axis=0).T).sum()
    road = ribbon(path, -3.0, 3.0)
    assert flat_area(road) == pytest.approx(6.0 * length, rel=0.01)
    line = outline(np.array([10.0, 20.0]), 40.0, 0.2, rng, stretch=1.5)
    assert flat_area(fan(line)) == pytest.approx(area_m2(line), rel=1e-9)
    builder = Builder()
    builder.face(road, "worn", (0.1, 0.1, 0.1))
    builder.face(fan(line), "water", (0.1, 0.1, 0.1))
    assert (builder.world((-300, 300, -300, 300)).faces.normal[:, 2] > 0.99).all()


def test_frames_stand_along_a_line() -> None:
    path = np.stack([np.linspace(0, 100, 14), np.zeros(14)], 1)
    frames = places_along(path, 10.0)
    assert [round(frame.south, 6) for frame in frames] == [5.0 + 10 * k for k in range(10)]
    aside = beside(path, 4.0)
    np.testing.assert_allclose(aside[:, 1], frames[0].ground((0.0, 4.0))[1])


def test_inside_agrees_with_shapely() -> None:
    rng = generator(2, "inside")
    line = outline(np.zeros(2), 30.0, 0.35, rng)
    places = rng.uniform(-50, 50, (500, 2))
    wanted = shapely.contains_xy(shapely.Polygon(line), places[:, 0], places[:, 1])
    np.testing.assert_array_equal(_inside(places, line), wanted)


def test_lakes_have_the_area_asked_for() -> None:
    builder = Builder()
    lake = draw_lake(np.zeros(2), 2000.0, np.full(3, 0.05), generator(3, "lake"))
    paint_waters(builder, [lake], [], generator(3, "paint"))
    (span,) = builder.spans
    water = builder.world((-100, 100, -100, 100)).faces.corners[slice(*span.faces)]
    assert span.kind == WATER
    assert flat_area(water) == pytest.approx(2000.0, rel=1e-6)


def test_a_river_runs_into_a_lake_without_a_bank_between() -> None:
    builder = Builder()
    colour, rng = np.full(3, 0.05), generator(4, "waters")
    river = draw_river(np.stack([np.linspace(-90, 90, 30), np.zeros(30)], 1), 12.0, colour, rng)
    paint_waters(builder, [draw_lake(np.zeros(2), 2400.0, colour, rng)], [river], rng)
    ground = GroundMap(builder, 90.0)
    middle = np.stack([np.linspace(-85, 85, 171), np.zeros(171)], 1)
    assert ground.is_kind(middle, (WATER,)).all()


def test_ground_map_knows_marks_and_distances() -> None:
    builder = Builder()
    builder.ground(Frame(0, 0), Box(-50, -50, 50, 50), "grass", (0.1, 0.1, 0.1))
    with builder.marked(ROAD):
        builder.ground(Frame(0, 0), Box(-50, -5, 50, 5), "worn", (0.1, 0.1, 0.1))
    builder.domes([[20.0, 30.0, 4.0]], [[5.0, 4.0]], "leaves", [[0.1, 0.1, 0.1]])
    ground = GroundMap(builder, 50.0)
    places = np.array([[0.0, 0.0], [10.0, 4.0], [10.0, 9.0], [10.0, 40.0], [20.0, 30.0]])
    np.testing.assert_array_equal(
        ground.is_kind(places, (ROAD,)), [True, True, False, False, False]
    )
    np.testing.assert_array_equal(
        ground.is_clear(places, (ROAD,), 7.0), [False, False, False, True, True]
    )
    assert ground.is_clear(places, (WATER,), 1e6).all()


def test_stems_keep_the_density_of_the_stand() -> None:
    stand = Stand(4.0, (10.0, 12.0), 0.2, 0.5, np.full((1, 3), 0.05), rows=0.3)
    places = stems(np.array([-60.0, -80.0]), np.array([60.0, 80.0]), stand, generator(4, "stems"))
    assert len(places) == pytest.approx(120 * 160 / 16 * 0.96, rel=0.03)
    builder = Builder()
    plant(builder, places, stand, generator(4, "plant"))
    domes = builder.world((-60, 60, -80, 80)).domes
    tops = domes.centre[:, 2] + domes.radius[:, 1]
    assert 9.0 < tops.max() < 12.0 * 1.15


@pytest.mark.parametrize("wood", [0.15, 0.5])
def test_country_holds_what_its_plan_says(wood: float) -> None:
    plan = CountryPlan("summer", wood, 4000.0, 0, 0.0, 1, 6)
    builder = build_country(plan, 150.0, generator(5, "country"))
    world = builder.world((-150, 150, -150, 150))
    mask = draw_mask(builder, world, look((0.0, 0.0), (600, 600), 0.5))
    share = np.bincount(mask.ravel(), minlength=5) / mask.size
    assert share[2] == pytest.approx(wood, abs=0.1)
    assert 2500 < share[3] * 300**2 <= 4001
    assert 300 * 3.5 < share[4] * 300**2 < 500 * 7.5
    kinds, _ = kinds_of(builder, len(world.faces.corners), len(world.domes.centre))
    assert set(kinds) == {"", BUILDING, WOOD, WATER, ROAD}
    assert 3 <= sum(span.kind == BUILDING for span in builder.spans) <= 24


def test_an_empty_plan_is_background() -> None:
    builder = build_country(NOTHING, 60.0, generator(6, "empty"))
    copses = [span for span in builder.spans if span.kind == WOOD and span.faces[1] > span.faces[0]]
    mask = draw_mask(builder, builder.world((-60, 60, -60, 60)), look((0.0, 0.0), (200, 200), 0.5))
    assert set(np.unique(mask)) <= {0, 2}
    assert (mask == 0).mean() > 0.7
    assert copses or (mask == 0).all()


def test_masks_follow_leaning_buildings_and_skip_cars_and_single_trees() -> None:
    builder = Builder()
    builder.ground(Frame(0, 0), Box(-40, -40, 40, 40), "grass", (0.1, 0.1, 0.1))
    with builder.marked(ROAD):
        builder.ground(Frame(0, 0), Box(-40, 20, 40, 26), "worn", (0.1, 0.1, 0.1))
    with builder.aged(0.0):
        builder.block(Frame(0, 0), Box(0, 21, 4, 23), (0.0, 1.5), "plain", (0.5, 0.5, 0.5))
    builder.domes([[-20.0, 23.0, 4.0]], [[5.0, 4.0]], "leaves", [[0.1, 0.1, 0.1]])
    with builder.aged(0.5):
        flat(builder, Frame(0, 0), Box(-10, -10, 0, 0), (0.0, 10.0), Shell((0.3,) * 3, (0.4,) * 3))
    world = builder.world((-40, 40, -40, 40))
    for azimuth, shift in ((270.0, 1.0), (90.0, -1.0)):
        view = look((0.0, 0.0), (160, 160), 0.5, off_nadir_deg=20.0, azimuth_deg=azimuth)
        mask = draw_mask(builder, world, view)
        assert (mask == 4).sum() == pytest.approx(160 * 12, rel=0.02)
        cols = np.flatnonzero((mask == 1).any(0))
        lean = 10.7 * math.tan(math.radians(20.0)) / 0.5
        low, high = 80 - 20 + min(shift * lean, 0), 80 + max(shift * lean, 0)
        assert cols[0] == pytest.approx(low, abs=1.5)
        assert cols[-1] == pytest.approx(high, abs=1.5)
