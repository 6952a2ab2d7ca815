"""One battery that every loss of the family must pass."""

from __future__ import annotations

import typing
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from landseer.core.classes import IGNORE
from landseer.errors import LabelError, RecipeError
from landseer.losses import LossConfig
from landseer.losses.build import build_loss
from landseer.losses.family import LOSSES, MASK_LOSSES
from landseer.losses.mixture import Mixture

ADAPTER: TypeAdapter[Any] = TypeAdapter(LossConfig)
OUTPUTS = ("softmax", "sigmoid", "sigmoid of each class")
CASES = [(kind, output) for kind in MASK_LOSSES for output in OUTPUTS]
VARIANTS = [
    {"kind": "dice", "per_sample": True, "log": True},
    {"kind": "dice", "classes": [1], "smooth": 1.0},
    {"kind": "soft_dice", "squared": True},
    {"kind": "jaccard", "per_sample": True, "log": True, "classes": [1]},
    {"kind": "tversky", "per_sample": True},
    {"kind": "focal_tversky", "per_sample": True, "gamma": 0.5},
    {"kind": "log_cosh_dice", "per_sample": True},
    {"kind": "lovasz", "per_sample": True},
    {"kind": "focal", "gamma": 0.5},
    {"kind": "hausdorff", "log": True},
    {"kind": "bce", "positive_weight": 3.0},
]


def build(config: dict[str, Any], activation: str, n_classes: int = 2) -> Mixture:
    return build_loss([ADAPTER.validate_python(config)], n_classes, activation.split()[0])  # type: ignore[arg-type]


