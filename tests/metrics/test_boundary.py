"""Boundary F1 against a slow loop, distances of scipy, and known shifts; strips against one pass."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from landseer.errors import LabelError, UsageError
from landseer.metrics.boundary import (
    BoundaryCounter,
    boundary_counts,
    boundary_pixels,
    boundary_scores,
    matched_scores,
)


def blobs(seed, shape=(23, 19), n_classes=3, ignored=0.0):
    """Truth and prediction of blobs that agree here and there."""
    rng = np.random.default_rng(seed)
    small = rng.integers(n_classes, size=(shape[0] // 4 + 1, shape[1] // 4 + 1))
    truth = np.kron(small, np.ones((4, 4), int))[: shape[0], : shape[1]].astype(np.uint8)
    prediction = np.roll(truth, rng.integers(-2, 3, 2), (0, 1))
    noise = rng.random(shape) < 0.05
    prediction[noise] = rng.integers(n_classes, size=int(noise.sum()))
    truth[rng.random(shape) < ignored] = 255
    return truth, prediction


def slow_boundary(classes):
    """Boundary pixels by class, one pixel at a time."""
    height, width = classes.shape
    found = {}
    for row in range(height):
        for col in range(width):
            own = int(classes[row, col])
            around = [(row - 1, col), (row + 1, col), (row, col - 1), (row, col + 1)]
            others = [int(classes[r, c]) for r, c in around if 0 <= r < height and 0 <= c < width]
            if own != 255 and any(other not in (own, 255) for other in others):
                found.setdefault(own, []).append((row, col))
    return found


def slow_counts(truth, prediction, n_classes, tolerance):
    """The definition, pair by pair."""
    prediction = np.where(truth == 255, 255, prediction)
    hidden = np.argwhere(truth == 255)

    def near(place, places):
        return any(math.hypot(place[0] - r, place[1] - c) <= tolerance for r, c in places)

    predicted, true = slow_boundary(prediction), slow_boundary(truth)
    counts = np.zeros((n_classes, 4), int)
    for number in range(n_classes):
        sides = predicted.get(number, []), true.get(number, [])
        for side in (0, 1):
            judged = [place for place in sides[side] if not near(place, hidden)]
            counts[number, 2 * side] = sum(near(place, sides[1 - side]) for place in judged)
            counts[number, 2 * side + 1] = len(judged)
    return counts


@pytest.mark.parametrize("tolerance", [0, 1, 1.5, 2, 3.7])
@pytest.mark.parametrize("ignored", [0.0, 0.01])
def test_slow_loop(tolerance, ignored):
    for seed in range(3):
        truth, prediction = blobs(seed, ignored=ignored)
        found = boundary_counts(truth, prediction, 3, tolerance_px=tolerance)
        assert np.array_equal(found, slow_counts(truth, prediction, 3, tolerance))
        assert found[:, 1].sum() > 0


def test_distances_of_scipy_at_a_wide_tolerance():
    truth, prediction = blobs(5, (120, 90), 4)
    edges = boundary_pixels(truth), boundary_pixels(prediction)
    found = boundary_counts(truth, prediction, 4, tolerance_px=9)
    for number in range(4):
        true, predicted = (
            edge & (c == number) for edge, c in zip(edges, (truth, prediction), strict=True)
        )
        near_true, near_predicted = (distance_transform_edt(~m) <= 9 for m in (true, predicted))
        expected = [
            (predicted & near_true).sum(), predicted.sum(), (true & near_predicted).sum(), true.sum(),
        ]  # fmt: skip
        assert found[number].tolist() == expected


def test_more_classes_than_a_word_has_bits():
    rng = np.random.default_rng(0)
    truth, prediction = rng.integers(0, 150, (2, 40, 40)).astype(np.uint8)
    found = boundary_counts(truth, prediction, 150, tolerance_px=2)
    assert np.array_equal(found, slow_counts(truth, prediction, 150, 2))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    cuts=st.lists(st.integers(0, 23), max_size=6),
    tolerance=st.sampled_from([0, 1, 2.5, 4, 30]),
    ignored=st.sampled_from([0.0, 0.02]),
)
def test_strips_of_any_height_equal_one_pass(seed, cuts, tolerance, ignored):
    truth, prediction = blobs(seed, ignored=ignored)
    counter = BoundaryCounter(3, tolerance)
    for rows in np.split(np.arange(len(truth)), sorted(cuts)):
        counter.add(truth[rows], prediction[rows])
    whole = boundary_counts(truth, prediction, 3, tolerance_px=tolerance)
    assert np.array_equal(counter.finish(), whole)
    assert not BoundaryCounter(3, tolerance).finish().any()


def test_a_shift_is_forgiven_up_to_the_tolerance():
    truth = np.zeros((60, 60), np.uint8)
    truth[20:40, 20:40] = 1
    shifted = np.roll(truth, 3, 1)
    names = ("ground", "house")
    for tolerance, expected in ((2, 42 / 76), (3, 1.0)):
        counts = boundary_counts(truth, shifted, 2, tolerance_px=tolerance)
        found = boundary_scores(counts, names)["boundary_f1_house"]
        assert found == pytest.approx(expected)


def test_nothing_is_judged_beside_what_is_ignored():
    truth = np.zeros((30, 30), np.uint8)
    truth[:, 15:] = 1
    prediction = truth.copy()
    prediction[10:20, 15:] = 0
    wrong = boundary_counts(truth, prediction, 2, tolerance_px=2)
    assert wrong[1, 2] < wrong[1, 3]
    truth[8:22, 13:] = 255
    right = boundary_counts(truth, prediction, 2, tolerance_px=2)
    assert right[1, 2] == right[1, 3] == 30 - 14 - 4
    assert right[1, 0] == right[1, 1]


def test_scores_of_nothing_and_of_one_side():
    counts = np.array([[0, 0, 0, 0], [0, 5, 0, 0], [0, 0, 0, 7], [3, 4, 1, 2]])
    scores = matched_scores(counts)
    assert np.isnan(scores["f1"][0])
    assert scores["f1"][1:].tolist() == pytest.approx([0, 0, 0.6])
    assert np.isnan(scores["recall"][1]) and np.isnan(scores["precision"][2])
    named = boundary_scores(counts, ("a", "b", "c", "d"))
    assert named["boundary_f1_macro"] == pytest.approx(0.2)
    assert named["boundary_f1_foreground"] == pytest.approx(0.2)
    many = boundary_scores(np.stack([counts, counts]), ("a", "b", "c", "d"))
    assert many["boundary_precision_d"].tolist() == [0.75, 0.75]


def test_wrong_use():
    with pytest.raises(LabelError, match=r"\(3, 4\)"):
        boundary_counts(np.zeros((3, 4), np.uint8), np.zeros((4, 3), np.uint8), 2, tolerance_px=1)
    with pytest.raises(LabelError, match="0 to 1 in the prediction; got 2"):
        boundary_counts(np.zeros((2, 2), np.uint8), np.full((2, 2), 2, np.uint8), 2, tolerance_px=1)
    for tolerance in (-1, float("nan")):
        with pytest.raises(UsageError, match="tolerance"):
            BoundaryCounter(2, tolerance)
