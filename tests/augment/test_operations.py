"""Each change of value is what its definition says, by loops, other libraries and identities."""

from __future__ import annotations

import colorsys
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from landseer.augment.colour import along_principal_axes, hue_saturation_value, shift
from landseer.augment.grain import even_noise, shot_noise, speckle
from landseer.augment.haze import haze
from landseer.augment.local_contrast import equalised, local_contrast
from landseer.augment.tone import brightness_contrast, gamma, tone_curve


def picture(channels: int = 3, height: int = 40, width: int = 48, seed: int = 0) -> Tensor:
    """Smooth values from 0 to 1 with some texture."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:height, :width]
    planes = [
        0.5 + 0.3 * np.sin(rows / rng.uniform(4, 9) + rng.uniform(0, 6)) * np.cos(cols / rng.uniform(4, 9))
        + rng.normal(0, 0.04, (height, width))
        for _ in range(channels)
    ]  # fmt: skip
    return torch.from_numpy(np.clip(planes, 0, 1).astype(np.float32))


def test_brightness_and_contrast_move_the_mean_and_stretch_the_spread() -> None:
    z = picture(5)
    out = brightness_contrast(z, 0.07, 1.3)
    torch.testing.assert_close(out.mean((1, 2)), z.mean((1, 2)) + 0.07)
    torch.testing.assert_close(out.std((1, 2)), z.std((1, 2)) * 1.3)
    torch.testing.assert_close(brightness_contrast(z, 0.0, 1.0), z)


def test_gamma_is_a_power_of_0_to_1() -> None:
    z = picture()
    np.testing.assert_allclose(gamma(z, 1.7), np.power(z.numpy(), 1.7), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gamma(gamma(z, 1.7), 1 / 1.7), z, rtol=1e-4, atol=1e-5)


def test_channels_beyond_0_to_1_are_changed_within_their_own_range() -> None:
    z = (
        picture(2) * torch.tensor([6.0, 1.0])[:, None, None]
        - torch.tensor([2.0, 0.0])[:, None, None]
    )
    for out in (gamma(z, 0.8), tone_curve(z, 0.1, -0.1)):
        assert torch.isfinite(out).all()
        for before, after in zip(z, out, strict=True):
            order = before.flatten().argsort()
            assert (after.flatten()[order].diff() >= -1e-5).all()  # no two values change places
        assert float(out[0].min()) == pytest.approx(float(z[0].min()), abs=1e-5)
        assert float(out[0].max()) == pytest.approx(float(z[0].max()), abs=1e-5)
    torch.testing.assert_close(gamma(z, 0.8)[1], z[1].pow(0.8))


@settings(max_examples=50, deadline=None)
@given(st.floats(-1 / 3, 1 / 3), st.floats(-1 / 3, 1 / 3))
def test_tone_curve_is_a_bezier_curve_that_never_falls(dark: float, bright: float) -> None:
    z = torch.linspace(0, 1, 101, dtype=torch.float64)[None, None]
    points = [0.0, 1 / 3 + dark, 2 / 3 + bright, 1.0]
    expected = []
    for t in z.flatten().tolist():  # de Casteljau
        level = points
        while len(level) > 1:
            level = [(1 - t) * a + t * b for a, b in pairwise(level)]
        expected.append(level[0])
    out = tone_curve(z, dark, bright).flatten()
    np.testing.assert_allclose(out, expected, atol=1e-12)
    assert (out.diff() >= -1e-12).all()
    torch.testing.assert_close(tone_curve(z, 0.0, 0.0), z)


def slow_equalised(value: np.ndarray, clip_limit: float, tiles: int) -> np.ndarray:
    """Equalise pixel by pixel: histogram, clip and running sum of each tile, and four tiles around a pixel."""
    height, width = value.shape
    rows, cols = -(-height // tiles), -(-width // tiles)
    step = np.rint(value * 255).astype(int)
    padded = np.pad(step, ((0, rows * tiles - height), (0, cols * tiles - width)), mode="reflect")
    maps = np.zeros((tiles, tiles, 256))
    for r in range(tiles):
        for c in range(tiles):
            tile = padded[r * rows : (r + 1) * rows, c * cols : (c + 1) * cols]
            counts = np.zeros(256)
            for number in tile.ravel():
                counts[number] += 1
            limit = max(1.0, clip_limit * tile.size / 256)
            excess = np.maximum(counts - limit, 0).sum()
            maps[r, c] = np.cumsum(np.minimum(counts, limit) + excess / 256) / tile.size
    out = np.zeros_like(value)
    for y in range(height):
        for x in range(width):
            ty, tx = y / rows - 0.5, x / cols - 0.5
            total = 0.0
            for r in (int(np.floor(ty)), int(np.floor(ty)) + 1):
                for c in (int(np.floor(tx)), int(np.floor(tx)) + 1):
                    weight = (1 - abs(ty - r)) * (1 - abs(tx - c))
                    tile = maps[np.clip(r, 0, tiles - 1), np.clip(c, 0, tiles - 1)]
                    total += weight * tile[step[y, x]]
            out[y, x] = total
    return out


@pytest.mark.parametrize(
    ("height", "width", "clip_limit"), [(40, 48, 4.0), (37, 50, 1.5), (8, 9, 2.0)]
)
def test_local_contrast_is_that_of_a_slow_loop(height: int, width: int, clip_limit: float) -> None:
    value = picture(1, height, width)[0]
    expected = slow_equalised(value.double().numpy(), clip_limit, 4)
    np.testing.assert_allclose(equalised(value, clip_limit, 4), expected, atol=1e-5)


def test_local_contrast_is_nearly_that_of_kornia() -> None:
    """kornia, as OpenCV, spreads the excess in whole counts."""
    enhance = pytest.importorskip("kornia.enhance")
    value = picture(1, 256, 256)[0]
    theirs = enhance.equalize_clahe(value[None, None], 4.0, (8, 8))[0, 0]
    assert float((equalised(value, 4.0) - theirs).abs().max()) < 0.02
    assert float((value - theirs).abs().mean()) > 0.05


def test_local_contrast_keeps_hue_and_saturation() -> None:
    rgb = picture() * 0.4 + 0.05
    out = local_contrast(rgb, 3.0)
    assert float((out - rgb).abs().mean()) > 0.05
    torch.testing.assert_close(out / out.amax(0), rgb / rgb.amax(0), rtol=1e-4, atol=1e-4)
    assert float(out.amax(0).std()) > 1.2 * float(rgb.amax(0).std())
    assert torch.isfinite(local_contrast(torch.zeros(3, 5, 5), 3.0)).all()


@settings(max_examples=20, deadline=None)
@given(st.floats(-180, 180), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_hue_saturation_and_value_are_those_of_colorsys(
    hue: float, saturation: float, value: float
) -> None:
    rgb = picture(3, 6, 7)
    rgb[:, 0, 0], rgb[:, 1, 1], rgb[:, 2, 2] = 0.3, 0.0, 1.0  # greys
    rgb[:, 3, 3] = torch.tensor([0.5, 0.5, 0.2])
    out = hue_saturation_value(rgb, hue, saturation, value)
    for row in range(6):
        for col in range(7):
            h, s, v = colorsys.rgb_to_hsv(*rgb[:, row, col].double().tolist())
            s = min(max(s + saturation, 0), 1) if s > 0 else 0.0
            expected = colorsys.hsv_to_rgb((h + hue / 360) % 1, s, min(max(v + value, 0), 1))
            np.testing.assert_allclose(out[:, row, col], expected, atol=2e-5)


def test_shift_adds_an_offset_to_each_channel() -> None:
    z, offsets = picture(4), torch.tensor([0.1, -0.2, 0.0, 0.3], dtype=torch.float64)
    torch.testing.assert_close(
        shift(z, offsets), z + torch.tensor([0.1, -0.2, 0.0, 0.3])[:, None, None]
    )


def test_step_along_principal_axes_is_the_covariance_times_the_step() -> None:
    z, steps = picture(6).double(), torch.linspace(-1, 2, 6, dtype=torch.float64)
    covariance = np.cov(z.flatten(1).numpy(), bias=True)
    moved = along_principal_axes(z, steps) - z
    np.testing.assert_allclose(
        moved, np.broadcast_to((covariance @ steps.numpy())[:, None, None], z.shape), atol=1e-12
    )


def test_steps_are_distributed_as_the_published_ones() -> None:
    """sum(a l p) with eigenvectors p and eigenvalues l, and C g, have the same covariance."""
    rng = np.random.default_rng(0)
    covariance = np.cov(picture(4).flatten(1).numpy(), bias=True)
    variances, axes = np.linalg.eigh(covariance)
    published = (axes * variances) @ rng.normal(0, 0.1, (4, 200_000))
    ours = covariance @ rng.normal(0, 0.1, (4, 200_000))
    scale = np.abs(np.cov(published)).max()
    np.testing.assert_allclose(np.cov(ours) / scale, np.cov(published) / scale, atol=0.02)


def test_haze_is_light_lost_and_white_light_joined() -> None:
    rgb = picture()
    even = haze(rgb, torch.full((5, 5), 0.3))
    torch.testing.assert_close(even, rgb * 0.7 + 0.3)
    grid = torch.tensor([[0.0, 0.4], [0.0, 0.4]])
    lost = torch.linspace(0, 0.4, 48)
    torch.testing.assert_close(haze(rgb, grid), rgb * (1 - lost) + lost)


def test_noise_has_the_deviation_of_its_kind() -> None:
    levels = torch.tensor([0.0, 0.04, 0.25, 1.0])[:, None, None].expand(4, 200, 200)
    for change, expected in [
        (lambda z: shot_noise(z, 0.2, 1), [0.0, 0.04, 0.1, 0.2]),
        (lambda z: even_noise(z, 0.2, 1), [0.2] * 4),
        (lambda z: speckle(z, 0.3, 1), [level * 0.3 / 3**0.5 for level in (0.0, 0.04, 0.25, 1.0)]),
    ]:
        out = change(levels)
        np.testing.assert_allclose(out.std((1, 2)), expected, rtol=0.02, atol=1e-6)
        np.testing.assert_allclose(out.mean((1, 2)), levels[:, 0, 0], atol=0.004)
        assert torch.equal(out, change(levels))
    assert float((speckle(levels, 0.3, 1) / levels)[1:].max()) <= 1.3001
    assert torch.isfinite(shot_noise(levels - 0.5, 0.2, 1)).all()
