"""Towns, drone mosaics, footprints and drawn labels, each against something known."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from landseer.core.seeds import generator
from landseer.synth.builder import Builder
from landseer.synth.buildings_plan import make_plan
from landseer.synth.buildings_settings import BuildingsSynthConfig, LabelFlawShares
from landseer.synth.camera import look
from landseer.synth.city import build_district
from landseer.synth.drone import Flight, make_mosaic, render_mosaic
from landseer.synth.footprints import Footprint, footprints
from landseer.synth.frame import Box, Frame
from landseer.synth.huts import hut
from landseer.synth.label_flaws import draw_labels
from landseer.synth.plots import court
from landseer.synth.render import render
from landseer.synth.roofs import Shell, flat
from landseer.synth.site import Site
from landseer.synth.town_blocks import TOWN_USES
from landseer.synth.towns import AREAS
from landseer.synth.villages import make_site

WORLD_M = (-60.0, 60.0, -60.0, 60.0)
SHELL = Shell((0.3, 0.3, 0.3), (0.4, 0.4, 0.4))


def anywhere(_: np.ndarray) -> bool:
    return True


def site() -> Site:
    return make_site(Builder(), AREAS["acc"].style, generator(1, "site"))


def test_every_use_of_a_town_is_put_to_use_somewhere() -> None:
    used = {use for area in AREAS.values() for use in area.style.uses}
    assert set(TOWN_USES) <= used


@pytest.mark.parametrize("area", AREAS)
def test_towns_are_built_up_and_their_buildings_stand_apart(area: str) -> None:
    builder = build_district(AREAS[area].style, 60.0, generator(2, area))
    found = footprints(builder, builder.world(WORLD_M))
    shapes = np.array([one.outline for one in found], object)
    inside = shapely.intersection(shapes, shapely.box(-60, -60, 60, 60))
    share = shapely.area(inside).sum() / 120**2
    assert 0.03 < share < 0.6
    together = shapely.area(shapely.union_all(shapes))
    assert together > 0.93 * shapely.area(shapes).sum()
    assert all(1.0 < one.height_m < 40.0 for one in found)


def test_footprints_are_the_outlines_of_roofs() -> None:
    here = site()
    with here.builder.aged(0.5):
        flat(here.builder, Frame(10, 20), Box(0, 0, 8, 6), (0.0, 3.0), SHELL)
    court(here, Frame(-20, 0), Box(0, 0, 12, 12), SHELL)
    hut(here.builder, Frame(30, -20), 3.0, here.rng)
    with here.builder.aged(0.5):
        flat(here.builder, Frame(-50, 0), Box(0, 0, 1, 1), (0.0, 3.0), SHELL)
    house, ring, round_one = footprints(here.builder, here.builder.world(WORLD_M))
    assert shapely.equals_exact(
        shapely.normalize(house.outline), shapely.normalize(shapely.box(20, -18, 26, -10)), 0.01
    )
    assert shapely.get_num_interior_rings(ring.outline) == 1
    assert shapely.area(shapely.convex_hull(ring.outline)) == pytest.approx(144.0, rel=0.01)
    assert shapely.area(round_one.outline) == pytest.approx(np.pi * 3.5**2, rel=0.08)


def test_a_mosaic_shows_what_its_pictures_show() -> None:
    builder = build_district(AREAS["mon"].style, 40.0, generator(3, "mon"))
    world = builder.world((-40.0, 40.0, -40.0, 40.0))
    view = look((0.0, 0.0), (220, 260), 0.25)
    mosaic = make_mosaic(view, Flight((0.1, -0.2), 0.05, 0.2), generator(3, "flight"))
    assert set(np.unique(mosaic.part)) == set(range(len(mosaic.views)))
    assert 0.6 < mosaic.covered.mean() < 1.0
    radiance = render_mosaic(world, mosaic)
    assert not radiance[:, ~mosaic.covered].any()
    for number, part in enumerate(mosaic.views):
        whole = render(world, part).radiance * np.float32(mosaic.gains[number])
        mine = (mosaic.part == number) & mosaic.covered
        np.testing.assert_allclose(radiance[:, mine], whole[:, mine], atol=2e-3)
        assert part.lean == pytest.approx([0.1, -0.2], abs=0.25)


def test_a_level_steady_flight_is_one_picture() -> None:
    view = look((0.0, 0.0), (90, 110), 0.5)
    mosaic = make_mosaic(view, Flight((0.0, 0.0), 0.0, 0.0, ragged=False), generator(4, "flight"))
    assert mosaic.covered.all()
    for part in mosaic.views:
        assert part.flow_per_m == (0.0, 0.0)
        assert part.offset_px == view.offset_px


def grid_of_houses(side: int) -> list[Footprint]:
    steps = np.arange(side) * 12.0
    return [Footprint(shapely.box(x, y, x + 10.5, y + 9.0), 3.0) for x in steps for y in steps]


def test_careful_labels_are_the_truth_moved_by_a_hand() -> None:
    houses = grid_of_houses(8)
    drawn, flaws = draw_labels("abc", houses, None, anywhere, generator(5, "labels"))
    assert not flaws
    off = [one.hausdorff_distance(house.outline) for one, house in zip(drawn, houses, strict=True)]
    assert 0.05 < np.mean(off) < 0.4
    assert all(shapely.is_valid(drawn))


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5])
def test_flaws_are_exact_counts(share: float) -> None:
    houses = grid_of_houses(8)
    shares = LabelFlawShares(missing=share, shifted=share, merged=0.2, gone=0.1)
    drawn, flaws = draw_labels("abc", houses, shares, anywhere, generator(6, "labels"))
    count = {
        name: sum(f.flaw == name for f in flaws)
        for name in ("missing", "shifted", "merged", "gone")
    }
    assert count["missing"] == count["shifted"] == round(share * 64)
    assert count["merged"] <= round(0.2 * 64 / 2)
    assert len(drawn) == 64 - count["missing"] - count["merged"] + count["gone"]
    missing = {f.building for f in flaws if f.flaw == "missing"}
    assert not missing & {f.building for f in flaws if f.flaw != "missing"}


def test_gone_buildings_stand_only_where_the_mosaic_shows_ground() -> None:
    houses = [one for one in grid_of_houses(6) if (one.middle > 20).any()]
    shares = LabelFlawShares(missing=0.0, shifted=0.0, merged=0.0, gone=0.1)
    _, flaws = draw_labels(
        "abc", houses, shares, lambda at: bool((at < 20).all()), generator(7, "labels")
    )
    assert all(f.east_m < 20 and f.north_m < 20 for f in flaws)
    _, none = draw_labels("abc", houses, shares, lambda _: False, generator(7, "labels"))
    assert flaws
    assert not none


def test_plan_spreads_towns_resolutions_and_chips() -> None:
    config = BuildingsSynthConfig(train=7, tier_2=5, test=10, size_px=1024, chip_px=512)
    plan = make_plan(config)
    by_part = {
        part: [s for s in plan if s.part == part]
        for part in ("train_tier_1", "train_tier_2", "test")
    }
    assert [len(some) for some in by_part.values()] == [7, 5, 3]
    assert len({s.area for s in by_part["train_tier_1"]}) == 7
    chips = [chip for s in plan for chip in s.chips]
    assert len(chips) == len({*chips, *(s.name for s in plan)}) - len(plan) == 10
    fine = sorted(s.gsd_m for s in by_part["train_tier_1"])
    assert fine[0] < 0.1
    assert fine[-1] > 0.17
    places = {(s.crs, s.west_m, s.north_m) for s in plan}
    assert len(places) == len(plan)
