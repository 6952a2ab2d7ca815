"""Class weights from counts: published numbers, what they are for, torch's own weighted and smoothed cross entropy."""

import numpy as np
import pytest
import torch

from landseer.core.classes import IGNORE
from landseer.errors import DataError, RecipeError, UsageError
from landseer.losses.build import build_loss, build_target_loss
from landseer.losses.class_weights import class_weights, with_class_weights
from landseer.losses.config import CrossEntropy, Dice, Focal, SoftCrossEntropy
from landseer.quantities import Presence

LANDCOVER = np.array([[57.93, 0.86, 33.13, 6.46, 1.62]])
RULES = ("inverse", "inverse_sqrt", "effective", "median_frequency")


def samples(seed=0):
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(4096, [0.6, 0.3, 0.08, 0.02], size=50).astype(float)
    counts[5:, 3] = 0
    return counts


def test_inverse_frequencies_are_those_that_the_seed_once_had():
    found = class_weights("inverse", LANDCOVER)
    assert found == pytest.approx([0.0435, 2.933, 0.0761, 0.3904, 1.557], rel=2e-3)


@pytest.mark.parametrize("rule", RULES)
def test_rare_classes_weigh_more_and_the_mean_is_1(rule):
    found = class_weights(rule, samples())
    assert np.mean(found) == pytest.approx(1, abs=1e-3)
    assert found[0] < found[1] < found[2]
    doubled = class_weights(rule, np.repeat(samples(), 2, axis=0))
    if rule == "effective":
        assert np.std(doubled) < np.std(found)
    else:
        assert doubled == found


def test_rules_are_their_formulas():
    counts = samples()
    total = counts.sum(0)

    def scaled(weights):
        return pytest.approx(np.asarray(weights) / np.mean(weights), rel=1e-3)

    assert class_weights("inverse_sqrt", counts) == scaled(1 / np.sqrt(total))
    beta, worth = 0.999, total / counts.sum(1).mean()
    assert class_weights("effective", counts) == scaled((1 - beta) / (1 - beta**worth))
    frequency = [
        sum(row[c] for row in counts) / sum(row.sum() for row in counts if row[c] > 0)
        for c in range(4)
    ]
    assert class_weights("median_frequency", counts) == scaled(np.median(frequency) / frequency)
    assert class_weights("median_frequency", counts)[3] < class_weights("inverse", counts)[3]


def test_many_samples_of_one_class_are_no_more_than_enough_of_it():
    plenty = np.array([[4096.0, 0.0]] * 20000 + [[0.0, 4096.0]] * 5000)
    assert class_weights("effective", plenty) == pytest.approx((1, 1), abs=0.01)
    assert class_weights("inverse", plenty) == pytest.approx((0.4, 1.6))


@pytest.mark.parametrize("rule", RULES)
def test_a_class_that_is_nowhere_weighs_nothing_and_spoils_nothing(rule):
    counts = samples()
    with_empty = np.insert(counts, 2, 0, axis=1)
    with_empty[0, 2] = np.nan
    found = class_weights(rule, with_empty)
    assert found[2] == 0 and found[:2] + found[3:] == class_weights(rule, counts)
    with pytest.raises(DataError, match="pixels of some class"):
        class_weights(rule, np.zeros((3, 2)))


def test_names_become_numbers_and_nothing_else_changes():
    losses = (
        CrossEntropy(class_weights="inverse"),
        Dice(),
        Focal(class_weights=(1, 2, 3, 4)),
        Focal(),
    )
    numbers = with_class_weights(losses, samples())
    assert numbers[0].class_weights == class_weights("inverse", samples())
    assert numbers[1:] == losses[1:]
    build_loss(losses, 4)  # as a recipe is checked, before anything is counted
    logits, target = torch.zeros(1, 4, 2, 2), torch.zeros(1, 2, 2, dtype=torch.long)
    with pytest.raises(UsageError, match="the rule 'inverse'"):
        build_loss(losses, 4)(logits, target)
    assert build_loss(numbers, 4)(logits, target).isfinite()
    with pytest.raises(RecipeError, match="layers are not counted"):
        build_target_loss([CrossEntropy(class_weights="inverse")], Presence(2))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("weights", [None, (0.5, 1.5, 0.7, 1.0, 1.3)])
def test_smoothed_and_weighted_cross_entropy_is_that_of_torch(smoothing, weights):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 5, 6, 7, generator=generator, requires_grad=True)
    target = torch.randint(0, 5, (3, 6, 7), generator=generator)
    target[0, :3] = IGNORE
    peer = torch.nn.CrossEntropyLoss(
        weight=None if weights is None else torch.tensor(weights),
        label_smoothing=smoothing,
        ignore_index=IGNORE,
    )
    config = SoftCrossEntropy(smoothing=smoothing, class_weights=weights)
    own, theirs = build_loss([config], 5)(logits, target), peer(logits, target)
    torch.testing.assert_close(own, theirs)
    for a, b in zip(
        torch.autograd.grad(own, logits), torch.autograd.grad(theirs, logits), strict=True
    ):
        torch.testing.assert_close(a, b)


def test_weights_of_a_smoothed_sigmoid_are_those_of_the_true_class():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 1, 4, 4, generator=generator)
    target = torch.randint(0, 2, (2, 4, 4), generator=generator)
    config = SoftCrossEntropy(smoothing=0.2, class_weights=(1, 3))
    own = build_loss([config], 2, "sigmoid")(logits, target)
    soft = target * 0.8 + 0.1
    each = torch.nn.functional.binary_cross_entropy_with_logits(
        logits[:, 0], soft, reduction="none"
    )
    weight = 1 + 2 * target
    torch.testing.assert_close(own, (each * weight).sum() / weight.sum())


def test_no_known_pixel_gives_0():
    target = torch.full((1, 2, 2), IGNORE)
    config = SoftCrossEntropy(class_weights=(1, 2))
    assert build_loss([config], 2)(torch.randn(1, 2, 2, 2), target) == 0
