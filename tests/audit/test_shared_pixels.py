"""Shared pixels: crops of one scene are found at their shift, however thin; noise, flats and repeats are not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseer.audit.shared_pixels import PATCH_PX, find_shared, mark, thinning


def scene(size=200, seed=0):
    return np.random.default_rng(seed).integers(0, 50, (size, size)).astype(np.float32)


@settings(deadline=None, max_examples=40)
@given(row=st.integers(-54, 54), col=st.integers(-54, 54), rate=st.sampled_from([1, 4]))
def test_two_crops_of_one_scene_are_found_at_their_shift(row, col, rate):
    world = scene()
    a = world[60:124, 60:124]
    b = world[60 + row : 124 + row, 60 + col : 124 + col]
    found = find_shared([mark(a, keep_one_in=rate), mark(b, keep_one_in=rate)])
    common = (64 - abs(row)) * (64 - abs(col))
    patches = (64 - abs(row) - PATCH_PX + 1) * (64 - abs(col) - PATCH_PX + 1)
    if patches // rate > 60:
        (pair,) = found
        assert (pair.a, pair.b, pair.row, pair.col) == (0, 1, row, col)
        assert pair.overlap == pytest.approx(common / 64**2)
        assert pair.agreement == 1.0
    else:
        assert all((pair.row, pair.col) == (row, col) for pair in found)


def test_a_strip_of_eight_pixels_is_enough():
    world = scene()
    found = find_shared([mark(world[:128, :128]), mark(world[120:, :128])])
    assert [(one.row, one.col, one.patches) for one in found] == [(120, 0, 73 + 48)]


def test_a_change_inside_the_common_ground_is_tolerated():
    world, other = scene(), scene()
    other[20:50, 20:50] += 1
    (pair,) = find_shared([mark(world), mark(other)])
    assert 0.9 < pair.agreement < 1


def test_unrelated_samples_share_nothing():
    assert find_shared([mark(scene(seed=n)) for n in range(30)]) == []


@pytest.mark.parametrize(
    "layer",
    [
        np.zeros((64, 64), np.float32),
        np.full((64, 64), np.nan, np.float32),
        np.tile(np.arange(8, dtype=np.float32), (64, 8)),
        np.tile(scene(16), (4, 4)),
        scene(PATCH_PX - 1),
    ],
    ids=["flat", "missing", "stripes", "repeats", "too small"],
)
def test_what_proves_nothing_is_not_marked(layer):
    assert len(mark(layer).hashes) == 0
    assert find_shared([mark(layer), mark(layer)]) == []


def test_missing_pixels_leave_the_rest():
    world = scene()
    holed = world.copy()
    holed[:, 90:100] = np.nan
    (pair,) = find_shared([mark(world[:64]), mark(holed[10:74])])
    assert (pair.row, pair.col, pair.agreement) == (10, 0, pytest.approx(0.9, abs=0.1))


def test_a_place_seen_often_is_one_chain_and_not_every_pair():
    prints = [mark(scene(64))] * 200
    found = find_shared(prints)
    assert len(found) <= 16 * 200
    reached = {0}
    for pair in found:
        if pair.a in reached:
            reached.add(pair.b)
    assert reached == set(range(200))


def test_thinning_keeps_within_the_budget():
    assert thinning(100, 128, 128) == 1
    rate = thinning(100_000, 128, 128)
    assert 100_000 * 128 * 128 / rate <= 20_000_000
    assert rate & (rate - 1) == 0
    layer = scene(256)
    assert len(mark(layer, keep_one_in=8).hashes) == pytest.approx(
        len(mark(layer).hashes) / 8, rel=0.1
    )
