"""Scores against scikit-learn, their edges, and what their names promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    jaccard_score,
    matthews_corrcoef,
    precision_score,
    recall_score,
)

from landseer.errors import UsageError
from landseer.metrics import confusion_matrix, score, score_names, scores

NAMES = ("sea", "kelp", "land")


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_scores_agree_with_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    target = np.concatenate([[0, 1, 2], rng.integers(0, 3, 200)])
    prediction = np.where(rng.random(203) < 0.5, target, rng.integers(0, 3, 203))
    prediction[:3] = (0, 1, 2)
    got = score(confusion_matrix(target, prediction, 3), NAMES)
    for kind, peer in (
        ("dice", f1_score), ("iou", jaccard_score), ("precision", precision_score), ("recall", recall_score),
    ):  # fmt: skip
        expected = peer(target, prediction, average=None)
        np.testing.assert_allclose([got[f"{kind}_{name}"] for name in NAMES], expected)
    assert got["dice_macro"] == pytest.approx(f1_score(target, prediction, average="macro"))
    assert got["iou_foreground"] == pytest.approx(
        jaccard_score(target, prediction, average="macro", labels=[1, 2])
    )
    assert got["accuracy"] == pytest.approx(accuracy_score(target, prediction))
    assert got["mcc"] == pytest.approx(matthews_corrcoef(target, prediction))


def test_macro_dice_hides_what_the_kelp_dice_shows() -> None:
    """Of 10 million pixels 0.68 % are kelp: macro Dice .85 is a kelp Dice of about .71."""
    kelp, hits, false = 68_000, 48_000, 19_000
    matrix = np.array([[10_000_000 - kelp - false, false], [kelp - hits, hits]])
    got = score(matrix, ("background", "kelp"))
    assert got["dice_background"] == pytest.approx(0.998, abs=5e-4)
    assert 0.84 < got["dice_macro"] < 0.87
    assert 0.69 < got["dice_kelp"] < 0.74
    assert got["dice_foreground"] == got["dice_kelp"]
    assert got["dice_macro"] == pytest.approx((got["dice_background"] + got["dice_kelp"]) / 2)


def test_names_are_listed_in_the_order_of_the_scores() -> None:
    got = score(np.eye(3, dtype=int), NAMES)
    assert tuple(got) == score_names(NAMES)
    assert set(got.values()) == {1.0}
    assert {"dice_kelp", "dice_macro", "dice_foreground", "iou_land", "mcc", "accuracy"} <= set(got)


def test_undefined_is_nan_and_left_out_of_means() -> None:
    matrix = np.array([[5, 0, 0], [1, 4, 0], [0, 0, 0]])
    got = score(matrix, NAMES)
    for kind in ("dice", "iou", "precision", "recall"):
        assert np.isnan(got[f"{kind}_land"])
    assert got["dice_macro"] == pytest.approx((10 / 11 + 8 / 9) / 2)
    assert got["dice_foreground"] == pytest.approx(8 / 9)
    assert all(np.isnan(value) for value in score(np.zeros((3, 3), int), NAMES).values())
    only = score(np.array([[7, 0], [0, 0]]), ("a", "b"))
    assert np.isnan(only["dice_b"])
    assert np.isnan(only["mcc"])
    assert only["accuracy"] == 1


def test_stacks_of_matrices_are_scored_at_once() -> None:
    matrices = np.random.default_rng(0).integers(1, 50, (4, 5, 3, 3))
    got = scores(matrices, NAMES)
    one = score(matrices[2, 3], NAMES)
    for name, values in got.items():
        assert values.shape == (4, 5)
        assert values[2, 3] == pytest.approx(one[name])


def test_counts_of_a_continent_do_not_overflow() -> None:
    matrix = np.array([[10**12, 10**11], [10**11, 10**12]])
    assert score(matrix, ("a", "b"))["mcc"] == pytest.approx(10 / 11 - 1 / 11)


def test_names_of_averages_are_refused_for_classes() -> None:
    assert "dice_foreground" in score_names(("background", "foreground"))
    two = score(np.array([[8, 1], [2, 3]]), ("background", "foreground"))
    assert two["dice_foreground"] == pytest.approx(6 / 9)
    for names in (("a", "macro"), ("a", "b", "foreground"), ("foreground", "b")):
        with pytest.raises(UsageError, match="rename"):
            score_names(names)
    with pytest.raises(ValueError, match="2 classes"):
        score(np.eye(3), ("a", "b"))
