"""Calibration against a slow loop and against scikit-learn; the counts of samples add up."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from landseer.errors import LabelError
from landseer.metrics.calibration import N_BINS, calibration, losses, reliability


def world(seed=0, shape=(40, 50), n_classes=3, sharp=1.0):
    """Draw truth from the very probabilities that are said, sharpened by a power."""
    rng = np.random.default_rng(seed)
    true = rng.dirichlet(np.ones(n_classes), shape).transpose(2, 0, 1)
    target = np.array([rng.choice(n_classes, p=p) for p in true.reshape(n_classes, -1).T])
    said = true**sharp
    return target.reshape(shape).astype(np.uint8), said / said.sum(0)


def slow_ece(target, probability, n_bins=N_BINS):
    pixels = [
        (probability[:, r, c].max(), probability[:, r, c].argmax() == target[r, c])
        for r, c in np.ndindex(target.shape)
        if target[r, c] != 255
    ]
    total = 0.0
    for k in range(n_bins):
        mine = [
            (p, t)
            for p, t in pixels
            if k / n_bins <= p < (k + 1) / n_bins or (p == 1 and k == n_bins - 1)
        ]
        if mine:
            gap = abs(np.mean([p for p, _ in mine]) - np.mean([t for _, t in mine]))
            total += len(mine) / len(pixels) * gap
    return total


@pytest.mark.parametrize("sharp", [0.5, 1.0, 3.0])
def test_ece_is_that_of_a_slow_loop(sharp):
    target, said = world(sharp=sharp)
    target[:3] = 255
    assert calibration(reliability(target, said)).ece == pytest.approx(slow_ece(target, said))


def test_curves_are_those_of_scikit_learn():
    target, said = world(1)
    counts = reliability(target, said, n_bins=10)
    for number in range(3):
        pixels, mean, true = counts[number]
        there = pixels > 0
        share, confidence = calibration_curve(
            (target == number).ravel(), said[number].ravel(), n_bins=10
        )
        np.testing.assert_allclose(true[there] / pixels[there], share)
        np.testing.assert_allclose(mean[there] / pixels[there], confidence)


def test_who_says_what_is_drawn_is_calibrated_and_who_sharpens_is_too_sure():
    honest = calibration(reliability(*world(2, (200, 200))))
    sure = calibration(reliability(*world(2, (200, 200), sharp=3.0)))
    shy = calibration(reliability(*world(2, (200, 200), sharp=0.4)))
    assert honest.ece < 0.01
    assert abs(honest.confidence) < 0.01
    assert sure.ece == pytest.approx(sure.confidence, abs=0.01)
    assert sure.confidence > 0.1
    assert shy.confidence < -0.1
    assert sure.mce > sure.ece
    assert max(honest.classwise_ece) < 0.02 < min(sure.classwise_ece)


def test_samples_add_up():
    parts = [world(seed) for seed in range(3)]
    whole = reliability(
        np.concatenate([t for t, _ in parts]), np.concatenate([p for _, p in parts], axis=1)
    )
    np.testing.assert_allclose(sum(reliability(*part) for part in parts), whole)


def test_what_is_ignored_or_unknown_does_not_count():
    target, said = world(3)
    said[:, :10] = np.nan
    target[10:20] = 255
    counts = reliability(target, said)
    np.testing.assert_array_equal(counts, reliability(target[20:], said[:, 20:]))
    nothing = calibration(reliability(np.full((4, 4), 255, np.uint8), np.full((3, 4, 4), 1 / 3)))
    assert np.isnan([nothing.ece, *nothing.classwise_ece, nothing.mce, nothing.confidence]).all()


def test_certainty_stands_in_the_last_bin():
    said = np.stack([np.zeros((2, 2)), np.ones((2, 2))])
    counts = reliability(np.array([[1, 1], [1, 0]]), said)
    assert counts[-1, 0, -1] == 4
    found = calibration(counts)
    assert (found.ece, found.mce, found.confidence) == (0.25, 0.25, 0.25)


def test_other_shapes_and_unknown_classes_are_refused():
    target, said = world()
    with pytest.raises(LabelError, match="pixels"):
        reliability(target[1:], said)
    with pytest.raises(LabelError, match="0 to 2; got 0 to 7"):
        reliability(np.where(np.arange(target.size).reshape(target.shape) == 5, 7, target), said)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_losses_are_those_of_scikit_learn(n_classes):
    target, said = world(4, n_classes=n_classes, sharp=2.0)
    target[:5] = 255
    said[:, 20:] = np.nan
    pixels, logs, squares = losses(target, said)
    truth, known = target[5:20].ravel(), said[:, 5:20].reshape(n_classes, -1).T
    numbers = range(n_classes)
    assert pixels == len(truth)
    assert logs / pixels == pytest.approx(log_loss(truth, known, labels=numbers))
    if n_classes == 2:
        assert squares / pixels == pytest.approx(brier_score_loss(truth, known[:, 1]))
    slow = [sum((p[k] - (t == k)) ** 2 for k in numbers) for t, p in zip(truth, known, strict=True)]
    assert squares / pixels == pytest.approx(np.mean(slow) / (2 if n_classes == 2 else 1))


def test_what_was_called_impossible_costs_no_more_than_half_a_step():
    sure = np.stack([np.ones((1, 1)), np.zeros((1, 1))])
    assert losses(np.ones((1, 1), int), sure)[1] == pytest.approx(np.log(2 * 65535))
