"""What is usual, what is contradicted and what lies beside its place: against slow loops and fields made for it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from landseer.errors import LabelError
from landseer.metrics.value_quality import (
    HIGHER,
    LOWER,
    Usual,
    contradictions,
    displacement,
    in_mads,
    stands_out,
    usual_errors,
    wide_parts,
)

NARROW = Usual(np.array([0.0, 100.0]), np.array([-1.0, -1.0]), np.array([1.0, 1.0]))
"""One metre either way, whatever is predicted."""


def test_limits_are_quartiles_from_the_median_and_wrong_references_do_not_move_them() -> None:
    rng = np.random.default_rng(0)
    said = rng.uniform(0, 20, 40_000)
    known = said + rng.normal(0, 0.5 + 0.1 * said)
    usual = usual_errors(known, said, spread=3.0)
    assert len(usual.at) == 40
    quartile = 0.6745 * (0.5 + 0.1 * usual.at)
    np.testing.assert_allclose(usual.high, 3 * quartile, rtol=0.25)
    np.testing.assert_allclose(usual.low, -3 * quartile, rtol=0.25)
    spoilt = np.where((said > 10) & (rng.random(said.size) < 0.1), 0.0, known)
    wide = usual_errors(spoilt, said, spread=3.0)
    assert (wide.low > -12).all()
    tail = np.quantile((spoilt - said)[said > 15], 0.02)
    assert tail < -15


def test_classes_hold_equal_numbers_of_pixels() -> None:
    rng = np.random.default_rng(1)
    said, known = rng.exponential(5, 4_000), rng.exponential(5, 4_000)
    usual = usual_errors(known, said, spread=2.0)
    order = np.argsort(said, kind="stable")
    first = order[:100]
    errors = (known - said)[first]
    low, middle, high = np.quantile(errors, (0.25, 0.5, 0.75))
    assert usual.at[0] == pytest.approx(np.median(said[first]), rel=0.02)
    assert usual.low[0] == pytest.approx(middle - 2 * (middle - low), abs=0.1)
    assert usual.high[0] == pytest.approx(middle + 2 * (high - middle), abs=0.1)


def test_without_pixels_nothing_is_unusual() -> None:
    nan = np.full(5, np.nan)
    usual = usual_errors(nan, nan)
    assert not contradictions(np.full((4, 4), 9.0), np.zeros((4, 4)), usual).any()
    assert len(usual_errors(np.zeros(9), np.zeros(9)).at) == 1


def test_a_missing_building_is_lower_and_an_invented_one_higher() -> None:
    said = np.zeros((30, 30))
    said[5:15, 5:15] = 10
    known = said.copy()
    known[5:15, 5:15] = 0
    known[20:26, 20:26] = 8
    found = contradictions(known, said, NARROW, edge_px=1)
    assert (found[7:13, 7:13] == LOWER).all()
    assert (found[20:26, 20:26] == HIGHER).all()
    assert set(np.unique(found[16:19])) == {0}


@pytest.mark.parametrize("edge_px", [0, 1, 2, 3])
def test_edges_may_be_off_by_so_much(edge_px: int) -> None:
    said = np.zeros((30, 30))
    said[5:20, 5:20] = 10
    known = np.roll(said, (2, -2), axis=(0, 1))
    found = contradictions(known, said, NARROW, edge_px=edge_px, least_px=1)
    assert found.any() == (edge_px < 2)


def test_it_is_what_a_slow_loop_finds() -> None:
    rng = np.random.default_rng(2)
    said, known = rng.uniform(0, 10, (2, 14, 17))
    known[3, 4:9] = np.nan
    usual = Usual(
        np.array([0.0, 5.0, 10.0]), np.array([-1.0, -2.0, -3.0]), np.array([2.0, 1.0, 0.5])
    )
    found = contradictions(known, said, usual, edge_px=1, least_px=1)
    for row, col in np.ndindex(said.shape):
        around = said[max(row - 1, 0) : row + 2, max(col - 1, 0) : col + 2]
        low = around.min() + np.interp(around.min(), usual.at, usual.low)
        high = around.max() + np.interp(around.max(), usual.at, usual.high)
        y = known[row, col]
        assert found[row, col] == (LOWER if y < low else HIGHER if y > high else 0)


def test_regions_are_counted_over_corners_and_small_ones_left_out() -> None:
    known, said = np.zeros((12, 12)), np.zeros((12, 12))
    for i in range(4):
        known[i, i] = 9
    known[8, 8:11] = 9
    found = contradictions(known, said, NARROW, edge_px=0, least_px=4)
    assert int((found == HIGHER).sum()) == 4
    assert not found[8].any()


def test_neighbours_of_either_sign_are_regions_of_their_own() -> None:
    known, said = np.full((6, 6), 5.0), np.full((6, 6), 5.0)
    known[2, :3], known[2, 3:] = 0, 20
    assert not contradictions(known, said, NARROW, edge_px=0, least_px=4).any()
    assert (contradictions(known, said, NARROW, edge_px=0, least_px=3) != 0).sum() == 6


def test_wide_parts_lose_lines_and_keep_signs() -> None:
    found = np.zeros((12, 12), np.int8)
    found[1:5, 1:5], found[8, :], found[7:11, 8:12] = HIGHER, LOWER, LOWER
    kept = wide_parts(found, 9)
    assert (kept[1:5, 1:5] == HIGHER).all()
    assert (kept[7:11, 8:12] == LOWER).all()
    assert not kept[8, :7].any()
    assert not wide_parts(found, 17).any()


def test_shapes_must_agree() -> None:
    with pytest.raises(LabelError, match=r"expected a prediction of shape \(3, 3\); got \(3, 4\)"):
        contradictions(np.zeros((3, 3)), np.zeros((3, 4)), NARROW)


@pytest.mark.parametrize("shift", [(0.6, 0.0), (0.0, -0.8), (-0.5, 0.5)])
def test_a_displacement_is_found_with_its_sign(shift: tuple[float, float]) -> None:
    rng = np.random.default_rng(3)
    said = ndimage.gaussian_filter(rng.normal(size=(90, 90)), 4) * 40
    known = ndimage.shift(said, shift, order=3, mode="nearest")
    known[:5, :5] = np.nan
    known[40:46, 40:46] += 50
    np.testing.assert_allclose(displacement(known, said), shift, atol=0.08)


def test_flat_or_unknown_fields_have_no_displacement() -> None:
    ramp = np.broadcast_to(np.arange(20.0), (20, 20))
    for known, said in (
        (ramp, np.zeros((20, 20))),
        (np.full((20, 20), np.nan), ramp),
        (ramp, ramp),
        (np.zeros((1, 9)), np.zeros((1, 9))),
    ):
        assert np.isnan(displacement(known, said)).all()


def test_standing_out_counts_spreads_of_logarithms() -> None:
    values = np.exp(np.array([0.0, 1.0, 2.0, 3.0, 9.0]))
    far = stands_out(values, 0.0, least=0.0)
    assert far[2] == 0
    assert far[4] == pytest.approx(7 / 1.4826)
    assert stands_out(np.array([0.0, 0.0, 0.0, 1.0]), 0.01).argmax() == 3
    assert stands_out(np.array([1.0, np.nan, 1.0]), 0.1).tolist() == [0.0, -np.inf, 0.0]
    assert np.isneginf(stands_out(np.full(2, np.nan), 0.1)).all()


def test_mads_are_of_each_key() -> None:
    keys = np.array(["a"] * 5 + ["b"] * 3)
    values = np.array([1.0, 2, 3, 4, 100, 7, 7, np.nan])
    far = in_mads(values, keys, 0.0 + 1e-12)
    assert far[4] == pytest.approx(97 / 1.4826)
    assert far[5] == 0
    assert far[7] == -np.inf
