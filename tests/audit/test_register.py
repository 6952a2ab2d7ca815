import math

import numpy as np
import pytest
from scipy.stats import norm

from landseer.audit.detail import band_pass, equalise
from landseer.audit.register import agree_at, least_significance, register


def detail_of(layer):
    return equalise(*band_pass(layer.astype(np.float32)), 1e-3)


@pytest.fixture(scope="module")
def ground(fractal):
    return fractal(256, 2.4, np.random.default_rng(3))


@pytest.mark.parametrize("shift", [(0, 0), (30, -20), (-40, 45)])
def test_two_windows_of_one_ground_agree_at_their_shift(ground, shift):
    row, col = shift
    a, b = (
        detail_of(ground[60:156, 60:156]),
        detail_of(ground[60 + row : 156 + row, 60 + col : 156 + col]),
    )
    found = register(a, b, row + 2, col - 2)
    assert (found.row, found.col) == shift
    assert found.agreement > 0.9 and found.significance > 7
    assert found.overlap == pytest.approx((96 - abs(row)) * (96 - abs(col)) / 96**2)


def test_agreement_is_the_masked_correlation_of_a_slow_loop(ground):
    rng = np.random.default_rng(0)
    one, two = ground[:40, :50].copy(), ground[100:140, 20:70].copy()
    one[rng.random(one.shape) < 0.2] = np.nan
    a, b = detail_of(one), detail_of(two)
    x, y = [], []
    for r in range(40):
        for c in range(50):
            if 0 <= r - 5 < 40 and 0 <= c + 7 < 50 and a.valid[r, c] and b.valid[r - 5, c + 7]:
                x.append(a.values[r, c])
                y.append(b.values[r - 5, c + 7])
    found = agree_at(a, b, 5, -7)
    assert found.agreement == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-5)
    assert found.overlap == pytest.approx(len(x) / 2000)


def test_unrelated_grounds_are_never_more_significant_than_claimed(fractal):
    rng = np.random.default_rng(7)
    details = [detail_of(fractal(96, 2.4, rng)) for _ in range(40)]
    scores = [
        agree_at(
            details[i], details[j], int(rng.integers(-40, 41)), int(rng.integers(-40, 41))
        ).significance
        for i in range(40)
        for j in range(i)
    ]
    assert abs(np.mean(scores)) < 0.15
    assert 0.5 < np.std(scores) <= 1  # about 0.7, as the grain is doubled by chance


def test_a_lone_hill_proves_nothing():
    rows, cols = np.mgrid[:96, :96]
    one, two = (
        200 * np.exp(-((rows - r) ** 2 + (cols - c) ** 2) / (2 * s**2))
        for r, c, s in ((30, 40, 6), (60, 50, 6.5))
    )
    found = register(detail_of(one), detail_of(two), -30, -10)
    assert found.agreement > 0.9
    assert found.significance < least_significance(300, 96, 0.01)


def test_no_shared_area_and_flat_images_agree_by_nothing(ground):
    a, flat = detail_of(ground[:40, :40]), detail_of(np.zeros((40, 40)))
    for other, row in ((a, 39), (a, 1000), (flat, 0)):
        found = agree_at(a, other, row, 0)
        assert (found.agreement, found.significance) == (0, 0)


def test_the_threshold_is_bonferronis():
    asked = least_significance(100, 64, 0.5)
    assert norm.sf(asked) * 4950 * 128**2 == pytest.approx(0.5, rel=1e-6)
    assert least_significance(1000, 64, 0.5) > asked > least_significance(100, 64, 50)
    assert math.isfinite(least_significance(1, 64, 0.01))