def batch(activation: str, *, n_classes: int = 2, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    channels = 1 if activation == "sigmoid" else n_classes
    logits = torch.randn(3, channels, 12, 10, generator=generator) * 2
    target = torch.randint(0, n_classes, (3, 12, 10), generator=generator)
    return logits, target


def with_ignored(target: Tensor) -> Tensor:
    target = target.clone()
    target[:, :4, 3:7] = IGNORE
    return target


def value_and_gradient(loss: Mixture, logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    logits = logits.clone().requires_grad_()
    value = loss(logits, target)
    value.backward()
    assert logits.grad is not None
    return value.detach(), logits.grad


def all_cases() -> list[tuple[dict[str, Any], str]]:
    plain = [({"kind": kind}, activation) for kind, activation in CASES]
    return plain + [(config, name) for config in VARIANTS for name in OUTPUTS]


every_loss = pytest.mark.parametrize(("config", "activation"), all_cases(), ids=str)


def test_the_union_and_the_dict_name_the_same_kinds() -> None:
    members = typing.get_args(typing.get_args(LossConfig)[0])
    kinds = {typing.get_args(member.model_fields["kind"].annotation)[0] for member in members}
    assert kinds == set(LOSSES)


@every_loss
def test_ignored_pixels_reach_neither_value_nor_gradient(
    config: dict[str, Any], activation: str
) -> None:
    loss = build(config, activation)
    logits, target = batch(activation)
    target = with_ignored(target)
    value, gradient = value_and_gradient(loss, logits, target)
    changed = logits.clone()
    hidden = (target == IGNORE).unsqueeze(1).expand_as(logits)
    changed[hidden] = 1e4 * torch.randn(int(hidden.sum()))
    changed[hidden.nonzero(as_tuple=True)[0][0], 0, 0, 3] = float("nan")
    changed_value, changed_gradient = value_and_gradient(loss, changed, target)
    assert torch.equal(value, changed_value)
    assert torch.equal(gradient, changed_gradient)
    assert not gradient[hidden].any()
    assert gradient[~hidden].any()


@every_loss
def test_cutting_ignored_samples_off_changes_a_pooled_loss_in_nothing(
    config: dict[str, Any], activation: str
) -> None:
    """A sample without valid pixels must not move losses that pool the batch."""
    pooled = {"kind": config["kind"]} == config and config["kind"] not in ("soft_dice", "t_loss")
    loss = build(config, activation)
    logits, target = batch(activation)
    padded = torch.cat([target, torch.full_like(target[:1], IGNORE)])
    value = loss(torch.cat([logits, torch.randn_like(logits[:1])]), padded)
    if pooled:
        torch.testing.assert_close(value, loss(logits, target))
    else:
        assert torch.isfinite(value)


@every_loss
def test_gradient_is_finite_without_foreground(config: dict[str, Any], activation: str) -> None:
    logits, target = batch(activation)
    value, gradient = value_and_gradient(build(config, activation), logits, target * 0)
    assert torch.isfinite(value)
    assert torch.isfinite(gradient).all()


@every_loss
def test_no_valid_pixel_gives_zero_and_a_gradient_of_zeros(
    config: dict[str, Any], activation: str
) -> None:
    logits, target = batch(activation)
    value, gradient = value_and_gradient(
        build(config, activation), logits, torch.full_like(target, IGNORE)
    )
    assert value == 0
    assert not gradient.any()


@every_loss
@pytest.mark.parametrize("size", [60.0, 1e4])
def test_gradient_is_finite_at_extreme_logits(
    config: dict[str, Any], activation: str, size: float
) -> None:
    _, target = batch(activation)
    right = torch.where(target == 1, size, -size).unsqueeze(1)
    right = right if activation == "sigmoid" else torch.cat([-right, right], dim=1)
    for logits in (right, -right, right * 0):
        value, gradient = value_and_gradient(build(config, activation), logits, target)
        assert torch.isfinite(value)
        assert torch.isfinite(gradient).all()


@every_loss
def test_right_is_cheaper_than_wrong_and_never_below_zero(
    config: dict[str, Any], activation: str
) -> None:
    _, target = batch(activation)
    right = torch.where(target == 1, 4.0, -4.0).unsqueeze(1)
    right = right if activation == "sigmoid" else torch.cat([-right, right], dim=1)
    loss = build(config, activation)
    assert loss(right, target) < loss(-right, target)
    if config["kind"] != "t_loss":  # a density may exceed one, so its logarithm may be negative
        assert loss(right, target) >= 0


@every_loss
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_logits_give_the_float32_value(
    config: dict[str, Any], activation: str, dtype: torch.dtype
) -> None:
    logits, target = batch(activation)
    logits = logits.to(dtype)
    loss = build(config, activation)
    with torch.autocast("cpu", dtype=dtype):
        value, gradient = value_and_gradient(loss, logits, with_ignored(target))
    assert value.dtype == torch.float32
    assert torch.equal(value, loss(logits.float(), with_ignored(target)))
    assert torch.isfinite(gradient).all()


@every_loss
def test_descent_lowers_the_loss(config: dict[str, Any], activation: str) -> None:
    loss = build(config, activation)
    logits, target = batch(activation)
    value, gradient = value_and_gradient(loss, logits, target)
    step = 1e-2 * gradient / gradient.norm()
    assert loss(logits - step, target) < value


@pytest.mark.parametrize("kind", MASK_LOSSES)
@pytest.mark.parametrize("activation", ["softmax", "sigmoid of each class"])
def test_several_classes_are_all_learnt(kind: str, activation: str) -> None:
    loss = build({"kind": kind}, activation, n_classes=4)
    logits, target = batch(activation, n_classes=4)
    value, gradient = value_and_gradient(loss, logits, with_ignored(target))
    assert torch.isfinite(value)
    moved = gradient.abs().sum(dim=(0, 2, 3)) > 0
    only_foreground = activation != "softmax" and kind in ("hausdorff", "t_loss", "mcc")
    assert moved[1:].all()
    assert moved[0] != only_foreground


def test_terms_are_weighted_and_summed() -> None:
    logits, target = batch("softmax")
    entries = [{"kind": "ce", "weight": 2.0}, {"kind": "dice", "weight": 0.25}]
    mixture = build_loss([ADAPTER.validate_python(entry) for entry in entries], 2)
    entropy, overlap = mixture.terms(logits, target)
    torch.testing.assert_close(mixture(logits, target), 2 * entropy + 0.25 * overlap)


def test_unknown_kind_and_unknown_key_are_refused() -> None:
    with pytest.raises(ValidationError, match="ce"):
        ADAPTER.validate_python({"kind": "nonsense"})
    with pytest.raises(ValidationError, match="gama"):
        ADAPTER.validate_python({"kind": "focal", "gama": 2})


def test_what_does_not_fit_the_classes_is_listed_whole() -> None:
    entries = [
        {"kind": "ce", "class_weights": [1.0, 2.0]},
        {"kind": "dice", "classes": [3]},
    ]
    with pytest.raises(RecipeError) as caught:
        build_loss([ADAPTER.validate_python(entry) for entry in entries], 3)
    assert "class_weights" in str(caught.value)
    assert "classes from 0 to 2; got 3" in str(caught.value)
    with pytest.raises(RecipeError, match="at least one"):
        build_loss([], 2)
    logits, target = batch("sigmoid")
    with pytest.raises(RecipeError, match="3 channels for sigmoid; got 1"):
        build({"kind": "ce"}, "sigmoid", n_classes=3)(logits, target)
    with pytest.raises(RecipeError, match="2 channels for softmax; got 1"):
        build({"kind": "ce"}, "softmax")(logits, target)
    with pytest.raises(RecipeError, match="got class 0"):
        build({"kind": "dice", "classes": [0, 1]}, "sigmoid")(logits, target)


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_class_numbers_without_a_channel_are_refused(activation: str) -> None:
    logits, target = batch(activation)
    target[0, 0, 0] = 254
    with pytest.raises(LabelError, match="254"):
        build({"kind": "dice"}, activation)(logits, target)
    with pytest.raises(LabelError, match="shape"):
        build({"kind": "dice"}, activation)(logits, target[:, 1:])


def test_uint8_targets_work() -> None:
    logits, target = batch("softmax")
    loss = build({"kind": "ce"}, "softmax")
    assert torch.equal(
        loss(logits, with_ignored(target).to(torch.uint8)), loss(logits, with_ignored(target))
    )
