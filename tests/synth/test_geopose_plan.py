"""The plan: exact counts, distinct ids, pictures that differ, and flaws of surveyed heights."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from landseer.synth.geopose_plan import (
    FLAWS,
    acquisition_of,
    make_plan,
    place_origin,
    reach_of,
    view_of,
)
from landseer.synth.geopose_settings import GeoposeFlawShares, GeoposeSynthConfig
from landseer.synth.lidar import HIGHEST_M, NODATA, gaps, shifted, survey, to_file
from landseer.synth.styles import STYLES

CONFIG = GeoposeSynthConfig(train=81, test=23, size_px=256)


def test_cities_and_flaws_are_dealt_out_exactly() -> None:
    plan = make_plan(CONFIG)
    sides = Counter(spec.side for spec in plan)
    assert sides == {"train": 81, "test": 23}
    cities = Counter(spec.city for spec in plan if spec.side == "train")
    assert max(cities.values()) - min(cities.values()) <= 1
    for flaw in FLAWS:
        count = sum(flaw in spec.flaws for spec in plan)
        assert count == round(getattr(CONFIG.flaws, flaw) * 81)
    assert not any(spec.flaws for spec in plan if spec.side == "test")
    assert set(FLAWS) == set(GeoposeFlawShares.model_fields)


def test_ids_are_distinct_even_without_case() -> None:
    plan = make_plan(CONFIG.model_copy(update={"train": 3000}))
    assert len({spec.tile[4:].lower() for spec in plan}) == 3023


def test_every_acquisition_has_its_own_angle_in_the_citys_range() -> None:
    for city, style in STYLES.items():
        taken = [acquisition_of(CONFIG, city, number) for number in range(CONFIG.acquisitions)]
        assert taken == [acquisition_of(CONFIG, city, n) for n in range(CONFIG.acquisitions)]
        angles = [a.off_nadir_deg for a in taken]
        assert angles == sorted(angles)
        assert style.off_nadir_deg[0] <= angles[0] and angles[-1] <= style.off_nadir_deg[1]
        assert len({a.azimuth_deg for a in taken}) == len(taken)
        south, _, up = taken[0].day.towards_sun
        assert up > 0 and (south < 0) == style.southern


def test_tiles_of_one_picture_have_nearly_one_pose() -> None:
    poses: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for spec in make_plan(CONFIG):
        view = view_of(CONFIG, spec)
        assert view.gsd_m == pytest.approx(STYLES[spec.city].gsd_m)
        poses.setdefault((spec.city, spec.acquisition), []).append(
            (view.angle_rad, view.scale_px_per_m)
        )
    several = [np.array(pose) for pose in poses.values() if len(pose) > 4]
    assert several
    for pose in several:
        turn = np.angle(np.exp(1j * (pose[:, 0] - pose[0, 0])))
        assert 0 < np.abs(turn).max() < math.radians(3)
        assert 0 < np.ptp(pose[:, 1]) < 0.05


def test_places_lie_apart_and_hold_their_tiles() -> None:
    for city in STYLES:
        reach = reach_of(CONFIG, city)
        origins = np.array([place_origin(CONFIG, city, place) for place in range(20)])
        away = np.abs(origins[:, None] - origins[None]).max(axis=2)
        assert away[~np.eye(20, dtype=bool)].min() >= 2 * reach
        half = CONFIG.size_px * STYLES[city].gsd_m / 2
        for spec in (s for s in make_plan(CONFIG) if s.city == city):
            assert max(abs(spec.south_m), abs(spec.east_m)) + half + STYLES[city].tower_m[1] < reach


def block() -> np.ndarray:
    clean = np.zeros((64, 80), np.float32)
    clean[20:40, 30:60] = 12.0
    return clean


def test_a_survey_without_flaws_is_the_truth() -> None:
    clean = block()
    given = survey(clean, clean, clean > 99, (), 0.0, np.random.default_rng(0))
    np.testing.assert_array_equal(given, clean)


def test_noise_has_the_given_spread_and_heights_stay_above_ground() -> None:
    clean = np.full((200, 200), 5.0, np.float32)
    given = survey(clean, clean, clean > 99, (), 0.3, np.random.default_rng(0))
    assert np.std(given - clean) == pytest.approx(0.3, rel=0.03)
    low = survey(clean * 0, clean, clean > 99, (), 0.3, np.random.default_rng(0))
    assert low.min() == 0.0


def test_an_older_survey_lacks_the_building() -> None:
    clean = block()
    given = survey(clean, clean * 0, clean > 99, ("older",), 0.0, np.random.default_rng(0))
    assert given.max() == 0.0


def test_a_shift_is_a_few_whole_pixels_and_never_none() -> None:
    clean = block()
    for seed in range(12):
        moved = shifted(clean, np.random.default_rng(seed))
        down, right = np.argwhere(moved == 12.0)[0] - [20, 30]
        assert 1 <= math.hypot(down, right) <= 3
        np.testing.assert_array_equal(np.roll(clean, (down, right), (0, 1)), moved)


def test_speckle_is_rare_and_goes_both_ways() -> None:
    clean = np.full((300, 300), 6.0, np.float32)
    given = survey(clean, clean, clean > 99, ("speckle",), 0.0, np.random.default_rng(0))
    wrong = given != 6.0
    assert 0.0002 < wrong.mean() < 0.005
    assert (given[wrong] == 0).any() and (given[wrong] > 6).any()


def test_water_has_no_height_and_gaps_are_small() -> None:
    water = np.zeros((120, 120), bool)
    water[50:60, 50:60] = True
    shares = [gaps(water, np.random.default_rng(seed)).mean() for seed in range(20)]
    assert all(gaps(water, np.random.default_rng(seed))[water].all() for seed in range(3))
    assert 0.01 < np.mean(shares) < 0.1


def test_files_hold_centimetres_and_mark_what_is_unknown() -> None:
    written = to_file(np.array([[0.0, 1.234, np.nan, HIGHEST_M]], np.float32))
    np.testing.assert_array_equal(written, [[0, 123, NODATA, 65534]])
    assert written.dtype == np.uint16
