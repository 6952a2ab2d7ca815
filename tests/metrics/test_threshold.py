"""Threshold curves against pixels, plateaus, and cross-fitting that cannot flatter itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseer.core.classes import IGNORE
from landseer.errors import DataError, LabelError, UsageError
from landseer.metrics import (
    ThresholdCounts,
    best_threshold,
    confusion_matrix,
    cross_fit,
    curve,
    histogram,
    score,
    to_uint16,
)

NAMES = ("background", "kelp")


def samples(seed: int, n: int, *, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    target = (rng.random((n, 12, 12)) < 0.2).astype(np.uint8)
    probability = np.clip(0.3 + 0.3 * target + shift + rng.normal(0, 0.2, target.shape), 0, 1)
    target[rng.random(target.shape) < 0.1] = IGNORE
    return target, to_uint16(probability)


def counts_of(target: np.ndarray, probability: np.ndarray, n_bins: int = 100) -> ThresholdCounts:
    each = [histogram(t, p, n_bins=n_bins) for t, p in zip(target, probability, strict=True)]
    return ThresholdCounts(tuple(str(i) for i in range(len(each))), np.stack(each), NAMES)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1, 3, 100, 1000, 65535]))
def test_every_threshold_gives_the_confusion_of_the_pixels(seed: int, n_bins: int) -> None:
    target, probability = samples(seed, 2)
    probability[0, 0, :3] = (0, 65535, 32768)
    counts = counts_of(target, probability, n_bins)
    position = int(np.random.default_rng(seed).integers(0, n_bins + 1))
    for at in (0, position, n_bins):
        positive = probability >= to_uint16(np.array(at / n_bins))
        expected = confusion_matrix(target, positive.astype(np.uint8), 2)
        np.testing.assert_array_equal(counts.confusions()[at], expected)
        np.testing.assert_array_equal(counts.confusion(at / n_bins), expected)
        each = counts.sample_confusions(at / n_bins)
        np.testing.assert_array_equal(each.sum(axis=0), expected)
        np.testing.assert_array_equal(
            each[1], confusion_matrix(target[1], positive[1].astype(np.uint8), 2)
        )


def test_curve_is_the_score_at_each_threshold() -> None:
    target, probability = samples(0, 4)
    counts = counts_of(target, probability)
    values = curve(counts, "dice_kelp")
    for position in (10, 45, 80):
        guess = (probability >= to_uint16(np.array(position / 100))).astype(np.uint8)
        expected = score(confusion_matrix(target, guess, 2), NAMES)["dice_kelp"]
        assert values[position] == pytest.approx(expected)
    threshold, value = best_threshold(counts, "dice_kelp")
    assert value == np.nanmax(values)
    assert values[round(threshold * 100)] == value
    with pytest.raises(UsageError, match="dice_kelp"):
        curve(counts, "dice")


def test_the_centre_of_a_plateau_is_taken() -> None:
    target = np.array([[0] * 8 + [1] * 4], np.uint8)
    probability = to_uint16(np.array([[0.2] * 8 + [0.7] * 4]))
    counts = counts_of(target[None], probability[None], 10)
    threshold, value = best_threshold(counts, "dice_kelp")
    assert value == 1
    assert threshold == 0.5  # thresholds .3 to .7 are perfect


def test_the_longest_plateau_wins_then_the_one_near_a_half() -> None:
    two = np.zeros((1, 2, 11), np.int64)
    two[0, 1, [3, 8]], two[0, 0, [0, 5]] = (20, 20), (40, 20)
    twin = ThresholdCounts(("x",), two, NAMES)
    values = curve(twin, "accuracy")
    assert values[1] == values[3] == values[6] == values[8] == 0.8
    assert best_threshold(twin, "accuracy")[0] == 0.7  # .1-.3 against .6-.8: centres .2 and .7
    assert values[4] < 0.8
    two[0, 0, [0, 1]] = two[0, 0, [1, 0]]  # .2-.3 is now shorter than .6-.8, wherever a half lies
    two[0, 1, [8, 6]] = two[0, 1, [6, 8]]  # .6 only: now the shorter one
    assert best_threshold(ThresholdCounts(("x",), two, NAMES), "accuracy")[0] == 0.2


def test_one_class_only_cannot_choose_a_threshold() -> None:
    target, probability = samples(0, 2)
    for kind in (0, 1):
        counts = counts_of(np.full_like(target, kind), probability)
        with pytest.raises(DataError, match="both"):
            best_threshold(counts, "dice_kelp")


def test_cross_fit_uses_the_other_folds_only() -> None:
    folds = {fold: counts_of(*samples(fold, 3, shift=0.06 * fold)) for fold in range(3)}
    result = cross_fit(folds, "dice_kelp")
    expected = np.zeros((2, 2), int)
    for fold, counts in folds.items():
        others = [other.counts for number, other in folds.items() if number != fold]
        pooled = ThresholdCounts(("o",) * 6, np.concatenate(others), NAMES)
        assert result.thresholds[fold] == best_threshold(pooled, "dice_kelp")[0]
        expected += counts.confusion(result.thresholds[fold])
    np.testing.assert_array_equal(result.matrix, expected)
    assert result.score == score(expected, NAMES)["dice_kelp"] == result.scores()["dice_kelp"]
    assert len(set(result.thresholds.values())) > 1


def test_cross_fit_does_not_flatter() -> None:
    """Choosing on the very samples that are scored can only look better."""
    gaps = []
    for seed in range(20):
        folds = {fold: counts_of(*samples(10 * seed + fold, 1)) for fold in range(3)}
        pooled = ThresholdCounts(
            ("s",) * 3, np.concatenate([counts.counts for counts in folds.values()]), NAMES
        )
        gaps.append(best_threshold(pooled, "dice_kelp")[1] - cross_fit(folds, "dice_kelp").score)
    assert min(gaps) >= 0
    assert np.mean(gaps) > 0
    with pytest.raises(DataError, match="two folds"):
        cross_fit({0: folds[0]}, "dice_kelp")


def test_samples_can_be_taken() -> None:
    counts = counts_of(*samples(0, 4))
    taken = counts.take([3, 1])
    assert taken.samples == ("3", "1")
    np.testing.assert_array_equal(taken.counts[1], counts.counts[1])


def test_what_does_not_fit_is_refused() -> None:
    target, probability = samples(0, 1)
    with pytest.raises(LabelError, match="uint16"):
        histogram(target, probability.astype(np.float32))
    with pytest.raises(LabelError, match="shape"):
        histogram(target, probability[:, 1:])
    with pytest.raises(ValueError, match="multiple of 1/100"):
        counts_of(target, probability).confusion(0.4567)


def test_probabilities_are_stored_to_the_nearest_step() -> None:
    got = to_uint16(np.array([0.0, 1.0, 0.5, -1.0, 2.0, np.nan, 0.3 / 65535]))
    np.testing.assert_array_equal(got, [0, 65535, 32768, 0, 65535, 0, 0])
