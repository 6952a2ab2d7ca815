"""From outputs to values, and averages of several predictions."""

from __future__ import annotations

import math

import pytest
import torch

from landseer.errors import UsageError
from landseer.quantities import QUANTITIES, Direction, Gsd, Height, MultiLabelMask, average
from landseer.quantities.activation import before_softplus
from landseer.quantities.direction import to_vector
from landseer.quantities.presence import of_mask

from .samples import ALL, BATCH, similarity, values_of


@pytest.mark.parametrize("name", ALL)
def test_averages_by_a_slow_loop(name):
    quantity = ALL[name]
    several = [values_of(quantity, seed) * (1 + seed) for seed in range(3)]
    weights = [0.2, 1.0, 0.5]
    got = average(quantity, several, weights)
    parts = (
        [one / one.norm(dim=1, keepdim=True) for one in several] if name == "direction" else several
    )
    mean = sum(w * part.double() for w, part in zip(weights, parts, strict=True)) / 1.7
    if name == "direction":
        mean = mean / mean.norm(dim=1, keepdim=True)
    assert got.dtype == torch.float32
    torch.testing.assert_close(got.double(), mean, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(average(quantity, several), average(quantity, several[::-1]))


def test_directions_on_both_sides_of_zero_average_to_zero_and_opposite_ones_to_nothing():
    left, right = to_vector(torch.tensor([2 * math.pi - 0.2])), to_vector(torch.tensor([0.2]))
    torch.testing.assert_close(average(Direction(), [left, 5 * right]), torch.tensor([[0.0, 1.0]]))
    opposite = average(Direction(), [torch.tensor([[0.6, 0.8]]), torch.tensor([[-3.0, -4.0]])])
    assert opposite.abs().max() < 1e-6


@pytest.mark.parametrize("name", ALL)
def test_half_precision_outputs_become_float32_values_in_range(name):
    quantity = ALL[name]
    raw = (values_of(quantity) - 0.7) * 8
    value = quantity.value(raw.bfloat16())
    assert value.dtype == torch.float32 and value.shape == raw.shape
    if name in ("mask", "soft_mask"):
        torch.testing.assert_close(value.sum(1), torch.ones(BATCH, 3, 4))
    if name in ("multi_label", "presence", "mask", "soft_mask"):
        assert (value >= 0).all() and (value <= 1).all()
    if name in ("height", "magnitude", "flow_scale", "gsd"):
        assert (raw < 0).any() and (value >= 0).all()
    if name in ("direction", "dense_value", "image_value"):
        assert torch.equal(value, raw.bfloat16().float())


@pytest.mark.parametrize(
    "name", ["height", "magnitude", "flow_scale", "gsd", "dense_value", "image_value"]
)
def test_an_output_of_one_stands_for_the_typical_value(name):
    raw = values_of(ALL[name]) - 0.7
    scaled = QUANTITIES[name](typical=12.5)
    torch.testing.assert_close(scaled.value(raw), 12.5 * ALL[name].value(raw))
    linear = QUANTITIES[name](activation="none", typical=12.5)
    assert linear.value(torch.ones(1, 1)).item() == 12.5
    # laws are those of values, whatever one stands for
    motion = similarity(0)
    torch.testing.assert_close(
        scaled.moved(scaled.value(raw), motion),
        12.5 * ALL[name].moved(ALL[name].value(raw), motion),
    )


def test_softplus_is_undone():
    raw = torch.cat([torch.linspace(-60, 60, 41), torch.tensor([-5.0, 0.0, 5.0])])
    torch.testing.assert_close(
        before_softplus(torch.nn.functional.softplus(raw)), raw, rtol=1e-4, atol=1e-4
    )
    assert before_softplus(torch.tensor([0.0])).isfinite().all()


def test_activations():
    raw = torch.tensor([[-2.0, 0.0, 3.0]])
    assert Height("none").value(raw).tolist() == raw.tolist()
    assert Height().value(raw).tolist() == [[0, 0, 3]]
    torch.testing.assert_close(Gsd().value(raw), torch.log1p(raw.exp()))


def test_presence_is_read_off_a_mask():
    mask = torch.full((3, 2, 2), 255)
    mask[0, 0] = torch.tensor([0, 2])
    mask[1, 1, 1] = 0
    expected = torch.tensor([[0.0, 1.0], [0.0, 0.0], [torch.nan, torch.nan]])
    torch.testing.assert_close(of_mask(mask, (1, 2)), expected, equal_nan=True)


def test_layers_are_decided_one_by_one():
    probability = torch.tensor([0.5, 0.4, torch.nan]).reshape(1, 1, 1, 3).expand(1, 2, 1, 3)
    decided = MultiLabelMask(2).decide(probability, [0.5, 0.4])
    assert decided.tolist() == [[[[1, 0, 255]], [[1, 1, 255]]]] and decided.dtype == torch.uint8
    with pytest.raises(UsageError, match="expected 2 thresholds"):
        MultiLabelMask(2).decide(probability, [0.5])
