"""Blending windows of one map gives that map."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseer.core.window import cover
from landseer.predict.blend import StripBlender, side_weights, window_weights


def blend(scene, size, overlap):
    """Cut a scene into windows and put it together again."""
    windows = cover(*scene.shape[1:], size, overlap)
    blender = StripBlender(scene.shape[0], scene.shape[1:], windows, overlap)
    strips = []
    for window in windows:
        strips += blender.add(window, scene[:, *window.slices])
    strips.append(blender.finish())
    tops = [top for top, _ in strips]
    heights = [values.shape[1] for _, values in strips]
    assert tops == [0, *np.cumsum(heights)[:-1].tolist()]
    return np.concatenate([values for _, values in strips], axis=1)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(2, 30), st.integers(0, 15))
def test_a_map_comes_back(height, width, size, overlap):
    overlap = min(overlap, size // 2)
    scene = np.random.default_rng(0).random((2, height, width)).astype(np.float32)
    assert np.allclose(blend(scene, size, overlap), scene, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 80), st.integers(2, 30), st.integers(0, 15))
def test_every_pixel_has_weight(length, size, overlap):
    overlap = min(overlap, size // 2)
    total = np.zeros((length, length))
    for window in cover(length, length, size, overlap):
        total[window.slices] += window_weights(window, (length, length), overlap)
    assert total.min() > 0


def test_borders_beside_neighbours_are_discarded():
    weights = side_weights(32, 16, first=False, last=True)
    assert (
        (weights[:6] == 0).all()
        and (np.diff(weights[6:11]) > 0).all()
        and (weights[10:] == 1).all()
    )
    assert (side_weights(32, 16, first=True, last=True) == 1).all()


def test_what_lies_in_the_discarded_border_is_not_seen():
    scene = np.ones((1, 40, 40), np.float32)
    windows = cover(40, 40, 24, 8)
    blender = StripBlender(1, (40, 40), windows, 8)
    strips = []
    for window in windows:
        part = scene[:, *window.slices].copy()
        if window.row > 0:
            part[:, :3] = 1e6
        strips += blender.add(window, part)
    strips.append(blender.finish())
    assert np.concatenate([v for _, v in strips], axis=1).max() == pytest.approx(1)
