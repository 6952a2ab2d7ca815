import numpy as np
import pytest

from landseer.audit.detail import compare
from landseer.audit.evidence import (
    Scale,
    find_evidence,
    is_contradicted,
    measure_chance,
    shared_area,
    weigh_evidence,
)
from landseer.audit.register import agree_at

ONE = Scale(np.ones(1), np.ones((1, 1)))


@pytest.fixture(scope="module")
def unrelated(fractal):
    rng = np.random.default_rng(2)
    return compare([fractal(96, 2.4, rng) for _ in range(40)], 0.1)


def test_chance_is_measured_on_unrelated_views(unrelated):
    scale = measure_chance([unrelated, unrelated], min_overlap=0.1)
    assert 0.5 <= scale.deviation[0] < 1
    assert scale.deviation[0] == scale.deviation[1]
    assert scale.together == pytest.approx(np.ones((2, 2)))  # a layer with itself adds nothing


def test_too_few_views_tell_nothing(unrelated):
    assert measure_chance([unrelated[:1]], min_overlap=0.1).deviation.tolist() == [1.0]


def test_scores_on_the_scale_are_standard_normal_in_bulk(unrelated):
    scale = measure_chance([unrelated], min_overlap=0.1)
    rng = np.random.default_rng(9)
    scores = []
    for _ in range(400):
        a, b = rng.choice(40, 2, replace=False)
        shift = tuple(int(n) for n in rng.integers(-40, 41, 2))
        scores.append(weigh_evidence([unrelated], a, b, shift, scale).significance)
    assert np.std(scores) == pytest.approx(1, abs=0.2)
    assert max(scores) < 5


def test_the_shift_is_found_from_some_pixels_away(fractal):
    ground = fractal(256, 2.4, np.random.default_rng(3))
    details = compare([ground[20:120, 20:120], ground[50:150, 60:160]], 0.1)
    found = find_evidence([details], 0, 1, (33, 38), ONE)
    assert (found.row, found.col) == (30, 40)
    assert found.overlap == pytest.approx(0.7 * 0.6)
    assert found.significance > 8


def test_two_lone_islets_of_one_shape_are_no_proof():
    """Any two smooth blobs fit each other; a place needs more than one."""
    rows, cols = np.mgrid[:100, :100]

    def islet(r, c, wide):
        return np.exp(-((rows - r) ** 2 + ((cols - c) / wide) ** 2) / 30).astype("f4")

    details = compare([islet(30, 40, 1.0), islet(60, 50, 1.2), islet(50, 50, 1.1)], 0.1)
    assert agree_at(*details[:2], -30, -10).agreement > 0.9
    assert find_evidence([details], 0, 1, (-30, -10), ONE).significance < 4


def test_heights_speak_against_shores_that_run_alike(fractal):
    rng = np.random.default_rng(4)
    seen = fractal(128, 2.4, rng)
    heights = compare([fractal(128, 2.4, rng), fractal(128, 2.4, rng)], 0.1)
    layers = [heights, compare([seen, seen], 0.5)]
    assert is_contradicted(layers, 0, 1, (0, 0), (True, False))
    assert not is_contradicted(layers, 0, 1, (0, 0), (False, False))
    same = [[heights[0], heights[0]], layers[1]]
    assert not is_contradicted(same, 0, 1, (0, 0), (True, False))
    flat = [compare([np.zeros((128, 128), np.float32)] * 2, 0.1), layers[1]]
    assert not is_contradicted(flat, 0, 1, (0, 0), (True, False))  # no shape, no say


@pytest.mark.parametrize(
    ("shift", "share"),
    [((0, 0), 1.0), ((5, 0), 0.5), ((-5, 10), 0.25), ((10, 0), 0.0), ((0, 40), 0.0)],
)
def test_shared_area_is_that_of_the_rectangles(shift, share):
    assert shared_area((10, 20), (10, 20), shift) == share
