"""Which pseudo-labels are sure, agreed and chosen: against slow loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy

from landseer.errors import UsageError
from landseer.selftrain.confidence import Sureness, disagreement, sureness
from landseer.selftrain.config import PickConfig, SelfTrainConfig
from landseer.selftrain.pick import class_of, pick


def probabilities(seed: int, classes: int = 3, side: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet([0.4] * classes, (side, side)).T.astype(np.float32)


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_sureness_is_what_scipy_and_a_loop_say(classes: int) -> None:
    p = probabilities(3, classes)
    one = sureness("a", p)
    pixels = p.reshape(classes, -1).T
    assert one.entropy == pytest.approx(
        np.mean([entropy(pixel, base=classes) for pixel in pixels]), rel=1e-5
    )
    assert one.probability == pytest.approx(np.mean([max(pixel) for pixel in pixels]), rel=1e-6)
    counted = [sum(int(np.argmax(pixel)) == c for pixel in pixels) for c in range(classes)]
    assert list(one.class_px) == counted


def test_a_certain_pseudo_label_has_no_entropy_and_an_even_one_all_of_it() -> None:
    certain = np.zeros((4, 2, 2), np.float32)
    certain[1] = 1
    assert sureness("a", certain).entropy == 0
    assert sureness("a", np.full((4, 2, 2), 0.25, np.float32)).entropy == pytest.approx(1)


def test_disagreement_counts_the_votes_against_the_majority() -> None:
    networks = [probabilities(seed) for seed in range(5)]
    lost = []
    for row in range(5):
        for col in range(5):
            votes = [int(np.argmax(one[:, row, col])) for one in networks]
            lost.append(1 - max(votes.count(c) for c in range(3)) / 5)
    assert disagreement(networks) == pytest.approx(np.mean(lost))
    assert disagreement([networks[0]] * 3) == 0


def slow_pick(found: list[Sureness], config: PickConfig) -> list[str]:
    """Choose in the plainest way."""
    left = []
    for one in found:
        if config.entropy_at_most is not None and one.entropy > config.entropy_at_most:
            continue
        if (
            config.probability_at_least is not None
            and one.probability < config.probability_at_least
        ):
            continue
        left.append(one)
    parts: dict[int, list[Sureness]] = {}
    totals = [sum(one.class_px[c] for one in left) for c in range(3)]
    for one in left:
        part = 0
        if config.balanced:
            there = [
                c for c in range(3) if one.class_px[c] >= config.class_share * sum(one.class_px)
            ]
            part = min(there, key=lambda c: (totals[c], c))
        parts.setdefault(part, []).append(one)
    kept = []
    for part_of in parts.values():
        part_of.sort(key=lambda one: (one.entropy, one.sample))
        kept += part_of[: math.ceil(config.share * len(part_of) - 1e-9)]
    return sorted(one.sample for one in kept)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(1, 30),
    st.sampled_from([0.1, 1 / 3, 0.5, 1.0]),
    st.booleans(),
    st.sampled_from([None, 0.3, 0.6]),
    st.sampled_from([None, 0.7, 0.8]),
)
def test_the_choice_is_that_of_a_slow_loop(
    seed: int, n: int, share: float, balanced: bool, most: float | None, least: float | None
) -> None:
    rng = np.random.default_rng(seed)
    found = [
        sureness(f"s{number:02d}", rng.dirichlet([0.2, 0.4, 1.0], (4, 4)).T.astype(np.float32))
        for number in range(n)
    ]
    config = PickConfig(
        share=share, balanced=balanced, entropy_at_most=most, probability_at_least=least
    )
    assert [one.sample for one in pick(found, config)] == slow_pick(found, config)


def test_a_rare_class_keeps_its_samples_where_the_share_is_of_classes() -> None:
    common = [Sureness(f"c{n}", 0.1, 0.9, (100, 0)) for n in range(8)]
    rare = [Sureness(f"r{n}", 0.6, 0.6, (90, 10)) for n in range(4)]
    names = lambda balanced: [  # noqa: E731
        one.sample for one in pick([*common, *rare], PickConfig(share=0.5, balanced=balanced))
    ]
    assert names(False) == ["c0", "c1", "c2", "c3", "c4", "c5"]
    assert names(True) == ["c0", "c1", "c2", "c3", "r0", "r1"]
    assert class_of(rare, 0.2).tolist() == [0] * 4


def test_agreement_is_asked_for_only_where_networks_can_disagree() -> None:
    apart = [Sureness("a", 0.1, 0.9, (1, 0), 0.2), Sureness("b", 0.1, 0.9, (1, 0), 0.0)]
    config = PickConfig(disagreement_at_most=0.1)
    assert [one.sample for one in pick(apart, config)] == ["b"]
    with pytest.raises(UsageError, match="two networks"):
        pick([Sureness("a", 0.1, 0.9, (1, 0))], config)


@pytest.mark.parametrize(
    "student", [{"data.root": "x"}, {"train": {}}, {"train.folds": [0]}, {"select.metric": "iou"}]
)
def test_students_are_taught_and_judged_on_the_same_samples(student: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="student: expected keys below"):
        SelfTrainConfig(student=student)


def test_a_warm_student_has_its_teacher_s_shape() -> None:
    SelfTrainConfig(warm_start=True, student={"model.drop_path": 0.2, "train.epochs": 3})
    with pytest.raises(ValueError, match="shape"):
        SelfTrainConfig(warm_start=True, student={"model.encoder": "resnet50"})
