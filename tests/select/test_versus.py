"""Two runs are compared on the same samples: paired, by place, and never across different labels."""

from __future__ import annotations

import numpy as np
import pytest

from landseer.core.classes import ClassTable
from landseer.errors import DataError, UsageError
from landseer.metrics.confusion import confusion_matrix
from landseer.select.versus import compare_counts

CLASSES = ClassTable(("land", "water"), (0, 1))


def counted(truths, errors, seed):
    """Count predictions of which a share of pixels is wrong."""
    rng = np.random.default_rng(seed)
    return np.stack(
        [
            confusion_matrix(truth, np.where(rng.random(truth.shape) < error, 1 - truth, truth), 2)
            for truth, error in zip(truths, errors, strict=True)
        ]
    )


def world(n=40, seed=0):
    rng = np.random.default_rng(seed)
    truths = [(rng.random((30, 30)) < rng.uniform(0.1, 0.6)).astype(np.uint8) for _ in range(n)]
    names = [f"s{i:02d}" for i in range(n)]
    return truths, names, [f"g{i // 4}" for i in range(n)], rng


def iou(matrix):
    return matrix[1, 1] / (matrix[1].sum() + matrix[0, 1])


def test_scores_are_pooled_and_paired():
    truths, names, groups, rng = world()
    hard = rng.uniform(0.05, 0.4, len(names))
    first, second = counted(truths, hard, 1), counted(truths, hard - 0.03, 2)
    found = compare_counts((first, second), names, groups, CLASSES, "iou_water")
    assert found.whole.first == pytest.approx(iou(first.sum(0)))
    assert found.whole.second == pytest.approx(iou(second.sum(0)))
    assert found.whole.difference == pytest.approx(found.whole.second - found.whole.first)
    assert found.whole.low < found.whole.difference < found.whole.high
    assert found.n_groups == 10
    gains = [iou(second[i : i + 4].sum(0)) - iou(first[i : i + 4].sum(0)) for i in range(0, 40, 4)]
    assert (found.better, found.worse) == (sum(g > 0 for g in gains), sum(g < 0 for g in gains))


def test_pairing_sees_what_two_single_intervals_cannot():
    """Places differ far more than runs do: unpaired intervals overlap, the paired one leaves zero out."""
    truths, names, groups, rng = world()
    hard = np.repeat(rng.uniform(0.02, 0.45, 10), 4)
    first, second = counted(truths, hard + 0.02, 1), counted(truths, hard, 2)
    found = compare_counts((first, second), names, groups, CLASSES, "iou_water")
    assert found.whole.is_clear
    assert found.whole.high - found.whole.low < 0.05
    assert 0 < found.whole.difference < 0.05


def test_a_run_against_itself_differs_in_nothing():
    truths, names, groups, _ = world()
    counts = counted(truths, [0.2] * 40, 1)
    found = compare_counts((counts, counts), names, groups, CLASSES, "iou_water")
    assert (found.whole.difference, found.whole.low, found.whole.high) == (0, 0, 0)
    assert not found.whole.is_clear
    assert (found.better, found.worse) == (0, 0)
    assert all(pair.gained_px == 0 for pair in found.samples)


def test_samples_come_by_what_they_gain():
    truths, names, groups, _ = world(4)
    first = counted(truths, [0.3, 0.1, 0.2, 0.2], 1)
    second = counted(truths, [0.1, 0.3, 0.2, 0.15], 1)
    found = compare_counts((first, second), names, groups, CLASSES, "accuracy")
    gains = [pair.gained_px for pair in found.samples]
    assert gains == sorted(gains, reverse=True)
    assert (found.samples[0].sample, found.samples[-1].sample) == ("s00", "s01")
    top = found.samples[0]
    assert top.second == pytest.approx(np.trace(second[0]) / second[0].sum())
    assert {name: [p.score for p in pairs] for name, pairs in found.classes.items()} == {
        name: [f"{kind}_{name}" for kind in ("iou", "precision", "recall")]
        for name in CLASSES.names
    }


def test_one_group_has_no_interval():
    truths, names, _, _ = world(4)
    counts = counted(truths, [0.2] * 4, 1), counted(truths, [0.1] * 4, 2)
    found = compare_counts(counts, names, ["g"] * 4, CLASSES, "iou_water")
    assert np.isnan(found.whole.low)
    assert not found.whole.is_clear


def test_what_cannot_be_paired_is_refused():
    truths, names, groups, _ = world(4)
    counts = counted(truths, [0.2] * 4, 1)
    with pytest.raises(UsageError, match="iou_watr"):
        compare_counts((counts, counts), names, groups, CLASSES, "iou_watr")
    others = counted([1 - truths[0], *truths[1:]], [0.2] * 4, 1)
    with pytest.raises(DataError, match="1 samples have other pixels of truth"):
        compare_counts((counts, others), names, groups, CLASSES, "iou_water")
    with pytest.raises(DataError, match="both runs held out"):
        compare_counts((counts[:0], counts[:0]), [], [], CLASSES, "iou_water")
