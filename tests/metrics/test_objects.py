"""Matching of objects against SpaceNet's loop, the best assignment, and areas counted by hand."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import f1_score

from landseer.errors import DataError, UsageError
from landseer.metrics.objects import Overlaps, match_objects, object_scores, polygon_overlaps


def boxes(seed, n=14, size=20.0):
    """Boxes strewn over a small place, which overlap each other."""
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, size, (n, 2))
    high = low + rng.uniform(1, 6, (n, 2))
    return shapely.box(*low.T, *high.T)


def moved(polygons, seed):
    """The same boxes a little aside, some lost, some invented."""
    rng = np.random.default_rng(seed)
    shifts = rng.normal(0, 0.4, (len(polygons), 2))
    aside = [shapely.affinity.translate(p, *s) for p, s in zip(polygons, shifts, strict=True)]
    return np.array([*aside[2:], *boxes(seed + 100, 3)], object)


def spacenet_loop(true, predicted, confidence, min_iou, min_area):
    """SpaceNet's evaluation, one proposal after the other."""
    free = [polygon for polygon in true if polygon.area >= min_area]
    counts = [0, 0, 0]
    for number in sorted(range(len(predicted)), key=lambda i: -confidence[i]):
        proposal = predicted[number]
        if proposal.area < min_area:
            continue
        ious = [proposal.intersection(truth).area / proposal.union(truth).area for truth in free]
        best = int(np.argmax(ious)) if ious else -1
        if ious and ious[best] >= min_iou:
            counts[0] += 1
            del free[best]
        else:
            counts[1] += 1
    counts[2] = len(free)
    return counts


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000), min_iou=st.sampled_from([0.1, 0.3, 0.5, 0.7]),
    min_area=st.sampled_from([0.0, 8.0]),
)  # fmt: skip
def test_spacenets_rule(seed, min_iou, min_area):
    true = boxes(seed)
    predicted = moved(true, seed)
    confidence = np.random.default_rng(seed).random(len(predicted))
    found = match_objects(
        polygon_overlaps(true, predicted), min_iou=min_iou, min_area=min_area, confidence=confidence
    )
    assert found.tolist() == spacenet_loop(true, predicted, confidence, min_iou, min_area)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_no_assignment_is_better_where_objects_lie_apart(seed):
    rng = np.random.default_rng(seed)
    cells = np.stack(np.meshgrid(np.arange(4), np.arange(4)), -1).reshape(-1, 2) * 8.0
    true = shapely.box(*cells.T, *(cells + rng.uniform(2, 7, cells.shape)).T)
    predicted = moved(true, seed)[: len(true) - 2]
    iou = np.array([[t.intersection(p).area / t.union(p).area for p in predicted] for t in true])
    rows, cols = linear_sum_assignment(iou > 0.5, maximize=True)
    best = int((iou[rows, cols] > 0.5).sum())
    overlaps = polygon_overlaps(true, predicted)
    expected = [best, len(predicted) - best, len(true) - best]
    assert match_objects(overlaps, min_iou=0.500001).tolist() == expected
    sure = rng.random(len(predicted))
    assert match_objects(overlaps, min_iou=0.500001, confidence=sure).tolist() == expected


def test_order_of_overlap_and_of_confidence():
    overlaps = Overlaps(
        true=np.array([10.0, 10.0]),
        predicted=np.array([10.0, 10.0]),
        pairs=np.array([[0, 0], [0, 1], [1, 1]]),
        shared=np.array([8.0, 9.0, 7.0]),
        ignored=np.zeros(2),
    )
    assert match_objects(overlaps).tolist() == [1, 1, 1]
    assert match_objects(overlaps, confidence=[0.9, 0.1]).tolist() == [2, 0, 0]
    assert match_objects(overlaps, confidence=[0.1, 0.9]).tolist() == [1, 1, 1]


def test_half_counts_as_a_match():
    true, predicted = [shapely.box(0, 0, 1, 1)], [shapely.box(0, 0, 1, 2)]
    assert match_objects(polygon_overlaps(true, predicted)).tolist() == [1, 0, 0]
    assert match_objects(polygon_overlaps(true, predicted), min_iou=0.51).tolist() == [0, 1, 1]


def test_what_lies_mostly_in_the_ignored_area_does_not_count():
    true = [shapely.box(0, 0, 4, 4), shapely.box(20, 0, 24, 4)]
    predicted = [
        shapely.box(0, 0, 4, 4),
        shapely.box(9, 0, 14, 4),  # 4 of 5 within
        shapely.box(6, 0, 11, 4),  # 1 of 5 within
        shapely.box(20, 0, 24, 4),
    ]
    ignored = shapely.box(10, -5, 30, 9)
    found = match_objects(polygon_overlaps(true, predicted, ignored=ignored))
    assert found.tolist() == [1, 1, 0]
    assert match_objects(polygon_overlaps(true, predicted)).tolist() == [2, 2, 0]


def test_nothing_on_either_side():
    house = [shapely.box(0, 0, 4, 4)]
    for true, predicted, expected in (
        ([], [], [0, 0, 0]), (house, [], [0, 0, 1]), ([], house, [0, 1, 0]),
    ):  # fmt: skip
        assert match_objects(polygon_overlaps(true, predicted)).tolist() == expected


def test_scores():
    counts = np.array([[3, 1, 2], [0, 0, 0], [0, 4, 0]])
    truth = [1, 1, 1, 1, 1, 0]
    prediction = [1, 1, 1, 0, 0, 1]
    scores = object_scores(counts)
    assert scores["f1"][0] == pytest.approx(f1_score(truth, prediction))
    assert np.isnan(scores["f1"][1]) and scores["f1"][2] == 0
    assert scores["precision"][0] == 0.75 and scores["recall"][0] == 0.6


def test_wrong_use():
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    with pytest.raises(DataError, match="1 of 1"):
        polygon_overlaps([], [bow])
    overlaps = polygon_overlaps([shapely.box(0, 0, 1, 1)], [shapely.box(0, 0, 1, 1)])
    with pytest.raises(UsageError, match="IoU"):
        match_objects(overlaps, min_iou=0)
    with pytest.raises(UsageError, match="1 confidences"):
        match_objects(overlaps, confidence=[1, 2])
