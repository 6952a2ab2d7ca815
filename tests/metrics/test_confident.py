"""Confident learning: thresholds, sure classes, the joint, against slow loops and a known noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseer.metrics.confident import (
    NONE,
    calibrated_joint,
    class_thresholds,
    confident_class,
    confident_joint,
    self_confidence,
)


def made(seed, n_classes=3, shape=(6, 7)):
    rng = np.random.default_rng(seed)
    probability = rng.dirichlet(np.ones(n_classes), shape).transpose(2, 0, 1).astype(np.float32)
    label = rng.choice([*range(n_classes), 255], shape).astype(np.uint8)
    return label, probability


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4))
def test_it_is_what_the_paper_says_in_a_slow_loop(seed, n_classes):
    label, probability = made(seed, n_classes)
    sums, counts = self_confidence(label, probability)
    own = [[] for _ in range(n_classes)]
    for (r, c), k in np.ndenumerate(label):
        if k < n_classes:
            own[k].append(float(probability[k, r, c]))
    assert counts.tolist() == [len(values) for values in own]
    assert sums == pytest.approx([sum(values) for values in own])
    thresholds = class_thresholds(np.stack([sums, counts])[None])
    joint = np.zeros((n_classes, n_classes), int)
    for (r, c), k in np.ndenumerate(label):
        sure = [j for j in range(n_classes) if probability[j, r, c] >= thresholds[j]]
        if k < n_classes and sure:
            joint[k, max(sure, key=lambda j: probability[j, r, c])] += 1
    found = confident_joint(label, confident_class(probability, thresholds), n_classes)
    assert found.tolist() == joint.tolist()


def test_each_sample_has_one_vote_on_a_threshold():
    large = np.array([[900.0, 10.0], [1000.0, 100.0]])
    small = np.array([[9.0, 9.0], [10.0, 10.0]])
    without = np.array([[5.0, 0.0], [10.0, 0.0]])
    found = class_thresholds(np.stack([large, small, without]))
    assert found == pytest.approx([(0.9 + 0.9 + 0.5) / 3, (0.1 + 0.9) / 2])


def test_of_a_class_that_no_label_has_nothing_is_sure():
    label, probability = np.zeros((2, 2), np.uint8), np.full((2, 2, 2), 0.5, np.float32)
    thresholds = class_thresholds(self_confidence(label, probability)[None])
    assert thresholds.tolist() == [0.5, np.inf]
    assert (confident_class(probability, thresholds) == 0).all()


def test_below_all_thresholds_nothing_is_sure():
    probability = np.array([[[0.6]], [[0.4]]], np.float32)
    assert confident_class(probability, np.array([0.7, 0.5])).tolist() == [[NONE]]
    assert confident_class(probability, np.array([0.7, 0.3])).tolist() == [[1]]


def test_the_calibrated_joint_finds_a_known_noise():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, (200, 200)).astype(np.uint8)
    flipped = rng.random(truth.shape) < np.where(truth, 0.2, 0.3)
    label = np.where(flipped, 1 - truth, truth).astype(np.uint8)
    positive = np.clip(np.where(truth, 0.85, 0.15) + rng.normal(0, 0.08, truth.shape), 0, 1)
    probability = np.stack([1 - positive, positive])
    confidence = self_confidence(label, probability)
    sure = confident_class(probability, class_thresholds(confidence[None]))
    estimated = calibrated_joint(confident_joint(label, sure, 2), confidence[1])
    assert estimated.sum(axis=1) == pytest.approx(confidence[1])
    assert estimated[0, 1] == pytest.approx((flipped & (truth == 1)).sum(), rel=0.1)
    assert estimated[1, 0] == pytest.approx((flipped & (truth == 0)).sum(), rel=0.1)


def test_a_class_of_which_nothing_is_sure_counts_as_right():
    found = calibrated_joint(np.array([[3, 1], [0, 0]]), np.array([8.0, 5.0]))
    assert found.tolist() == [[6.0, 2.0], [0.0, 5.0]]
