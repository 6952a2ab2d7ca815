"""Shares sum to one; weights lie between the least and one."""

import math

import pytest

from landseer.select.shares import MAX_SHARES, rank_weights, score_weights, simplex


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


def test_the_kelp_seed_weighed_its_folds_by_score():
    """FACTS: weights of its ten folds from their leaderboard scores."""
    board = (0.7110, 0.7086, 0.7110, 0.7139, 0.7106, 0.7100, 0.7119, 0.7105, 0.7155, 0.7047)
    said = (0.666, 0.5, 0.666, 0.88, 0.637, 0.59, 0.733, 0.63, 1, 0.2)
    weights = score_weights(dict(enumerate(board)))
    assert [weights[i] for i in range(10)] == pytest.approx(said, abs=0.015)


def test_ranks_become_even_steps_whatever_the_scores():
    weights = rank_weights({"a": 0.9, "b": 0.1, "c": 0.89, "d": 0.88, "e": 0.87})
    assert [weights[name] for name in "acdeb"] == pytest.approx([1, 0.8, 0.6, 0.4, 0.2])
    tied = rank_weights({"a": 0.5, "b": 0.5, "c": float("nan")})
    assert tied == pytest.approx({"a": 0.8, "b": 0.8, "c": 0.2})
    assert rank_weights({"a": float("nan")}) == {"a": 1.0}
