"""The table of losses and quantities, and what building says when they do not fit."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter

from landseer.errors import RecipeError, UsageError
from landseer.losses import LossConfig, losses_for
from landseer.losses.build import build_loss, build_target_loss, build_targets_loss
from landseer.losses.family import LOSSES, MASK_LOSSES, VALUE_LOSSES
from landseer.losses.fitting import FITTING
from landseer.losses.mixture import Mixture
from landseer.quantities import (
    QUANTITIES,
    ClassMask,
    Direction,
    Height,
    MultiLabelMask,
    Presence,
    Quantity,
)

ADAPTER: TypeAdapter[Any] = TypeAdapter(LossConfig)


def terms(*configs: dict[str, Any]) -> list[Any]:
    return [ADAPTER.validate_python(config) for config in configs]


def make(kind: str) -> Quantity:
    made: Quantity = QUANTITIES[kind](**({"n_classes": 2} if kind == "mask" else {}))
    return made


def test_every_quantity_has_losses_and_every_loss_a_quantity() -> None:
    assert set(FITTING) == set(QUANTITIES)
    assert {loss for kinds in FITTING.values() for loss in kinds} == set(LOSSES)
    assert not set(MASK_LOSSES) & set(VALUE_LOSSES)
    assert losses_for("mask") == tuple(MASK_LOSSES)
    with pytest.raises(UsageError, match=r"one of mask, .*'hight'"):
        losses_for("hight")


@pytest.mark.parametrize("kind", FITTING)
def test_what_fits_is_built_and_runs(kind: str) -> None:
    quantity = make(kind)
    size = (2, quantity.n_outputs, *((3, 3) if quantity.extent == "dense" else ()))
    target = torch.full(size, 0.5) if kind not in ("mask", "multi_label", "presence") else None
    if target is None:
        target = torch.ones(size[:1] + size[2:] if kind == "mask" else size, dtype=torch.uint8)
    for loss in losses_for(kind):
        value = build_target_loss(terms({"kind": loss}), quantity)(torch.ones(size), target)
        assert torch.isfinite(value)


@pytest.mark.parametrize("kind", FITTING)
def test_what_does_not_fit_is_listed_whole(kind: str) -> None:
    wrong = [loss for loss in LOSSES if loss not in losses_for(kind)]
    with pytest.raises(RecipeError) as caught:
        build_target_loss(terms(*({"kind": loss} for loss in wrong)), make(kind))
    lines = caught.value.message.splitlines()
    assert len(lines) == len(wrong)
    assert lines[0] == (
        f"loss[0] ({wrong[0]}): expected a loss of {kind}, one of {', '.join(losses_for(kind))}; "
        f"got {wrong[0]!r}"
    )
    with pytest.raises(RecipeError, match="at least one"):
        build_target_loss([], make(kind))


def test_a_mask_is_built_as_before() -> None:
    loss = build_target_loss(terms({"kind": "dice"}), ClassMask(4, "sigmoid"))
    assert isinstance(loss, Mixture)
    assert (loss.n_classes, loss.activation) == (4, "sigmoid")
    with pytest.raises(RecipeError, match=r"loss of mask.*'huber'"):
        build_loss(terms({"kind": "huber"}), 2)


@pytest.mark.parametrize("quantity", [MultiLabelMask(n_layers=5), Presence(n_classes=5)])
def test_layers_have_two_classes_and_no_choice_of_them(quantity: Quantity) -> None:
    build_target_loss(terms({"kind": "focal", "class_weights": [0.2, 0.8]}), quantity)
    with pytest.raises(RecipeError, match="2 class_weights; got 3"):
        build_target_loss(terms({"kind": "ce", "class_weights": [1, 1, 1]}), quantity)
    with pytest.raises(RecipeError, match=r"expected no classes, .* got \[1\]"):
        build_target_loss(terms({"kind": "dice", "classes": [1]}), quantity)


def test_losses_of_targets_that_are_not_there_are_refused() -> None:
    configs = {"height": terms({"kind": "huber"}), "hight": terms({"kind": "huber"})}
    with pytest.raises(RecipeError, match="targets height, angle; got losses of 'hight'"):
        build_targets_loss(configs, {"height": Height(), "angle": Direction()})


def test_settings_and_the_table_load_no_torch() -> None:
    code = "import sys, landseer.losses; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
