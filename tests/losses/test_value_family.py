"""One battery that every loss of a real-valued quantity must pass, with every quantity that it fits."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor

from landseer.errors import LabelError
from landseer.losses import LossConfig, losses_for
from landseer.losses.build import build_target_loss
from landseer.losses.family import VALUE_LOSSES
from landseer.losses.value_mixture import ValueMixture
from landseer.quantities import (
    DenseValue,
    Direction,
    FlowScale,
    Gsd,
    Height,
    ImageValue,
    Magnitude,
    Quantity,
    SoftMask,
)

ADAPTER: TypeAdapter[Any] = TypeAdapter(LossConfig)
QUANTITIES: list[Quantity] = [
    Height(),
    Magnitude(activation="softplus"),
    DenseValue(unit="t/ha"),
    FlowScale(),
    Gsd(),
    ImageValue(),
    Direction(),
    SoftMask(n_classes=3),
]
VARIANTS: list[dict[str, Any]] = [
    {"kind": "huber", "delta": 5.0},
    {"kind": "huber", "mean": "all"},
    {"kind": "trimmed", "of": "l1", "share": 0.3, "per_sample": True},
    {"kind": "trimmed", "of": "log_cosh", "mean": "all"},
    {"kind": "trimmed", "of": "mse", "share": 0.0},
    {"kind": "r2", "per_sample": True},
    {"kind": "cosine", "mean": "all"},
    {"kind": "kl", "mean": "all"},
]
CASES = [
    (config, quantity)
    for quantity in QUANTITIES
    for config in [{"kind": kind} for kind in VALUE_LOSSES] + VARIANTS
    if config["kind"] in losses_for(quantity.kind)
]
every_loss = pytest.mark.parametrize(("config", "quantity"), CASES, ids=str)


def build(config: dict[str, Any], quantity: Quantity) -> ValueMixture:
    loss = build_target_loss([ADAPTER.validate_python(config)], quantity)
    assert isinstance(loss, ValueMixture)
    return loss


def batch(quantity: Quantity, *, n: int = 5, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Return outputs, outputs that give the truth, and the truth with a channel axis."""
    generator = torch.Generator().manual_seed(seed)
    size = (n, quantity.n_outputs, *((6, 7) if quantity.extent == "dense" else ()))
    raw = torch.randn(size, generator=generator).abs() * 2 + 0.1
    right = torch.randn(size, generator=generator).abs() * 2 + 0.1
    if quantity.kind == "direction":
        right = torch.nn.functional.normalize(torch.randn(size, generator=generator), dim=1)
    return raw, right, quantity.value(right)


def with_unknown(target: Tensor) -> tuple[Tensor, Tensor]:
    """Hide some places in one number each, and return which places they are, too: (b, 1, …)."""
    target = target.clone()
    hidden = torch.zeros_like(target[:, :1], dtype=torch.bool)
    if target.ndim == 4:
        hidden[:, :, :2, 1:4] = True
    hidden[1] = True
    target[:, -1:][hidden] = torch.nan
    return target, hidden


