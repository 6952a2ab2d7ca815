"""Weights along a window's side."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseer.core.sides import taper
from landseer.core.window import spread


@pytest.mark.parametrize(("border", "discarded"), [(None, 8), (3, 3), (0, 0), (99, 9)])
def test_border_then_ramp_then_all(border, discarded):
    weights = taper(60, 20, 0, border)
    assert not weights[:discarded].any()
    ramp = weights[discarded : 20 - discarded]
    assert (np.diff(ramp) > 0).all()
    np.testing.assert_allclose(ramp + ramp[::-1], 1, rtol=1e-6)
    assert (weights[20 - discarded :] == 1).all()
    assert (taper(60, 0, 20, border) == weights[::-1]).all()


def test_edge_of_the_scene():
    assert (taper(9, 0, 0) == 1).all()
    assert taper(9, 1, 0).tolist() == [0.5] + [1.0] * 8


@settings(max_examples=200, deadline=None)
@given(st.integers(10, 200), st.integers(2, 60), st.integers(0, 59), st.none() | st.integers(0, 40))
def test_every_pixel_counts_somewhere_and_a_constant_stays(length, size, overlap, border):
    size, overlap = min(size, length), min(overlap, size - 1)
    starts = spread(length, size, overlap)
    total, values = np.zeros(length), np.zeros(length)
    for number, start in enumerate(starts):
        before = starts[number - 1] + size - start if number else 0
        after = start + size - starts[number + 1] if number + 1 < len(starts) else 0
        weights = taper(size, before, after, border)
        total[start : start + size] += weights
        values[start : start + size] += 7 * weights
    assert (total > 0).all()
    np.testing.assert_allclose(values / total, 7, rtol=1e-6)
    if size >= 2 * overlap and len(starts) == 2:
        np.testing.assert_allclose(total, 1, rtol=1e-6)
