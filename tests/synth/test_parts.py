"""The parts: noise, rivers, sun, clouds, flaws and labels keep their laws."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from landseer.core.seeds import generator
from landseer.synth import flaws
from landseer.synth.clouds import flag_clouds, make_sky
from landseer.synth.erosion import carve, catchment, drain
from landseer.synth.labels import draw_label
from landseer.synth.noise import fractal, swell_waves
from landseer.synth.sun import PIXEL_M, Sun, relief_shade, sun_at


def test_fractal_has_unit_scale_and_its_slope() -> None:
    field = fractal(512, generator(1), 3.0, 4000.0)
    assert field.dtype == np.float32
    assert (field.mean(), field.std()) == pytest.approx((0.0, 1.0), abs=1e-3)
    power = np.abs(np.fft.fft2(field * np.outer(np.hanning(512), np.hanning(512)))) ** 2
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(512), np.fft.fftfreq(512)))
    rings = [power[(radius > r) & (radius < 1.2 * r)].mean() for r in (0.02, 0.2)]
    assert math.log10(rings[0] / rings[1]) == pytest.approx(3.0, abs=0.5)


def test_stretch_lengthens_features_along_its_angle() -> None:
    field = fractal(256, generator(2), 2.5, 30.0, stretch=5.0, angle=0.0)
    along = np.corrcoef(field[:, :-8].ravel(), field[:, 8:].ravel())[0, 1]
    across = np.corrcoef(field[:-8].ravel(), field[8:].ravel())[0, 1]
    assert along > across + 0.2


def test_swell_has_its_wavelength() -> None:
    waves = swell_waves(256, generator(3), 8.0, 0.0, 0.1)
    spectrum = np.abs(np.fft.rfft(waves, axis=1)).mean(axis=0)
    assert 256 / np.argmax(spectrum) == pytest.approx(8.0, rel=0.1)


@given(seed=st.integers(0, 10**6), size=st.integers(3, 8))
@settings(max_examples=25, deadline=None)
def test_rivers_take_the_lowest_passes_to_the_sea(seed: int, size: int) -> None:
    height = generator(seed).uniform(0, 100, (size, size)).astype(np.float32)
    drainage = drain(height, -1.0)
    passes = lowest_passes(height)
    for cell in range(height.size):
        highest, at, steps = -np.inf, cell, 0
        while at != height.size:
            highest = max(highest, float(height.flat[at]))
            at, steps = int(drainage.receiver[at]), steps + 1
            assert steps <= height.size
        assert highest <= passes.flat[cell] + 2.0 + 1e-3


def lowest_passes(height: np.ndarray) -> np.ndarray:
    """Slow oracle: relax until nothing changes."""
    level = np.full(np.array(height.shape) + 2, -np.inf)
    level[1:-1, 1:-1] = np.inf
    while True:
        lowest = ndimage.minimum_filter(level, 3)[1:-1, 1:-1]
        better = np.maximum(height, lowest)
        if np.array_equal(better, level[1:-1, 1:-1]):
            return better
        level[1:-1, 1:-1] = better


def test_all_rain_reaches_the_sea_and_valleys_are_cut() -> None:
    height = (40 + 15 * fractal(48, generator(5), 3.0, 40.0)).astype(np.float32)
    drainage = drain(height, 0.0)
    assert catchment(drainage)[-1] == height.size + 1
    assert sum(len(level) for level in drainage.levels) == height.size
    carved, flow = carve(height, 3, 0.3, 0.0)
    assert carved.mean() < height.mean()
    rivers = flow > np.quantile(flow, 0.97)
    assert (height - carved)[rivers].mean() > (height - carved)[~rivers].mean()


def test_sun_stands_north_east_and_high_in_december() -> None:
    summer, winter = sun_at(date(2015, 12, 21)), sun_at(date(2015, 6, 21))
    assert summer.zenith_deg == pytest.approx(34.6, abs=1.0)
    assert winter.zenith_deg == pytest.approx(78.8, abs=1.5)
    assert 10 < winter.azimuth_deg < summer.azimuth_deg < 90


def test_slopes_that_face_the_sun_are_brighter() -> None:
    flat = np.zeros((2, 2), np.float32)
    sun = Sun(50.0, 0.0)
    assert relief_shade(flat, flat, sun) == pytest.approx(1.0)
    north_facing = relief_shade(flat + 6.0, flat, sun)
    assert (north_facing > 1.05).all()
    assert (relief_shade(flat - 6.0, flat, sun) < 0.95).all()


def test_shadows_fall_away_from_the_sun() -> None:
    sun = Sun(45.0, 60.0)
    for key in range(40):
        sky = make_sky(200, 0.1, sun, generator(key, "sky"))
        spectrum = np.fft.fft2(sky.shadow) * np.conj(np.fft.fft2(sky.opacity))
        peak = np.unravel_index(np.argmax(np.fft.ifft2(spectrum).real), (200, 200))
        down, right = ((p + 100) % 200 - 100 for p in peak)
        reach = math.hypot(down, right)
        if 600 / PIXEL_M - 2 < reach < 60 and sky.ice == 0:
            towards = sun.towards
            cosine = -(down * towards[0] + right * towards[1]) / reach
            assert cosine > 0.97
            return
    pytest.fail("no low cloud among forty skies")


@pytest.mark.parametrize("share", [0.02, 0.2, 0.7])
def test_clouds_cover_about_their_share(share: float) -> None:
    skies = [make_sky(128, share, Sun(45.0, 40.0), generator(9, n)) for n in range(6)]
    assert all(np.mean(sky.opacity > 0) == pytest.approx(share, abs=0.03) for sky in skies)
    flagged = np.mean([flag_clouds(sky, 0.3, generator(n)).mean() for n, sky in enumerate(skies)])
    assert 0.1 * share < flagged < share + 0.25


def test_clear_sky_has_neither_cloud_nor_shadow_nor_flag() -> None:
    sky = make_sky(64, 0.0, Sun(45.0, 40.0), generator(1))
    assert sky.opacity.max() == sky.shadow.max() == 0
    assert not flag_clouds(sky, 0.3, generator(2)).any()


def test_gaps_recur_along_the_flight_and_stripes_every_16_lines() -> None:
    gaps = flaws.slc_gaps(200, generator(4))
    assert gaps.shape == (5, 200, 200)
    assert 0 < gaps.mean() < 0.5
    dn = np.full((5, 200, 200), 8000.0, np.float32)
    flaws.add_stripes(dn, generator(5))
    column = dn[0, :, 0]
    np.testing.assert_array_equal(column[:-16], column[16:])
    assert np.ptp(column) > 50


def test_saturation_and_lost_lines_report_where() -> None:
    dn = generator(6).uniform(7000, 20000, (5, 64, 64)).astype(np.float32)
    before = dn.copy()
    hit = flaws.saturate(dn, generator(7))
    assert dn.max() < 13500 and hit.any()
    np.testing.assert_array_equal(dn[:, ~hit], before[:, ~hit])
    before = dn.copy()
    lost = flaws.drop_lines(dn, generator(8))
    assert ((dn != before).any(axis=0) == lost).all()


def truth_mask() -> np.ndarray:
    truth = np.zeros((60, 60), np.uint8)
    truth[10:30, 20:32] = 1
    truth[50:52, 50:52] = 1
    return truth


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def test_every_hand_errs_in_its_own_way() -> None:
    truth = truth_mask()
    drawn = {
        hand: draw_label(truth, hand, generator(3, hand))
        for hand in ("careful", "blobby", "shifted")
    }
    assert dice(drawn["careful"], truth) > 0.9
    assert drawn["blobby"].sum() > 1.1 * truth.sum()
    assert 0.7 < dice(drawn["shifted"], truth) < dice(drawn["careful"], truth)
    assert draw_label(truth, "empty", generator(1)).sum() == 0
    missed = [draw_label(truth, "missed", generator(n))[48:54, 48:54].any() for n in range(20)]
    assert 0 < sum(missed) + 1 < 12
    assert draw_label(truth, "mislabelled", generator(1)).mean() == pytest.approx(0.9, abs=0.04)


def test_nothing_is_drawn_where_nothing_grows() -> None:
    nothing = np.zeros((40, 40), np.uint8)
    for hand in ("careful", "blobby", "shifted", "missed"):
        assert draw_label(nothing, hand, generator(1)).sum() == 0
