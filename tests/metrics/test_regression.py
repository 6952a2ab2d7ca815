"""Sums of real-valued predictions against scikit-learn, a slow loop, and exact fractions."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from landseer.errors import LabelError
from landseer.metrics.regression import (
    FIELDS,
    HEIGHT_EDGES_M,
    bin_names,
    binned_scores,
    value_scores,
    value_sums,
)


@pytest.fixture()
def heights():
    """True and predicted heights; some references are missing, and one is below 0."""
    rng = np.random.default_rng(3)
    truth = rng.gamma(1.2, 9, (70, 1500)).astype(np.float32)
    prediction = truth * 0.8 + rng.normal(0.5, 3, truth.shape).astype(np.float32)
    truth[rng.random(truth.shape) < 0.1] = np.nan
    truth[0, :2] = -0.4, 40
    return truth, prediction


def slow_sums(truth, prediction, edges):
    """Add up pixel by pixel."""
    sums = [[0.0] * len(FIELDS) for _ in edges[:-1]]
    for y, p in zip(truth.ravel().tolist(), prediction.ravel().tolist(), strict=True):
        if math.isnan(y):
            continue
        row = sums[max([i for i, low in enumerate(edges[:-1]) if y >= low], default=0)]
        if not math.isfinite(p):
            row[6] += 1
            continue
        for i, part in enumerate((1, y, y * y, (p - y) ** 2, abs(p - y), p - y)):
            row[i] += part
    return np.array(sums)


def test_sums_are_those_of_a_slow_loop(heights):
    truth, prediction = heights
    prediction[1, :5] = np.nan, np.inf, -np.inf, 0, 0
    truth[1, :5] = 3
    edges = (0, 2, 5, 10, 20, 40, math.inf)
    assert edges == HEIGHT_EDGES_M
    expected = slow_sums(truth, prediction, edges)
    assert np.allclose(value_sums(truth, prediction), expected, rtol=1e-11)
    assert expected[:, 6].tolist() == [0, 3, 0, 0, 0, 0]
    assert np.allclose(value_sums(truth, prediction, None), expected.sum(0)[None], rtol=1e-11)


def test_scores_are_those_of_scikit_learn(heights):
    truth, prediction = heights
    scores = value_scores(value_sums(truth, prediction))
    known = ~np.isnan(truth)
    y, p = truth[known].astype(float), prediction[known].astype(float)
    assert scores["r2"] == pytest.approx(r2_score(y, p), abs=1e-12)
    assert scores["rmse"] == pytest.approx(mean_squared_error(y, p) ** 0.5)
    assert scores["mae"] == pytest.approx(mean_absolute_error(y, p))
    assert scores["bias"] == pytest.approx((p - y).mean())
    assert (scores["n"], scores["n_missing"]) == (known.sum(), 0)


def test_classes_are_scored_by_themselves(heights):
    truth, prediction = heights
    binned = binned_scores(value_sums(truth, prediction))
    for i, (low, high) in enumerate(pairwise(HEIGHT_EDGES_M)):
        inside = (truth >= low if i else truth >= -9) & (truth < high)
        y, p = truth[inside].astype(float), prediction[inside].astype(float)
        assert binned["n"][i] == inside.sum() > 0
        assert binned["r2"][i] == pytest.approx(r2_score(y, p), abs=1e-9)
        assert binned["bias"][i] == pytest.approx((p - y).mean())


def test_samples_add_up(heights):
    truth, prediction = heights
    parts = np.stack([value_sums(*pair) for pair in zip(truth, prediction, strict=True)])
    assert parts.shape == (len(truth), 6, 7)
    whole = value_sums(truth, prediction)
    assert np.allclose(parts.sum(0), whole, rtol=1e-12)
    assert value_scores(parts) == pytest.approx(value_scores(whole), rel=1e-12)
    assert np.allclose(binned_scores(parts)["rmse"], binned_scores(whole)["rmse"])


def test_a_missing_prediction_is_never_dropped_in_silence(heights):
    truth, prediction = heights
    truth[5, 5] = 7
    prediction[5, 5] = np.nan
    sums = value_sums(truth, prediction)
    scores, binned = value_scores(sums), binned_scores(sums)
    assert all(math.isnan(scores[name]) for name in ("r2", "rmse", "mae", "bias"))
    assert scores["n_missing"] == 1 and scores["n"] == np.isfinite(truth).sum() - 1
    assert np.isnan(binned["rmse"]).tolist() == [False, False, True, False, False, False]
    rest = np.isfinite(truth) & np.isfinite(prediction)
    left_out = value_scores(sums, leave_out_missing=True)
    assert left_out["r2"] == pytest.approx(r2_score(truth[rest], prediction[rest]), abs=1e-6)
    assert np.isfinite(binned_scores(sums, leave_out_missing=True)["rmse"]).all()


def test_digits_survive_many_pixels_and_a_high_level():
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 1, 1_000_000) + 1e7
    prediction = truth + rng.normal(0, 0.1, truth.size)
    expected = r2_score(truth, prediction)
    sums = sum(value_sums(t, p, None, shift=1e7) for t, p in zip(
        np.array_split(truth, 100), np.array_split(prediction, 100), strict=True))  # fmt: skip
    assert value_scores(sums)["r2"] == pytest.approx(expected, abs=1e-12)
    assert math.isnan(value_scores(value_sums(truth, prediction, None))["r2"])
    near = value_scores(value_sums(truth - 1e7 + 1e3, prediction - 1e7 + 1e3, None))["r2"]
    assert near == pytest.approx(expected, abs=1e-8)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(-50, 500)] * 2), min_size=2, max_size=30), st.integers(-9, 9)
)
def test_r2_is_that_of_exact_fractions(pairs, shift):
    y, p = [Fraction(a) for a, _ in pairs], [Fraction(b) for _, b in pairs]
    mean = sum(y) / len(y)
    spread = sum((a - mean) ** 2 for a in y)
    r2 = value_scores(value_sums(*np.array(pairs).T, (0, 100, 200), shift=shift))["r2"]
    if spread == 0:
        assert math.isnan(r2)
    else:
        expected = 1 - sum((a - b) ** 2 for a, b in zip(y, p, strict=True)) / spread
        assert r2 == pytest.approx(float(expected), rel=1e-7, abs=1e-9)


def test_what_cannot_be_scored():
    nothing = value_scores(value_sums([np.nan], [1.0]))
    assert nothing["n"] == 0 and all(math.isnan(nothing[name]) for name in ("r2", "rmse", "bias"))
    level = value_scores(value_sums([0.1] * 9, [0.2] * 9))
    assert math.isnan(level["r2"]) and level["bias"] == pytest.approx(0.1)
    with pytest.raises(LabelError, match=r"\(2,\).*\(3,\)"):
        value_sums([1, 2], [1, 2, 3])
    with pytest.raises(LabelError, match="infinite"):
        value_sums([1, np.inf], [1, 2])
    for edges in ((1,), (0, 2, 2), (3, 1)):
        with pytest.raises(ValueError, match="ascending"):
            value_sums([1], [1], edges)


def test_classes_have_names():
    assert bin_names()[:2] == ("0 to 2 m", "2 to 5 m") and bin_names()[-1] == "40 m or more"
    assert bin_names((0, 0.5), "") == ("0 to 0.5",)
