"""Sharpness falls with every blur, whatever the contrast, and missing pixels have no say."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from landseer.audit.sharpness import Sharpness


def value(image, valid=None):
    sharpness = Sharpness(len(image))
    sharpness.add(image, np.ones(image.shape, bool) if valid is None else valid)
    return sharpness.value()


def picture(seed, n_bands=1, side=80):
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.standard_normal((n_bands, side, side)), (0, 5, 5)) * 300
    return smooth + rng.standard_normal((n_bands, side, side)) * 5 + 8000


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), n_bands=st.integers(1, 4))
def test_falls_monotonically_under_blur(seed, n_bands):
    image = picture(seed, n_bands)
    blurred = [
        ndimage.gaussian_filter(image, (0, sigma, sigma)) for sigma in (0.4, 0.7, 1, 1.5, 2.5)
    ]
    values = [value(one) for one in (image, *blurred)]
    assert all(after < before for before, after in pairwise(values))


def test_equals_a_slow_loop():
    image = picture(3, side=12)
    valid = np.random.default_rng(0).random((12, 12)) < 0.95
    seen, curved = [], []
    for row in range(1, 11):
        for col in range(1, 11):
            cross = [(row, col), (row - 1, col), (row + 1, col), (row, col - 1), (row, col + 1)]
            if all(valid[place] for place in cross):
                seen.append(image[0, row, col])
                curved.append(sum(image[0][place] for place in cross[1:]) - 4 * seen[-1])
    expected = np.mean(np.square(curved)) / (20 * np.var(seen))
    assert len(seen) > 64
    assert value(image, valid[None]) == pytest.approx(expected, rel=1e-3)


def test_white_noise_has_one_and_contrast_does_not_matter():
    noise = np.random.default_rng(0).standard_normal((1, 300, 300))
    assert value(noise) == pytest.approx(1, rel=0.02)
    assert value(1000 + 0.01 * noise) == pytest.approx(value(noise), rel=0.01)


def test_missing_pixels_have_no_say():
    image = picture(4)
    valid = np.ones(image.shape, bool)
    valid[:, 20:50, 20:50] = False
    expected = value(np.where(valid, image, 0.0), valid)
    assert value(np.where(valid, image, -32768.0), valid) == expected
    assert value(np.where(valid, image, np.nan), valid) == expected


def test_strips_lose_their_seams_only():
    image = picture(5, 2, side=200)
    strips = Sharpness(2)
    for row in range(0, 200, 50):
        part = image[:, row : row + 50]
        strips.add(part, np.ones(part.shape, bool))
    assert strips.value() == pytest.approx(value(image), rel=0.02)


@pytest.mark.parametrize(
    "image",
    [np.full((1, 50, 50), 7.0), np.zeros((1, 2, 50)), np.random.default_rng(0).random((1, 6, 6))],
)
def test_flat_and_tiny_images_have_none(image):
    assert np.isnan(value(image))


def test_no_valid_pixel_has_none():
    assert np.isnan(value(picture(0), np.zeros((1, 80, 80), bool)))
