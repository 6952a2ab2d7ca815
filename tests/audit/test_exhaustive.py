import numpy as np
import pytest

from landseer.audit.detail import compare
from landseer.audit.exhaustive import correlate_all


@pytest.fixture(scope="module")
def ground(fractal):
    return fractal(512, 2.6, np.random.default_rng(0))


def best_of(candidates, a, b):
    return max((c for c in candidates if (c.a, c.b) == (a, b)), key=lambda c: c.votes, default=None)


@pytest.mark.parametrize("shift", [(0, 0), (64, -50), (-70, 20), (100, 0), (0, -105)])
def test_a_shift_is_proposed_to_within_a_coarse_pixel(ground, shift):
    row, col = shift
    layers = [
        ground[150:278, 150:278],
        ground[150 + row : 278 + row, 150 + col : 278 + col],
        ground[:128, 384:],
    ]
    found = correlate_all([compare(layers, 0.1)], min_overlap=0.05, workers=1)
    best = best_of(found, 0, 1)
    assert best is not None and abs(best.row - row) <= 2 and abs(best.col - col) <= 2
    assert all(best.votes > other.votes for other in found if (other.a, other.b) != (0, 1))


def test_layers_add_up(ground, fractal):
    """Two noisy layers together promise more than either."""
    rng = np.random.default_rng(5)
    other = fractal(512, 2.6, rng)

    def noisy(field, r, c):
        return field[r : r + 128, c : c + 128] + 1.2 * rng.standard_normal((128, 128)).astype("f4")

    places = [(100, 100), (140, 130)]
    layers = [compare([noisy(field, *p) for p in places], 0.5) for field in (ground, other)]
    alone = [best_of(correlate_all([layer], min_overlap=0.1), 0, 1) for layer in layers]
    both = best_of(correlate_all(layers, min_overlap=0.1), 0, 1)
    assert (both.row, both.col) == pytest.approx((40, 30), abs=2)
    assert both.votes > 1.15 * max(one.votes for one in alone)


def test_flat_images_and_none_are_in_no_candidate():
    flat = [np.full((40, 40), k, np.float32) for k in range(3)]
    assert correlate_all([compare(flat, 0.1)], min_overlap=0.1) == []
    assert correlate_all([[]], min_overlap=0.1) == []
    assert correlate_all([], min_overlap=0.1) == []


def test_workers_change_nothing(ground):
    layers = [ground[20 * k : 20 * k + 100, :100] for k in range(8)]
    one, two = (correlate_all([compare(layers, 0.1)], min_overlap=0.1, workers=n) for n in (1, 3))
    assert one == two
