import numpy as np

from landseer.audit.joint import match_jointly
from landseer.audit.settings import SamePlaceConfig


def noisy_views(world, rng, noise):
    """Coasts of unlike brightness, with noise and clouds that hide up to half."""
    layers = []
    for number in range(len(world.places)):
        view = np.nan_to_num(world.view(number)) * rng.uniform(0.7, 1.3)
        view = view + noise * rng.standard_normal(view.shape)
        row, col = rng.integers(0, 120, 2)
        view[row : row + 90, col : col + 90] = np.nan
        layers.append(view.astype(np.float32))
    return layers


def test_pairs_are_found_and_those_that_chains_imply(make_world):
    rng = np.random.default_rng(0)
    world = make_world(30, seed=5, side=1200, size=160, sea=0.2)
    layers = noisy_views(world, rng, 30)
    found, blank = match_jointly([layers], [0.5], SamePlaceConfig(), workers=1)
    every = {(a, b): world.overlap(a, b) for a in range(30) for b in range(a + 1, 30)}
    wanted = {pair for pair, share in every.items() if share >= 0.2}
    assert len(wanted) > 15
    assert all(every[pair] > 0 for pair in found)
    assert len(wanted & set(found)) >= 0.9 * len(wanted)
    assert blank == [[]]
    for (a, b), one in found.items():
        shift = world.places[b] - world.places[a]
        assert np.abs(shift - (one.row, one.col)).max() <= 2


def test_a_steady_layer_may_speak_against_a_pair(fractal):
    rng = np.random.default_rng(1)
    seen = fractal(160, 2.4, rng)
    heights = [fractal(160, 2.4, rng) for _ in range(2)]
    sight = [seen, seen + 0.1 * fractal(160, 2.4, rng)]
    layers, shares, config = [heights, sight], [0.1, 0.5], SamePlaceConfig()
    assert set(match_jointly(layers, shares, config, workers=1)[0]) == {(0, 1)}
    assert match_jointly(layers, shares, config, steady=[True, False], workers=1)[0] == {}


def test_samples_without_detail_are_told_per_layer(fractal):
    flat, some = np.zeros((64, 64), np.float32), fractal(64, 2.4, np.random.default_rng(0))
    found, blank = match_jointly([[flat, some], [flat, flat]], [0.1, 0.5], SamePlaceConfig())
    assert found == {} and blank == [[0], [0, 1]]


def test_workers_change_nothing(make_world):
    world = make_world(12, seed=2, side=900, size=120, sea=0.2)
    layers = noisy_views(world, np.random.default_rng(3), 5)
    one, two = (match_jointly([layers], [0.5], SamePlaceConfig(), workers=n)[0] for n in (1, 3))
    assert one == two
