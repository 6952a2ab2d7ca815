"""Plans cover every pixel, keep the overlap asked for, and start windows where networks have their cells."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseer.errors import UsageError
from landseer.predict import PredictOptions
from landseer.predict.plan import make_plan


@given(
    st.integers(1, 400), st.integers(1, 400), st.sampled_from([48, 64, 96]), st.integers(0, 24),
    st.sampled_from([1, 8, 32]), st.sampled_from([None, 0, 3]),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_weights_add_up_to_one_at_every_pixel(height, width, window, overlap, stride, border):
    options = PredictOptions(window_px=window, overlap_px=overlap, border_px=border)
    plan = make_plan((height, width), options, None, stride)
    total = np.zeros((height, width))
    for one in plan.windows:
        down, across = plan.weights(one)
        total[one.slices] += down[:, None] * across
    np.testing.assert_allclose(total, 1, atol=1e-6)
    for starts, length in ((plan.rows, height), (plan.cols, width)):
        assert starts[0] == 0
        assert starts[-1] == max(0, length - window)
        assert all(0 < b - a <= max(1, window - plan.overlap_px) for a, b in pairwise(starts))


def test_windows_start_at_cells_of_the_network():
    plan = make_plan((2000, 3000), PredictOptions(window_px=512, overlap_px=128), None, 32)
    assert all(start % 32 == 0 for start in (*plan.rows[:-1], *plan.cols[:-1]))
    even = make_plan((2000, 3000), PredictOptions(window_px=512, overlap_px=128))
    assert len(plan.windows) == len(even.windows)


def test_the_reach_is_the_border_where_windows_can_bear_it():
    options = PredictOptions(window_px=512, overlap_px=128)
    assert make_plan((2000, 2000), options, 47).border_px == 47
    assert make_plan((2000, 2000), options, 47).overlap_px == 128
    assert make_plan((2000, 2000), options, 90).overlap_px == 202
    assert make_plan((2000, 2000), options, 300).border_px is None
    assert make_plan((2000, 2000), options).border_px is None
    with pytest.raises(UsageError, match="larger windows"):
        make_plan((2000, 2000), PredictOptions(window_px=512, border_px=200))


def test_what_is_computed_again_starts_a_batch_and_reaches_below_the_row():
    options = PredictOptions(window_px=64, overlap_px=16, batch=5)
    plan = make_plan((300, 200), options)
    for row in range(0, 301, 7):
        first = plan.restart(row)
        assert first % 5 == 0
        assert all(w.row + w.height <= row for w in plan.windows[:first])
        needed = [i for i, w in enumerate(plan.windows) if w.row + w.height > row]
        assert not needed or first <= needed[0] < first + 5
    assert [band.row for band in plan.bands] == list(plan.rows)