def value_and_gradient(loss: ValueMixture, raw: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    raw = raw.clone().requires_grad_()
    value = loss(raw, target)
    value.backward()
    assert raw.grad is not None
    return value.detach(), raw.grad


@every_loss
def test_unknown_places_reach_neither_value_nor_gradient(
    config: dict[str, Any], quantity: Quantity
) -> None:
    loss = build(config, quantity)
    raw, _, truth = batch(quantity)
    target, hidden = with_unknown(truth)
    value, gradient = value_and_gradient(loss, raw, target)
    hidden = hidden.expand_as(raw)
    changed = raw.clone()
    changed[hidden] = 1e6 * torch.randn(int(hidden.sum()))
    changed[1] = torch.nan
    changed_value, changed_gradient = value_and_gradient(loss, changed, target)
    assert torch.equal(value, changed_value)
    assert torch.equal(gradient, changed_gradient)
    assert torch.isfinite(gradient).all()
    assert not gradient[hidden].any()
    assert gradient[~hidden].any()


@every_loss
def test_the_masked_loss_is_the_loss_of_what_is_known(
    config: dict[str, Any], quantity: Quantity
) -> None:
    """A sample of which nothing is known may as well not be there, in value and gradient."""
    loss = build(config, quantity)
    raw, _, target = batch(quantity)
    target[1] = torch.nan
    rest = [0, 2, 3, 4]
    value, gradient = value_and_gradient(loss, raw, target)
    expected, expected_gradient = value_and_gradient(loss, raw[rest], target[rest])
    share = len(rest) / len(raw) if config.get("mean") == "all" else 1.0
    torch.testing.assert_close(value, share * expected)
    torch.testing.assert_close(gradient[rest], share * expected_gradient)


@every_loss
def test_nothing_known_gives_zero_and_a_gradient_of_zeros(
    config: dict[str, Any], quantity: Quantity
) -> None:
    raw, _, target = batch(quantity)
    value, gradient = value_and_gradient(
        build(config, quantity), raw, torch.full_like(target, torch.nan)
    )
    assert value == 0
    assert not gradient.any()


@every_loss
def test_an_empty_batch_gives_zero(config: dict[str, Any], quantity: Quantity) -> None:
    raw, _, target = batch(quantity)
    assert build(config, quantity)(raw[:0], target[:0]) == 0


@every_loss
def test_the_loss_falls_on_the_way_from_prediction_to_truth(
    config: dict[str, Any], quantity: Quantity
) -> None:
    raw, right, truth = batch(quantity)
    target, _ = with_unknown(truth)
    loss = build(config, quantity)
    steps = [0.0, 0.25, 0.5, 0.75, 1.0]
    values = [float(loss(raw + step * (right - raw), target)) for step in steps]
    if config["kind"] != "unit_norm":  # it prefers no direction, so that the way may lead past it
        assert values == sorted(values, reverse=True)
    assert values[0] > values[-1]
    assert values[-1] == pytest.approx(0.0, abs=1e-6)


@every_loss
def test_descent_lowers_the_loss(config: dict[str, Any], quantity: Quantity) -> None:
    loss = build(config, quantity)
    raw, _, target = batch(quantity)
    value, gradient = value_and_gradient(loss, raw, target)
    assert loss(raw - 1e-3 * gradient / gradient.norm(), target) < value


@every_loss
def test_the_order_of_samples_does_not_matter(config: dict[str, Any], quantity: Quantity) -> None:
    loss = build(config, quantity)
    raw, _, truth = batch(quantity)
    target, _ = with_unknown(truth)
    order = torch.tensor([3, 0, 4, 2, 1])
    value, gradient = value_and_gradient(loss, raw, target)
    moved, moved_gradient = value_and_gradient(loss, raw[order], target[order])
    torch.testing.assert_close(moved, value)
    torch.testing.assert_close(moved_gradient, gradient[order])


@every_loss
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_outputs_give_the_float32_value(
    config: dict[str, Any], quantity: Quantity, dtype: torch.dtype
) -> None:
    loss = build(config, quantity)
    raw, _, truth = batch(quantity)
    raw = raw.to(dtype)
    target, _ = with_unknown(truth)
    with torch.autocast("cpu", dtype=dtype):
        value, gradient = value_and_gradient(loss, raw, target)
    assert value.dtype == torch.float32
    assert torch.equal(value, loss(raw.float(), target))
    assert torch.isfinite(gradient).all()


@every_loss
@pytest.mark.parametrize("size", [0.0, 1e-8, 1e4, -1e4])
def test_gradient_is_finite_at_extreme_outputs(
    config: dict[str, Any], quantity: Quantity, size: float
) -> None:
    raw, _, target = batch(quantity)
    value, gradient = value_and_gradient(
        build(config, quantity), torch.full_like(raw, size), target
    )
    assert torch.isfinite(value)
    assert torch.isfinite(gradient).all()


@every_loss
def test_truth_without_its_single_plane_is_the_same(
    config: dict[str, Any], quantity: Quantity
) -> None:
    raw, _, target = batch(quantity)
    loss = build(config, quantity)
    if quantity.n_outputs == 1:
        assert torch.equal(loss(raw, target), loss(raw, target[:, 0]))
    with pytest.raises(LabelError, match="shape"):
        loss(raw, target[1:])


@every_loss
def test_numbers_that_are_none_are_not_hidden(config: dict[str, Any], quantity: Quantity) -> None:
    raw, _, target = batch(quantity)
    raw[0] = torch.nan
    assert torch.isnan(build(config, quantity)(raw, target))


def test_terms_are_weighted_and_summed() -> None:
    raw, _, target = batch(Height())
    entries = [{"kind": "huber", "weight": 2.0, "delta": 5}, {"kind": "r2", "weight": 0.25}]
    loss = build_target_loss([ADAPTER.validate_python(entry) for entry in entries], Height())
    assert isinstance(loss, ValueMixture)
    first, second = loss.terms(raw, target)
    torch.testing.assert_close(loss(raw, target), 2 * first + 0.25 * second)
