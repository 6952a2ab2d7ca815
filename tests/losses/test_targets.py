"""The sum over targets, with weights that are fixed and that are learnt."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor, nn

from landseer.errors import RecipeError, UsageError
from landseer.losses import LossConfig
from landseer.losses.build import build_target_loss, build_targets_loss
from landseer.losses.targets import TargetsLoss
from landseer.quantities import ClassMask, Direction, Height, Quantity

ADAPTER: TypeAdapter[Any] = TypeAdapter(LossConfig)
QUANTITIES: dict[str, Quantity] = {
    "mask": ClassMask(3),
    "height": Height(),
    "angle": Direction(),
}
CONFIGS = {
    "mask": [ADAPTER.validate_python({"kind": "ce"})],
    "height": [ADAPTER.validate_python({"kind": "huber", "delta": 5.0})],
    "angle": [ADAPTER.validate_python({"kind": kind}) for kind in ("cosine", "vector_mse")],
}


def batch() -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    generator = torch.Generator().manual_seed(0)
    outputs = {
        "mask": torch.randn(2, 3, 5, 6, generator=generator),
        "height": torch.randn(2, 1, 5, 6, generator=generator) * 9,
        "angle": torch.randn(2, 2, generator=generator),
        "scale": torch.ones(2, 1),
    }
    truth = {
        "mask": torch.randint(0, 3, (2, 5, 6), generator=generator).to(torch.uint8),
        "height": torch.rand(2, 5, 6, generator=generator) * 20,
        "angle": torch.tensor([[0.0, 1.0], [1.0, 0.0]]),
    }
    truth["height"][0, :2] = torch.nan
    return outputs, truth


def square(prediction: Tensor, target: Tensor) -> Tensor:
    return (prediction - target).square().nanmean().nan_to_num()


def test_fixed_weights_give_the_weighted_sum_of_the_targets() -> None:
    outputs, truth = batch()
    loss = build_targets_loss(CONFIGS, QUANTITIES, {"height": 0.5, "angle": 10.0})
    total, parts = loss(outputs, truth)
    single = {
        name: build_target_loss(terms, QUANTITIES[name])(outputs[name], truth[name])
        for name, terms in CONFIGS.items()
    }
    torch.testing.assert_close(
        total, single["mask"] + 0.5 * single["height"] + 10 * single["angle"]
    )
    assert parts == single
    assert not list(loss.parameters())
    assert loss.factors() == {"mask": 1.0, "height": 0.5, "angle": 10.0}


def test_parts_are_detached_and_the_total_is_not() -> None:
    outputs, truth = batch()
    outputs = {name: value.requires_grad_() for name, value in outputs.items()}
    total, parts = build_targets_loss(CONFIGS, QUANTITIES)(outputs, truth)
    total.backward()
    assert not any(part.requires_grad for part in parts.values())
    for name in CONFIGS:
        gradient = outputs[name].grad
        assert gradient is not None
        assert gradient.any()
    assert outputs["scale"].grad is None


def test_learning_begins_at_the_fixed_sum() -> None:
    outputs, truth = batch()
    weights = {"height": 3.0}
    fixed, _ = build_targets_loss(CONFIGS, QUANTITIES, weights)(outputs, truth)
    learnt, _ = build_targets_loss(CONFIGS, QUANTITIES, weights, "uncertainty")(outputs, truth)
    torch.testing.assert_close(learnt, fixed)


def test_learnt_weights_settle_where_targets_of_any_unit_pull_alike() -> None:
    losses = {"metres": square, "decimetres": square}
    loss = TargetsLoss(losses, {"decimetres": 2.0}, "uncertainty")
    truth = {"metres": torch.tensor([0.5, -0.5]), "decimetres": torch.tensor([5.0, -5.0])}
    outputs = {name: torch.zeros(2) for name in truth}
    optimizer = torch.optim.Adam(loss.parameters(), lr=0.1)
    for _ in range(600):
        optimizer.zero_grad()
        loss(outputs, truth)[0].backward()
        optimizer.step()
    assert loss.factors()["metres"] == pytest.approx(1 / 0.25, rel=0.01)
    assert loss.factors()["decimetres"] == pytest.approx(2 / 25, rel=0.01)


def test_the_learnt_sum_is_its_formula() -> None:
    loss = TargetsLoss({"a": square, "b": square}, {"b": 3.0}, "uncertainty")
    assert loss.s_t is not None
    with torch.no_grad():
        loss.s_t.copy_(torch.tensor([0.7, -1.2]))
    outputs = {"a": torch.zeros(2), "b": torch.zeros(2)}
    truth = {"a": torch.full((2,), 2.0), "b": torch.full((2,), 0.5)}
    s_a, s_b = 10 * math.tanh(0.07), 10 * math.tanh(-0.12)
    expected = math.exp(-s_a) * 4 + s_a + 3 * (math.exp(-s_b) * 0.25 + s_b)
    assert loss(outputs, truth)[0].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("nothing", [torch.full((2,), torch.nan), torch.full((2,), 255).byte()])
def test_a_batch_that_knows_nothing_of_a_target_does_not_move_its_weight(nothing: Tensor) -> None:
    losses = {"a": square, "b": lambda prediction, target: 0.0 * prediction.sum()}
    loss = TargetsLoss(losses, balance="uncertainty")
    outputs = {"a": torch.zeros(2), "b": torch.zeros(2, requires_grad=True)}
    loss(outputs, {"a": torch.ones(2) * 3, "b": nothing})[0].backward()
    assert loss.s_t is not None
    assert loss.s_t.grad is not None
    assert loss.s_t.grad.tolist() == [pytest.approx(1 - 9), 0.0]


def test_a_perfect_target_does_not_run_away() -> None:
    loss = TargetsLoss({"a": square}, balance="uncertainty")
    assert loss.s_t is not None
    optimizer = torch.optim.SGD(loss.parameters(), lr=10.0)
    for _ in range(100):
        optimizer.zero_grad()
        loss({"a": torch.zeros(1)}, {"a": torch.zeros(1)})[0].backward()
        optimizer.step()
    assert 1 < loss.factors()["a"] <= math.exp(10) * 1.001


def test_modules_among_the_losses_and_learnt_weights_are_saved() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = nn.Parameter(torch.tensor(2.0))

        def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
            return self.factor * square(prediction, target)

    loss = TargetsLoss({"a": Scaled(), "b": square}, balance="uncertainty")
    assert sorted(loss.state_dict()) == ["parts.0.factor", "s_t"]


def test_the_sum_stays_float32_under_autocast() -> None:
    outputs, truth = batch()
    loss = build_targets_loss(CONFIGS, QUANTITIES, balance="uncertainty")
    outputs = {name: value.bfloat16() for name, value in outputs.items()}
    with torch.autocast("cpu", dtype=torch.bfloat16):
        total, parts = loss(outputs, truth)
    expected, _ = loss({name: value.float() for name, value in outputs.items()}, truth)
    assert {value.dtype for value in (total, *parts.values())} == {torch.float32}
    torch.testing.assert_close(total, expected)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(RecipeError, match="at least one target"):
        TargetsLoss({})
    with pytest.raises(RecipeError) as caught:
        TargetsLoss({"a": square, "c": square}, {"b": 1.0, "a": 0.0, "c": torch.inf})
    assert len(caught.value.message.splitlines()) == 3
    loss = TargetsLoss({"a": square, "c": square})
    with pytest.raises(UsageError, match="outputs of a, c; c is missing"):
        loss({"a": torch.ones(1)}, {})
    with pytest.raises(UsageError, match="truth of a, c; a, c is missing"):
        loss({"a": torch.ones(1), "c": torch.ones(1)}, {})
