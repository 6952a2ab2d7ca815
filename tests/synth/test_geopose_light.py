"""Light: where shadows fall, what is in them, and what the air and the sensor do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from landseer.synth.builder import Builder
from landseer.synth.camera import look
from landseer.synth.daylight import SEASONS, Day
from landseer.synth.frame import Box, Frame
from landseer.synth.materials import MATERIALS, NUMBER, Points
from landseer.synth.render import render
from landseer.synth.sensor import develop
from landseer.synth.shade import illumination
from landseer.synth.solids import World
from landseer.synth.texture import SIDE, dice, rough

REACH = 80.0
GREY = (0.3, 0.3, 0.3)
UP = np.array([0.0, 0.0, 1.0])


def tower(high: float = 20.0) -> World:
    builder = Builder()
    builder.ground(Frame(0, 0), Box(-REACH, -REACH, REACH, REACH), "plain", GREY)
    builder.block(Frame(0, 0), Box(-4, -4, 4, 4), (0.0, high), "plain", GREY)
    return builder.world((-REACH, REACH, -REACH, REACH))


def light(
    world: World, day: Day, places: NDArray[np.float64], up: float = 0.0
) -> NDArray[np.float32]:
    count = len(places)
    normal = np.tile(UP, (count, 1))
    return illumination(world, day, places, np.full(count, up), normal).mean(axis=1)


def dark(world: World, day: Day) -> NDArray[np.bool_]:
    """Return which ground pixels of a view from the zenith, 0.5 m each, lie in shadow."""
    view = look((0, 0), (240, 240), 0.5)
    pixels = np.argwhere(np.ones(view.size, bool)).astype(float)
    return (light(world, day, view.ground(pixels)) < 0.6).reshape(view.size)


@pytest.mark.parametrize(("azimuth", "elevation"), [(135, 45), (180, 30), (40, 60), (270, 35)])
def test_a_shadow_points_away_from_the_sun_and_has_the_right_length(
    azimuth: float, elevation: float
) -> None:
    day = Day(sun_azimuth_deg=azimuth, sun_elevation_deg=elevation)
    shadow = np.argwhere(dark(tower(), day)) * 0.5 - 59.75
    away = -np.array([-math.cos(math.radians(azimuth)), math.sin(math.radians(azimuth))])
    length = 20.0 / math.tan(math.radians(elevation))
    corner = max((away @ [s, e]) for s in (-4, 4) for e in (-4, 4))
    assert (shadow @ away).max() == pytest.approx(length + corner, abs=1.0)
    assert (shadow @ away).min() > -corner - 1.0
    across = shadow @ [-away[1], away[0]]
    assert abs(across.max() + across.min()) < 1.0


def test_a_roof_is_lit_and_a_lower_roof_in_the_shadow_is_not() -> None:
    builder = Builder()
    builder.ground(Frame(0, 0), Box(-REACH, -REACH, REACH, REACH), "plain", GREY)
    builder.block(Frame(0, 0), Box(-4, -4, 4, 4), (0.0, 30.0), "plain", GREY)
    builder.block(Frame(-12, 0), Box(-4, -4, 4, 4), (0.0, 10.0), "plain", GREY)
    world = builder.world((-REACH, REACH, -REACH, REACH))
    day = Day(sun_azimuth_deg=180, sun_elevation_deg=45)
    assert light(world, day, np.array([[0.0, 0.0]]), 30.0)[0] > 0.9
    assert light(world, day, np.array([[-12.0, 0.0]]), 10.0)[0] < 0.45
    assert light(world, day, np.array([[-12.0, 20.0]]), 0.0)[0] > 0.9


def test_open_flat_ground_in_the_sun_receives_one() -> None:
    places = np.array([[-60.0, 60.0], [50.0, 50.0]])
    np.testing.assert_allclose(light(tower(), Day(), places), 1.0, atol=0.02)


def test_walls_towards_the_sun_are_brighter_than_walls_away_from_it() -> None:
    day = Day(sun_azimuth_deg=180, sun_elevation_deg=45)
    places = np.array([[4.0, 0.0], [-4.0, 0.0]])
    normal = np.array([[1.0, 0, 0], [-1.0, 0, 0]])
    south, north = illumination(tower(), day, places, np.array([10.0, 10.0]), normal).mean(axis=1)
    assert south > 3 * north > 0


def test_light_does_not_depend_on_who_else_asks() -> None:
    day, rng = Day(), np.random.default_rng(0)
    places = rng.uniform(-40, 40, (400, 2))
    alone = np.concatenate([light(tower(), day, places[i : i + 1]) for i in range(0, 400, 25)])
    np.testing.assert_allclose(light(tower(), day, places)[::25], alone, atol=1e-6)


def test_haze_lifts_the_dark_and_dims_the_bright() -> None:
    clear, thick = (
        render(tower(), look((0, 0), (80, 80), 0.5, off_nadir_deg=20, day=Day(haze=haze))).radiance
        for haze in (0.0, 1.0)
    )
    assert thick.max() < clear.max()
    assert thick.min() > clear.min()


def test_develop_is_monotonous_and_noise_is_seeded() -> None:
    ramp = np.broadcast_to(np.linspace(0, 0.5, 64, dtype=np.float32), (3, 8, 64))
    image = develop(ramp, Day())
    assert image.dtype == np.uint8
    assert (np.diff(image.astype(int), axis=2) >= 0).all()
    noisy = [develop(ramp, Day(), 0.02, np.random.default_rng(1)) for _ in range(2)]
    np.testing.assert_array_equal(noisy[0], noisy[1])
    assert 1 < (noisy[0].astype(int) - image).std() < 12


def points(count: int, season: str) -> Points:
    rng = np.random.default_rng(0)
    south, east, height, along, across = rng.uniform(0, 50, (5, count))
    return Points(
        colour=np.tile(np.array(GREY, np.float32), (count, 1)),
        south=south,
        east=east,
        height=height,
        along=along,
        across=across,
        pattern=np.tile(np.array([3.0, 2.5, 0.5], np.float32), (count, 1)),
        number=rng.integers(0, 9, count).astype(np.int32),
        season=season,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("season", SEASONS)
@pytest.mark.parametrize("name", MATERIALS)
def test_materials_reflect_a_share_of_the_light(name: str, season: str) -> None:
    reflectance = MATERIALS[name](points(500, season))
    assert reflectance.shape == (500, 3)
    assert np.isfinite(reflectance).all() and (reflectance > 0).all() and (reflectance < 1).all()
    np.testing.assert_array_equal(reflectance, MATERIALS[name](points(500, season)))


@pytest.mark.parametrize("name", ["grass", "leaves"])
def test_plants_are_greener_in_summer_than_in_winter(name: str) -> None:
    summer, winter = (MATERIALS[name](points(500, s)).mean(axis=0) for s in ("summer", "winter"))
    assert summer[1] / summer[0] > winter[1] / winter[0]


def test_windows_stand_in_bays_and_storeys() -> None:
    grid = np.stack(np.meshgrid(np.arange(0, 25, 0.25), np.arange(1.5, 9, 0.25)), -1).reshape(-1, 2)
    count = len(grid)
    wall = points(count, "summer")
    full = Points(
        colour=wall.colour, south=wall.south, east=wall.east, height=grid[:, 1], along=grid[:, 0],
        across=wall.across, pattern=np.tile(np.array([3.0, 2.5, 1.0], np.float32), (count, 1)),
        number=np.zeros(count, np.int32), season="summer",
    )  # fmt: skip
    pane = MATERIALS["plaster"](full)[:, 0] < 0.2
    assert pane.mean() == pytest.approx(0.55 * 0.55, abs=0.12)
    assert not pane[np.abs(grid[:, 0] % 2.5 - 1.25) > 0.75].any()


def test_roughness_repeats_and_is_continuous() -> None:
    south, east = np.random.default_rng(0).uniform(0, 90, (2, 200))
    for kind in ("fine", "mid", "soft"):
        here = rough(kind, south, east, 0.5)
        np.testing.assert_allclose(rough(kind, south + SIDE * 0.5, east, 0.5), here, atol=1e-3)
        np.testing.assert_allclose(rough(kind, south + 1e-5, east, 0.5), here, atol=1e-3)
        edge = np.round(south / 0.5) * 0.5
        before, after = rough(kind, edge - 1e-7, east, 0.5), rough(kind, edge + 1e-7, east, 0.5)
        np.testing.assert_allclose(before, after, atol=1e-3)
        assert 0.3 < here.std() < 1.6


def test_dice_are_even_and_differ_by_cell() -> None:
    numbers = dice(np.arange(20_000), np.full(20_000, 3))
    assert np.histogram(numbers, 10, (0, 1))[0].min() > 1800
    assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.03
    assert dice(np.array([1]), np.array([2])) != dice(np.array([2]), np.array([1]))
    assert set(NUMBER.values()) == set(range(len(MATERIALS)))
