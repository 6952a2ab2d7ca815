"""Probabilities, averages and decisions of class masks, against slow loops."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from landseer.core.classes import IGNORE
from landseer.errors import UsageError
from landseer.quantities import QUANTITIES, ClassMask, average, d4


def logits(n_classes=3, seed=0, size=(2, 4, 5)):
    b, h, w = size
    return torch.randn(b, n_classes, h, w, generator=torch.Generator().manual_seed(seed))


def slow_decide(pixel, thresholds):
    if np.isnan(pixel).any():
        return IGNORE
    best, chosen = -np.inf, 0
    for number, limit in enumerate(thresholds, start=1):
        margin = pixel[number] - np.float32(limit)
        if margin >= 0 and margin > best:
            best, chosen = margin, number
    return chosen


def test_the_family_dict():
    assert QUANTITIES["mask"] is ClassMask


def test_softmax_sums_to_one_and_sigmoid_is_per_class():
    x = logits()
    assert torch.allclose(ClassMask(3).value(x).sum(1), torch.ones(2, 4, 5), atol=1e-6)
    single = ClassMask(3, "sigmoid").value(x)[:, 1]
    assert torch.allclose(single, 1 / (1 + torch.exp(-x[:, 1])), atol=1e-6)


def test_half_precision_logits_give_float32():
    assert ClassMask(3).value(logits().bfloat16()).dtype == torch.float32


@given(
    st.integers(2, 5),
    st.integers(0, 99),
    st.lists(st.floats(0.05, 0.95), min_size=4, max_size=4),
)
def test_thresholds_as_a_slow_loop(n_classes, seed, limits):
    mask = ClassMask(n_classes, "sigmoid")
    probability = mask.value(logits(n_classes, seed))
    probability[0, 1, 0, 0] = float("nan")
    chosen = mask.decide(probability, limits[: n_classes - 1])
    expected = np.apply_along_axis(slow_decide, 1, probability.numpy(), limits[: n_classes - 1])
    np.testing.assert_array_equal(chosen.numpy(), expected)
    assert chosen.dtype == torch.uint8


def test_argmax_with_ties_to_the_lower_number_and_nan_ignored():
    probability = torch.tensor([[0.5, 0.2, float("nan")], [0.5, 0.8, 0.1]]).reshape(1, 2, 1, 3)
    assert ClassMask(2).decide(probability).tolist() == [[[0, 1, IGNORE]]]


def test_one_threshold_serves_all_classes_and_equality_reaches_it():
    probability = torch.tensor([0.5, 0.5]).reshape(1, 2, 1, 1)
    assert ClassMask(2).decide(probability, 0.5).item() == 1
    assert ClassMask(2).decide(probability, 0.51).item() == 0


def test_average_is_the_weighted_mean():
    a, b = torch.zeros(1, 2, 2, 2), torch.ones(1, 2, 2, 2)
    assert average(ClassMask(2), [a, b]).mean() == 0.5
    assert average(ClassMask(2), [a, b], [1, 3]).mean() == 0.75


@pytest.mark.parametrize("weights", [[1.0], [0.0, 0.0], [-1.0, 2.0]])
def test_average_refuses_weights_that_do_not_fit(weights):
    with pytest.raises(UsageError, match="weights"):
        average(ClassMask(2), [torch.zeros(1)] * 2, weights)


@pytest.mark.parametrize("element", d4.ELEMENTS)
def test_turning_and_deciding_commute(element):
    mask = ClassMask(3)
    probability = mask.value(logits())
    turned = mask.decide(mask.transform(probability, element))
    assert torch.equal(turned, mask.transform(mask.decide(probability), element))
    assert torch.equal(mask.transform(turned, d4.inverse(element)), mask.decide(probability))


def test_refusals():
    with pytest.raises(UsageError, match="2 to"):
        ClassMask(1)
    with pytest.raises(UsageError, match="expected 2 thresholds"):
        ClassMask(3).decide(ClassMask(3).value(logits()), [0.5])
