"""Shares sum to one; weights lie between the least and one."""

import math

import pytest

from landseer.select.shares import MAX_SHARES, score_weights, simplex


@pytest.mark.parametrize("n_seeds", [1, 2, 3, 4, 6])
def test_simplex_covers_its_corners(n_seeds):
    shares = simplex(n_seeds, 0.1)
    assert len(set(shares)) == len(shares) <= MAX_SHARES
    assert all(math.isclose(sum(share), 1) and min(share) >= 0 for share in shares)
    assert sum(1.0 in share for share in shares) == n_seeds


def test_two_seeds_in_tenths():
    assert simplex(2, 0.1)[3] == (0.3, 0.7)


def test_weights_of_the_kelp_ensemble():
    # public scores of ten folds, and the weights published for them
    scores = [0.7110, 0.7086, 0.7110, 0.7139, 0.7106, 0.7100, 0.7119, 0.7105, 0.7155, 0.7047]
    published = [0.666, 0.5, 0.666, 0.88, 0.637, 0.59, 0.733, 0.63, 1, 0.2]
    weights = score_weights(dict(enumerate(scores)))
    assert list(weights.values()) == pytest.approx(published, abs=0.012)


def test_equal_and_undefined_scores():
    assert score_weights({"a": 0.5, "b": 0.5}) == {"a": 1.0, "b": 1.0}
    assert score_weights({"a": 0.4, "b": math.nan, "c": 0.6}) == {"a": 0.2, "b": 0.2, "c": 1.0}
