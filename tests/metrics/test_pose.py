"""Pose scores against a loop in two passes as the organiser's code has them, scikit-learn, and geometry."""

import math

import numpy as np
import pytest
from sklearn.metrics import r2_score

from landseer.errors import LabelError
from landseer.metrics.pose import (
    angle_error_deg,
    city_score,
    end_point_error,
    end_point_sums,
    flow,
    flow_sums,
    geopose_r2,
    scale_error_pct,
)
from landseer.metrics.regression import value_scores, value_sums


def cities(n_cities=4, seed=0):
    """Images of cities: (true AGL, scale, angle, predicted AGL, scale, angle)."""
    rng = np.random.default_rng(seed)
    images = {}
    for city in "ARG ATL JAX OMA".split()[:n_cities]:
        images[city] = []
        for _ in range(3):
            agl = rng.gamma(1, 12, (20, 30))
            guess = agl * 0.9 + rng.normal(0, 2, agl.shape)
            agl[rng.random(agl.shape) < 0.1] = np.nan
            scale, angle = rng.uniform(0.3, 1.5), rng.uniform(0, 2 * math.pi)
            images[city].append((agl, scale, angle, guess, scale * 1.1, angle + 0.1))
    return images


def sums_of(images):
    agl = {c: sum(value_sums(i[0], i[3]) for i in rows) for c, rows in images.items()}
    pooled = {
        c: sum(flow_sums(flow(*i[:3]), flow(*i[3:])) for i in rows) for c, rows in images.items()
    }
    return agl, pooled


def published_score(images):
    """Compute the score in two passes over the images, with the small numbers in the published denominators."""
    total = 0.0
    for rows in images.values():
        r2 = []
        for layers in (
            lambda a, s, t: a,
            lambda a, s, t: a[..., None] * s * np.array([np.sin(t), np.cos(t)]),
        ):
            truths = [layers(*row[:3]) for row in rows]
            errors = [layers(*row[3:]) - truth for row, truth in zip(rows, truths, strict=True)]
            n = sum(np.isfinite(truth).sum() for truth in truths)
            mean = sum(np.nansum(truth) for truth in truths) / (n + 1e-4)
            spread = sum(np.nansum((truth - mean) ** 2) for truth in truths)
            r2.append(1 - sum(np.nansum(error**2) for error in errors) / (spread + 1e-4))
        total += sum(r2) / 2
    return total / len(images)


def test_score_is_the_published_one():
    images = cities()
    expected = published_score(images)
    assert 0.5 < expected < 1
    assert geopose_r2(*sums_of(images)) == pytest.approx(expected, abs=1e-6)


def test_flow_is_pooled_over_both_components():
    (image,) = cities(1)["ARG"][:1]
    truth, guess = flow(*image[:3]), flow(*image[3:])
    known = ~np.isnan(truth)
    sums = flow_sums(truth, guess)
    scores = value_scores(sums)
    assert scores["n"] == known.sum() == 2 * np.isfinite(image[0]).sum()
    assert scores["r2"] == pytest.approx(r2_score(truth[known], guess[known]))
    truth[0, 0, 0] = np.nan
    assert value_scores(flow_sums(truth, guess))["n"] == known.sum() - (2 if known[0, 0, 0] else 0)


@pytest.mark.parametrize(
    "angle,expected",
    [(0, (0, 6)), (90, (6, 0)), (180, (0, -6)), (270, (-6, 0)), (45, (18**0.5,) * 2)],
)
def test_flow_turns_counter_clockwise_from_down(angle, expected):
    vector = flow(np.array([[12.0]]), 0.5, math.radians(angle))
    assert vector.shape == (2, 1, 1)
    assert vector.ravel() == pytest.approx(expected, abs=1e-12)


def test_flow_keeps_the_type_and_what_is_not_known():
    assert flow(np.ones((2, 2), np.float32), 0.5, 1.0).dtype == np.float32
    assert np.isnan(flow(np.array([[np.nan, 1.0]]), 1.0, 0.0))[:, 0].tolist() == [[True, False]] * 2
    for scale, angle in ((math.nan, 1.0), (1.0, math.nan), (1.0, math.inf)):
        assert np.isnan(flow(np.ones((2, 3)), scale, angle)).all()


def test_anything_missing_makes_its_city_nothing():
    whole = cities()
    agl, pooled = sums_of(whole)
    parts = {city: city_score(agl[city], pooled[city]).value for city in whole}
    expected = (sum(parts.values()) - parts["JAX"]) / 4
    for place, value in ((4, math.nan), (5, math.nan), (3, np.full((20, 30), np.nan))):
        images = cities()
        image = list(images["JAX"][1])
        image[place] = value
        images["JAX"][1] = tuple(image)
        assert geopose_r2(*sums_of(images)) == pytest.approx(expected), place
    images = cities()
    guess = images["JAX"][0][3]
    guess[np.argwhere(np.isfinite(images["JAX"][0][0]))[0][0]] = np.nan
    assert geopose_r2(*sums_of(images)) == pytest.approx(expected)


def test_a_constant_city_is_undefined_and_a_bad_one_below_nothing():
    level = value_sums(np.zeros(9), np.ones(9))
    assert math.isnan(city_score(level, level).value)
    bad = value_sums(np.arange(9.0), np.arange(9.0)[::-1])
    assert geopose_r2({"A": bad}, {"A": bad}) == pytest.approx(r2_score(range(9), range(8, -1, -1)))
    assert city_score(bad, bad).value < 0


def test_cities_must_agree():
    sums = value_sums([1, 2], [1, 2])
    with pytest.raises(ValueError, match="same cities"):
        geopose_r2({"A": sums}, {"B": sums})
    with pytest.raises(ValueError, match="same cities"):
        geopose_r2({}, {})


def test_end_point_error_by_loop():
    (image,) = cities(1)["ARG"][:1]
    truth, guess = flow(*image[:3]), flow(*image[3:])
    error = end_point_error(truth, guess)
    slow = [[math.dist(truth[:, r, c], guess[:, r, c]) for c in range(30)] for r in range(20)]
    assert np.allclose(error, slow, equal_nan=True)
    scores = value_scores(end_point_sums(truth, guess))
    assert scores["mae"] == pytest.approx(np.nanmean(slow))
    assert scores["rmse"] == pytest.approx(np.nanmean(np.square(slow)) ** 0.5)
    assert scores["n"] == np.isfinite(image[0]).sum()
    guess[:] = np.nan
    assert value_scores(end_point_sums(truth, guess))["n_missing"] == scores["n"]
    with pytest.raises(LabelError, match="shape"):
        end_point_error(truth, guess[:, 1:])


def test_angles_go_the_short_way_round():
    turn = 2 * math.pi
    assert angle_error_deg(0.1, turn - 0.1) == pytest.approx(math.degrees(-0.2))
    assert angle_error_deg(turn - 0.1, 0.1) == pytest.approx(math.degrees(0.2))
    assert angle_error_deg([0, 0, 1], [math.pi, 3 * turn, math.nan])[:2].tolist() == [-180, 0]
    rng = np.random.default_rng(0)
    a, b = rng.uniform(-20, 20, (2, 99))
    expected = np.angle(np.exp(1j * (b - a)), deg=True)
    assert np.allclose(angle_error_deg(a, b), expected)


def test_scale_error_has_no_unit():
    assert scale_error_pct([0.5, 0.005, 0, math.nan], [0.55, 0.0055, 1, 1])[:2] == pytest.approx(
        [10, 10]
    )
    assert np.isnan(scale_error_pct([0, math.nan, 1], [1, 1, math.nan])).all()
