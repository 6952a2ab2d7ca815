"""Mask losses of layers that may overlap, and of presence, against torch and against each layer alone."""

from __future__ import annotations

from typing import Any

import pytest
import segmentation_models_pytorch.losses as smp
import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from pydantic import TypeAdapter
from torch import Tensor

from landseer.core.classes import IGNORE
from landseer.errors import LabelError
from landseer.losses import LossConfig, losses_for
from landseer.losses.build import build_loss, build_target_loss
from landseer.losses.fitting import ELEMENTWISE
from landseer.losses.layers import LayerMixture
from landseer.quantities import MultiLabelMask, Presence

ADAPTER: TypeAdapter[Any] = TypeAdapter(LossConfig)
LAYERS = [(kind, "multi_label") for kind in losses_for("multi_label")]
CASES = LAYERS + [(kind, "presence") for kind in losses_for("presence")]
every_loss = pytest.mark.parametrize(("kind", "quantity"), CASES)


def build(config: dict[str, Any], quantity: str, n: int = 3) -> LayerMixture:
    what = MultiLabelMask(n_layers=n) if quantity == "multi_label" else Presence(n_classes=n)
    loss = build_target_loss([ADAPTER.validate_python(config)], what)
    assert isinstance(loss, LayerMixture)
    return loss


def batch(quantity: str, seed: int = 0, n: int = 3) -> tuple[Tensor, Tensor]:
    """Return logits and truth, some of it unknown: uint8 with 255, or float32 with NaN."""
    generator = torch.Generator().manual_seed(seed)
    size = (4, n, 8, 9) if quantity == "multi_label" else (9, n)
    logits = 2 * torch.randn(size, generator=generator)
    target = torch.randint(0, 2, size, generator=generator)
    unknown = torch.rand(size, generator=generator) < 0.2
    if quantity == "multi_label":
        return logits, target.masked_fill(unknown, IGNORE).to(torch.uint8)
    return logits, target.float().masked_fill(unknown, torch.nan)


def is_known(target: Tensor) -> Tensor:
    return ~target.isnan() if target.is_floating_point() else target != IGNORE


def value_and_gradient(loss: LayerMixture, logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    logits = logits.clone().requires_grad_()
    value = loss(logits, target)
    value.backward()
    assert logits.grad is not None
    return value.detach(), logits.grad


@pytest.mark.parametrize("quantity", ["multi_label", "presence"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_binary_losses_agree_with_torch_on_what_is_known(quantity: str, seed: int) -> None:
    logits, target = batch(quantity, seed)
    known = is_known(target)
    truth = target[known].float()
    three = torch.tensor(3.0)
    peers: list[tuple[dict[str, Any], Tensor]] = [
        ({"kind": "bce"}, F.binary_cross_entropy_with_logits(logits[known], truth)),
        (
            {"kind": "bce", "positive_weight": 3.0},
            F.binary_cross_entropy_with_logits(logits[known], truth, pos_weight=three),
        ),
        (
            {"kind": "soft_bce", "smoothing": 0.2},
            F.binary_cross_entropy_with_logits(logits[known], truth * 0.6 + 0.2),
        ),
        ({"kind": "focal"}, smp.FocalLoss("binary", gamma=2.0)(logits[known], truth)),
    ]
    for config, expected in peers:
        torch.testing.assert_close(build(config, quantity)(logits, target), expected)


@pytest.mark.parametrize("kind", [kind for kind, _ in LAYERS if kind not in ELEMENTWISE])
def test_losses_of_overlap_are_means_of_the_layers_alone(kind: str) -> None:
    logits, target = batch("multi_label")
    target[:, 1] = IGNORE
    single = build_loss([ADAPTER.validate_python({"kind": kind})], 2, "sigmoid")
    each = [single(logits[:, n : n + 1], target[:, n]) for n in (0, 2)]
    value = build({"kind": kind}, "multi_label")(logits, target)
    torch.testing.assert_close(value, torch.stack(each).mean())


@every_loss
def test_unknown_elements_reach_neither_value_nor_gradient(kind: str, quantity: str) -> None:
    loss = build({"kind": kind}, quantity)
    logits, target = batch(quantity)
    value, gradient = value_and_gradient(loss, logits, target)
    hidden = ~is_known(target)
    changed = logits.masked_fill(hidden, torch.nan)
    changed_value, changed_gradient = value_and_gradient(loss, changed, target)
    assert torch.equal(value, changed_value)
    assert torch.equal(gradient, changed_gradient)
    assert torch.isfinite(gradient).all()
    assert not gradient[hidden].any()
    assert gradient[~hidden].any()


@every_loss
def test_nothing_known_gives_zero_and_a_gradient_of_zeros(kind: str, quantity: str) -> None:
    logits, target = batch(quantity)
    nothing = torch.full_like(target, torch.nan if quantity == "presence" else IGNORE)
    value, gradient = value_and_gradient(build({"kind": kind}, quantity), logits, nothing)
    assert value == 0
    assert not gradient.any()


@every_loss
def test_right_is_cheaper_than_wrong_and_order_does_not_matter(kind: str, quantity: str) -> None:
    loss = build({"kind": kind}, quantity)
    logits, target = batch(quantity)
    right = torch.where(target == 1, 4.0, -4.0)
    assert loss(right, target) < loss(logits, target) < loss(-right, target)
    order = torch.randperm(len(logits))
    torch.testing.assert_close(loss(logits[order], target[order]), loss(logits, target))


@every_loss
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_logits_give_the_float32_value(
    kind: str, quantity: str, dtype: torch.dtype
) -> None:
    loss = build({"kind": kind}, quantity)
    logits, target = batch(quantity)
    logits = logits.to(dtype)
    with torch.autocast("cpu", dtype=dtype):
        value, gradient = value_and_gradient(loss, logits, target)
    assert value.dtype == torch.float32
    assert torch.equal(value, loss(logits.float(), target))
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("quantity", ["multi_label", "presence"])
def test_one_layer_needs_no_axis_for_it(quantity: str) -> None:
    loss = build({"kind": "bce"}, quantity, n=1)
    logits, target = batch(quantity, n=1)
    assert torch.equal(loss(logits, target), loss(logits, target[:, 0]))
    with pytest.raises(LabelError, match="shape"):
        loss(logits, target[1:])


def test_a_binary_mask_is_the_sigmoid_of_one_channel() -> None:
    logits, target = batch("multi_label", n=1)
    for kind in losses_for("multi_label"):
        config = ADAPTER.validate_python({"kind": kind})
        expected = build_loss([config], 2, "sigmoid")(logits, target[:, 0])
        torch.testing.assert_close(
            build({"kind": kind}, "multi_label", n=1)(logits, target), expected
        )


@pytest.mark.parametrize("wrong", [0.5, 2.0, -1.0])
def test_what_is_no_yes_or_no_is_refused(wrong: float) -> None:
    logits, target = batch("presence")
    target[0, 0] = wrong
    with pytest.raises(LabelError):
        build({"kind": "bce"}, "presence")(logits, target)


def test_terms_are_weighted_and_summed() -> None:
    logits, target = batch("multi_label")
    entries = [{"kind": "bce", "weight": 2.0}, {"kind": "dice", "weight": 0.5}]
    loss = build_target_loss(
        [ADAPTER.validate_python(entry) for entry in entries], MultiLabelMask(n_layers=3)
    )
    assert isinstance(loss, LayerMixture)
    entropy, overlap = loss.terms(logits, target)
    torch.testing.assert_close(loss(logits, target), 2 * entropy + 0.5 * overlap)
