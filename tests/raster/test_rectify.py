"""Rectification against a slow loop, and a box that returns to its footprint."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, stats

from landseer.errors import GridError
from landseer.raster.rectify import GAP, HIDDEN, SEEN, UNKNOWN, place_pixels, rectify


def slow_sources(agl, scale, angle, edges):
    """Move one pixel after the other."""
    height, width = agl.shape
    source, tallest = np.full(agl.shape, -1), np.full(agl.shape, -np.inf)
    outside = 0
    for row in range(height):
        for col in range(width):
            if math.isnan(agl[row, col]):
                continue
            magnitude = float(agl[row, col])
            to_row = row + math.floor(magnitude * (scale * math.cos(angle)) + 0.5)
            to_col = col + math.floor(magnitude * (scale * math.sin(angle)) + 0.5)
            if not (0 <= to_row < height and 0 <= to_col < width):
                outside += 1
                if edges == "drop":
                    continue
                to_row, to_col = min(max(to_row, 0), height - 1), min(max(to_col, 0), width - 1)
            if agl[row, col] >= tallest[to_row, to_col]:
                tallest[to_row, to_col] = agl[row, col]
                source[to_row, to_col] = row * width + col
    return source, outside


@pytest.mark.parametrize("shape", [(31, 17), (17, 31), (1, 40)])
@pytest.mark.parametrize("angle", [0.0, 0.7, 2.4, 4.0, 5.5, math.pi])
@pytest.mark.parametrize("edges", ["drop", "clip"])
def test_pixels_land_where_the_loop_puts_them(shape, angle, edges):
    rng = np.random.default_rng(1)
    agl = np.where(rng.random(shape) < 0.5, 0, rng.integers(0, 30, shape) / 2).astype(np.float32)
    agl[rng.random(shape) < 0.05] = np.nan
    placed = place_pixels(agl, 0.6, angle, edges=edges)
    source, n_outside = slow_sources(agl, 0.6, angle, edges)
    assert (placed.source == source).all()
    assert placed.n_outside == n_outside > 0
    n_moved = np.isfinite(agl).sum() - (n_outside if edges == "drop" else 0)
    assert placed.n_covered == n_moved - (source >= 0).sum()
    assert ((placed.state == SEEN) == (source >= 0)).all()


def box_scene(shape, footprint, height_m, scale, angle):
    """Draw a box as an oblique view shows it: walls from the ground up, then the roof; class 1 is the box."""
    agl, mask = np.zeros(shape, np.float32), np.zeros(shape, np.uint8)
    inside = np.zeros(shape, bool)
    inside[footprint] = True
    for level in np.linspace(0, height_m, 400):
        magnitude = level * scale
        seen_at = (-magnitude * math.cos(angle), -magnitude * math.sin(angle))
        drawn = np.roll(inside, (round(seen_at[0]), round(seen_at[1])), (0, 1))
        agl[drawn], mask[drawn] = level, 1
    return agl, mask, inside


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 2 * math.pi), st.floats(20, 40), st.floats(0.2, 0.8))
def test_a_box_returns_to_its_footprint(angle, height_m, scale):
    footprint = (slice(55, 95), slice(60, 85))
    agl, mask, inside = box_scene((150, 160), footprint, height_m, scale, angle)
    found = rectify(mask, agl, scale, angle, has_classes=True)
    heights = rectify(agl, agl, scale, angle, missing=np.nan)
    assert found.values.dtype == np.uint8
    iou = ((found.values == 1) & inside).sum() / ((found.values == 1) | inside).sum()
    before = ((mask == 1) & inside).sum() / ((mask == 1) | inside).sum()
    assert iou > max(0.95, before)
    core = ndimage.binary_erosion(inside, iterations=2)
    assert np.nanmax(np.abs(heights.values[core] - height_m)) < 0.01
    hidden = (mask == 1) & ~ndimage.binary_dilation(inside, iterations=2)
    assert (found.state[hidden] == HIDDEN).sum() >= 0.97 * hidden.sum() - 3
    assert ((found.state == HIDDEN) & (mask == 0)).sum() == 0
    assert (heights.values[found.state == SEEN] == 0).sum() > 15_000


def test_what_is_hidden_is_marked_and_never_filled():
    agl, mask, _ = box_scene((80, 90), (slice(30, 50), slice(40, 60)), 20, 0.5, math.pi)
    assert mask[40:60, 40:60].all(), "seen further down, so that it goes up"
    result = rectify(agl, agl, 0.5, math.pi, missing=-1)
    behind = np.zeros(agl.shape, bool)
    behind[50:60, 40:60] = True
    assert (result.state[behind] == HIDDEN).all()
    assert (result.values[result.state == HIDDEN] == -1).all()
    assert not (result.state[~behind] == HIDDEN).any()


def test_gaps_are_filled_and_can_be_left():
    agl = np.repeat(np.arange(60, dtype=np.float32)[:, None], 50, axis=1)
    image = np.stack([agl, 2 * agl]).astype(np.int16)
    marked = rectify(image, agl, 0.25, 0.0, holes="mark", missing=-5)
    filled = rectify(image, agl, 0.25, 0.0, missing=-5)
    gaps = marked.state == GAP
    assert (gaps == (slow_sources(agl, 0.25, 0.0, "drop")[0] < 0)).all() and gaps.sum() == 50 * 12
    assert (marked.state == filled.state).all()
    assert (marked.values[:, gaps] == -5).all()
    assert (filled.values[:, ~gaps] == marked.values[:, ~gaps]).all()
    assert filled.values.dtype == np.int16
    rows = np.nonzero(gaps)[0]
    assert np.abs(filled.values[0][gaps] - rows / 1.25).max() < 1.5


@pytest.mark.parametrize("has_classes", [False, True])
def test_filled_values_are_those_of_a_slow_loop(has_classes):
    rng = np.random.default_rng(2)
    agl = ndimage.gaussian_filter(rng.normal(0, 40, (40, 50)), 4).clip(0).astype(np.float32)
    values = rng.integers(0, 4 if has_classes else 255, agl.shape).astype(np.uint8)
    marked = rectify(values, agl, 0.7, 1.1, holes="mark")
    filled = rectify(values, agl, 0.7, 1.1, has_classes=has_classes)
    gaps = np.argwhere(marked.state == GAP)
    assert len(gaps) > 20
    padded = [np.pad(a, 2, mode="edge") for a in (marked.values, marked.state)]
    for row, col in gaps:
        near, state = (part[row : row + 5, col : col + 5].ravel() for part in padded)
        near = np.sort(near[state == SEEN])
        expected = stats.mode(near).mode if has_classes else near[(len(near) - 1) // 2]
        assert filled.values[row, col] == expected


def test_unknown_heights_are_not_moved():
    agl = np.full((20, 30), 4, np.float32)
    agl[8:12, 10:20] = np.nan
    result = rectify(np.ones_like(agl), agl, 0.25, 0.0, missing=np.nan)
    assert (result.state[9:12, 10:20] == UNKNOWN).all() and np.isnan(
        result.values[9:12, 10:20]
    ).all()
    everything = rectify(np.ones((3, 4)), np.full((3, 4), np.nan), 1.0, 0.0, missing=7)
    assert (everything.state == UNKNOWN).all() and (everything.values == 7).all()


def test_missing_values_do_not_spoil_medians():
    agl = np.repeat(np.arange(60, dtype=np.float32)[:, None], 50, axis=1)
    image = np.where(np.arange(50) % 2, agl, np.nan)
    image[30:] = np.nan
    result = rectify(image, agl, 0.25, 0.0, missing=-1)
    gaps = result.state == GAP
    assert np.isfinite(result.values[:30][gaps[:30]]).all()
    assert np.isnan(result.values[45:][gaps[45:]]).all()


def test_nothing_moves_at_scale_nothing():
    rng = np.random.default_rng(0)
    agl, image = rng.random((20, 30)) * 50, rng.integers(0, 255, (3, 20, 30)).astype(np.uint8)
    result = rectify(image, agl, 0.0, 1.0)
    assert (result.values == image).all() and (result.state == SEEN).all()


def test_wrong_inputs():
    with pytest.raises(GridError, match=r"\(2, 3, 4\)"):
        rectify(np.zeros((2, 3, 4)), np.zeros((3, 5)), 1.0, 0.0)
    for scale, angle in ((math.nan, 0.0), (1.0, math.inf)):
        with pytest.raises(ValueError, match="finite"):
            rectify(np.zeros((3, 4)), np.zeros((3, 4)), scale, angle)
