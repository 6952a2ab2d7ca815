import numpy as np
import pytest

from landseer.audit.detail import shrink
from landseer.audit.match import match_layers
from landseer.audit.settings import SamePlaceConfig


def found_pairs(layers, config=None):
    matches, blank = match_layers(layers, config or SamePlaceConfig(), workers=1)
    return {(one.a, one.b): one.agreement for one in matches}, blank


def quality_of(found, world, n, *, land=0.05):
    every = {(a, b): world.overlap(a, b) for a in range(n) for b in range(a + 1, n)}
    right = {pair for pair in found if every[pair] > 0}
    wanted = {pair for pair, share in every.items() if share >= 0.245 and world.land(*pair) >= land}
    return len(right) / max(len(found), 1), len(set(found) & wanted) / len(wanted), len(wanted)


@pytest.mark.parametrize("exhaustive", [0, 400])
def test_coasts_on_other_dates_are_found_by_height(make_world, exhaustive):
    n = 50
    world = make_world(n, seed=1, side=2000)
    layers = [shrink(np.nan_to_num(world.view(k)), 3) for k in range(n)]
    found, _ = found_pairs(layers, SamePlaceConfig(exhaustive_up_to=exhaustive))
    precision, recall, wanted = quality_of(found, world, n)
    assert wanted > 30
    assert precision == 1
    assert recall >= 0.95
    for (a, b), agreement in found.items():
        shift = (world.places[b] - world.places[a]) / 3
        assert np.abs(shift - (agreement.row, agreement.col)).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "slope", "sea"), [(0, 3.0, 0.5), (1, 2.4, 0.5), (2, 3.4, 0.3)])
def test_three_hundred_coasts(make_world, seed, slope, sea):
    n = 300
    world = make_world(n, seed=seed, side=6000, slope=slope, sea=sea)
    layers = [shrink(np.nan_to_num(world.view(k)), 3) for k in range(n)]
    precision, recall, _ = quality_of(found_pairs(layers)[0], world, n)
    assert precision >= 0.98
    assert recall >= 0.9


def test_reflectance_with_noise_gain_change_and_flagged_clouds(fractal, make_world):
    n, rng = 36, np.random.default_rng(5)
    world = make_world(n, seed=3, side=1600, sea=0.0)
    ground = 500 * fractal(1600, 2.4, rng) + 3000
    layers = []
    for row, col in world.places:
        view = ground[row : row + 350, col : col + 350] * rng.uniform(0.7, 1.3)
        view = view + rng.normal(0, 100, view.shape) + 150 * fractal(384, 2.2, rng)[:350, :350]
        cloud = fractal(384, 2.8, rng)[:350, :350]
        view[cloud > np.quantile(cloud, 1 - 0.3 * rng.random())] = np.nan
        layers.append(shrink(view.astype(np.float32), 3))
    precision, recall, wanted = quality_of(found_pairs(layers)[0], world, n, land=0)
    assert wanted > 20
    assert precision == 1
    assert recall >= 0.9


def test_flat_and_open_sea_images_match_nothing():
    rng = np.random.default_rng(0)
    sea = [rng.normal(0, 1, (100, 100)).astype(np.float32) for _ in range(6)]
    flat = [np.full((100, 100), k, np.float32) for k in range(3)]
    missing = [np.full((100, 100), np.nan, np.float32)]
    found, blank = found_pairs(sea + flat + missing)
    assert found == {}
    assert blank == [6, 7, 8, 9]


def test_images_of_different_size_are_compared(fractal):
    ground = fractal(256, 2.6, np.random.default_rng(1))
    found, _ = found_pairs([ground[:128, :100], ground[40:120, 20:140], ground[128:, 128:]])
    assert set(found) == {(0, 1)}
    assert (found[0, 1].row, found[0, 1].col) == (40, 20)


def test_one_image_and_none_give_no_pairs(fractal):
    assert found_pairs([]) == ({}, [])
    assert found_pairs([fractal(64, 2.5, np.random.default_rng(0))])[0] == {}


def test_images_too_small_for_landmarks_are_no_error():
    tiny = [np.random.default_rng(k).random((10, 12)).astype(np.float32) for k in range(3)]
    assert found_pairs(tiny)[0] == {}
