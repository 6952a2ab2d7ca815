"""Confusion matrices against scikit-learn and slow loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix as sklearn_matrix

from landseer.core.classes import IGNORE
from landseer.errors import LabelError
from landseer.metrics import confusion_matrix, group_matrices


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 6))
def test_counts_agree_with_a_loop_and_with_scikit_learn(seed: int, n_classes: int) -> None:
    rng = np.random.default_rng(seed)
    target = rng.integers(0, n_classes, (7, 9)).astype(np.uint8)
    target[rng.random((7, 9)) < 0.2] = IGNORE
    prediction = rng.integers(0, n_classes, (7, 9)).astype(np.uint8)
    expected = np.zeros((n_classes, n_classes), int)
    for true, guess in zip(target.flat, prediction.flat, strict=True):
        if true != IGNORE:
            expected[true, guess] += 1
    matrix = confusion_matrix(target, prediction, n_classes)
    assert matrix.dtype == np.int64
    np.testing.assert_array_equal(matrix, expected)
    valid = target != IGNORE
    np.testing.assert_array_equal(
        matrix, sklearn_matrix(target[valid], prediction[valid], labels=range(n_classes))
    )


def test_many_classes_do_not_overflow_small_integers() -> None:
    target = np.full((4, 4), 19, np.uint8)
    assert confusion_matrix(target, target, 20)[19, 19] == 16


def test_predictions_under_ignored_pixels_may_be_anything() -> None:
    target = np.array([[0, IGNORE]], np.uint8)
    assert confusion_matrix(target, np.array([[0, 77]], np.uint8), 2).sum() == 1
    assert confusion_matrix(target * 0 + IGNORE, target, 2).sum() == 0


@pytest.mark.parametrize(
    ("target", "prediction", "words"),
    [([[0, 3]], [[0, 1]], "label"), ([[0, 1]], [[0, 3]], "prediction"), ([[0]], [[0, 1]], "shape")],
)
def test_what_does_not_fit_is_refused(
    target: list[list[int]], prediction: list[list[int]], words: str
) -> None:
    with pytest.raises(LabelError, match=words):
        confusion_matrix(np.array(target), np.array(prediction), 2)


def test_groups_add_up_in_order_of_appearance() -> None:
    matrices = np.arange(16).reshape(4, 2, 2)
    names, pooled = group_matrices(matrices, ["b", "a", "b", "c"])
    assert names == ("b", "a", "c")
    np.testing.assert_array_equal(pooled[0], matrices[0] + matrices[2])
    np.testing.assert_array_equal(pooled.sum(axis=0), matrices.sum(axis=0))
    with pytest.raises(ValueError, match="expected 4 groups"):
        group_matrices(matrices, ["a"])
