"""Sums of windows give the map back, whole or from any row on, and what a border discards is never looked at."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseer.predict import PredictOptions
from landseer.predict.plan import Plan, make_plan
from landseer.predict.strips import Strips


def put_together(plan: Plan, scene: np.ndarray, row: int = 0, spoil: float | None = None):
    """Cut a scene into windows and add them; with `spoil`, put that at the sides which have a neighbour."""
    strips, found = Strips(plan, {"a": len(scene)}, row), []
    height, width = plan.shape
    for window in plan.windows[plan.restart(row) :]:
        strip = strips.take(window.row)
        found += [] if strip is None else [(strip.row, strip.values["a"].copy())]
        part = scene[:, *window.slices].copy()
        if spoil is not None:
            part[:, : 1 if window.row else 0] = spoil
            part[:, window.height - (window.row + window.height < height) :] = spoil
            part[:, :, : 1 if window.col else 0] = spoil
            part[:, :, window.width - (window.col + window.width < width) :] = spoil
        strips.add(window, {"a": part})
    strip = strips.take(height)
    found += [] if strip is None else [(strip.row, strip.values["a"].copy())]
    assert [top for top, _ in found] == list(
        np.cumsum([row, *(values.shape[1] for _, values in found)])[:-1]
    )
    return np.concatenate([values for _, values in found], axis=1)


plans = st.builds(
    lambda height, width, window, overlap, border, batch: make_plan(
        (height, width),
        PredictOptions(
            window_px=window, overlap_px=min(overlap, window // 2), border_px=border, batch=batch
        ),
    ),
    st.integers(1, 90), st.integers(1, 90), st.sampled_from([16, 24, 33]), st.integers(0, 12),
    st.sampled_from([None, 0, 2]), st.integers(1, 7),
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(plans)
def test_a_map_comes_back(plan: Plan):
    scene = np.random.default_rng(0).random((2, *plan.shape)).astype(np.float32)
    np.testing.assert_allclose(put_together(plan, scene), scene, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(plans, st.floats(0, 1))
def test_from_any_row_on_it_is_the_same_to_the_bit(plan: Plan, share: float):
    """Windows disagree, so that the order and the weights of all that are added show in the sums."""
    rng = np.random.default_rng(0)
    scene = rng.random((1, *plan.shape)).astype(np.float32)
    row = int(share * (plan.shape[0] - 1))
    whole = put_together(plan, scene, spoil=7.0)
    np.testing.assert_array_equal(put_together(plan, scene, row, spoil=7.0), whole[:, row:])


@pytest.mark.parametrize("nothing", [np.nan, 1e30])
def test_what_lies_in_the_discarded_border_is_not_seen(nothing: float):
    plan = make_plan((80, 70), PredictOptions(window_px=24, overlap_px=8, border_px=1))
    scene = np.ones((1, 80, 70), np.float32)
    np.testing.assert_allclose(put_together(plan, scene, spoil=nothing), 1, atol=1e-6)


def test_a_window_that_is_left_out_changes_nothing_beside_it():
    plan = make_plan((60, 60), PredictOptions(window_px=24, overlap_px=8))
    scene = np.random.default_rng(0).random((1, 60, 60)).astype(np.float32)
    gone = plan.windows[4]
    less = plan.only([window != gone for window in plan.windows])
    outside = np.ones((60, 60), bool)
    outside[gone.slices] = False
    got, whole = put_together(less, scene)[0], put_together(plan, scene)[0]
    np.testing.assert_array_equal(got[outside], whole[outside])
