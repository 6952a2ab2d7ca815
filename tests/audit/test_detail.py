import numpy as np
import pytest

from landseer.audit.detail import _grain_px, band_pass, equalise, shrink


def test_shrinking_averages_blocks_without_missing_pixels():
    layer = np.arange(36, dtype=np.float32).reshape(6, 6)
    layer[0, 0] = np.nan
    layer[3:, 3:] = np.nan
    small = shrink(layer, 3)
    assert small.shape == (2, 2)
    assert small[0, 0] == pytest.approx(np.nanmean(layer[:3, :3]))
    assert small[0, 1] == pytest.approx(layer[:3, 3:].mean())
    assert np.isnan(small[1, 1])
    assert shrink(layer, 1) is layer


def test_the_remainder_of_an_odd_size_is_left_out():
    assert shrink(np.ones((7, 11), np.float32), 3).shape == (2, 3)


def test_level_and_gain_do_not_change_the_detail(fractal):
    layer = fractal(64, 2.5, np.random.default_rng(0))
    one = equalise(*band_pass(layer), 1e-6)
    other = equalise(*band_pass(5 * layer + 300), 1e-6)
    np.testing.assert_allclose(one.values, other.values, atol=2e-3)
    assert one.grain_px == pytest.approx(other.grain_px, rel=1e-3)


def test_flat_layers_have_no_detail():
    detail = equalise(*band_pass(np.full((40, 40), 7, np.float32)), 1.0)
    assert not detail.values.any()
    assert detail.grain_px == float("inf")


def test_missing_pixels_have_no_say(fractal):
    layer = fractal(64, 2.5, np.random.default_rng(1))
    layer[:, 40:] = np.nan
    layer[50, 60] = 1e6  # alone among missing pixels: no measurement
    passed, valid = band_pass(layer)
    assert not valid[50, 60]
    assert not passed[~valid].any()
    assert np.abs(equalise(passed, valid, 1e-3).values).max() < 10


def test_an_image_without_any_pixel_is_flat():
    detail = equalise(*band_pass(np.full((20, 20), np.nan, np.float32)), 1.0)
    assert not detail.values.any() and not detail.valid.any()


def test_grain_is_twice_the_area_over_which_noise_repeats_itself():
    noise = np.random.default_rng(2).standard_normal((128, 128)).astype(np.float32)
    blocks = np.kron(noise[:32, :32], np.ones((4, 4), np.float32))
    # twice: once for the field, once for the chance in one realisation of it
    assert _grain_px(noise) == pytest.approx(2, rel=0.1)
    # Bartlett's sum of squared triangles (1, 3/4, 2/4, 1/4) per axis: (1 + 2 (9 + 4 + 1) / 16) ** 2
    assert _grain_px(blocks) == pytest.approx(2 * (1 + 28 / 16) ** 2, rel=0.15)
