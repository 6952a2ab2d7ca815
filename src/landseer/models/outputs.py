"""From targets as a recipe names them to quantities and heads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from landseer.models.config import ModelConfig
from landseer.models.heads import Output
from landseer.models.targets import TargetSpec
from landseer.quantities import (
    ClassMask,
    DenseValue,
    Direction,
    FlowScale,
    Gsd,
    Height,
    ImageValue,
    Magnitude,
    MultiLabelMask,
    Presence,
    Quantity,
    SoftMask,
)

_Make = Callable[[TargetSpec, int, ModelConfig], Quantity]

_MAKE: dict[str, _Make] = {
    "mask": lambda spec, n_classes, config: ClassMask(n_classes, config.activation),
    "multi_label": lambda spec, n_classes, config: MultiLabelMask(len(spec.layers)),
    "soft_mask": lambda spec, n_classes, config: SoftMask(n_classes),
    "presence": lambda spec, n_classes, config: Presence(len(spec.layers)),
    "height": lambda spec, n_classes, config: Height(**_given(spec)),
    "magnitude": lambda spec, n_classes, config: Magnitude(**_given(spec)),
    "direction": lambda spec, n_classes, config: Direction(),
    "flow_scale": lambda spec, n_classes, config: FlowScale(**_given(spec)),
    "gsd": lambda spec, n_classes, config: Gsd(**_given(spec)),
    "dense_value": lambda spec, n_classes, config: DenseValue(unit=spec.unit, **_given(spec)),
    "image_value": lambda spec, n_classes, config: ImageValue(unit=spec.unit, **_given(spec)),
}


def make_quantity(spec: TargetSpec, n_classes: int, config: ModelConfig) -> Quantity:
    """Make the quantity of a target.

    Args:
        spec: the target.
        n_classes: classes of the labels, background included.
        config: recipe key `model`.
    """
    return _MAKE[spec.quantity](spec, n_classes, config)


def make_outputs(
    targets: Mapping[str, TargetSpec], n_classes: int, config: ModelConfig
) -> dict[str, Output]:
    """Make what a network gives: quantity and head of each target."""
    return {
        name: Output(make_quantity(spec, n_classes, config), spec.the_head)
        for name, spec in targets.items()
    }


def _given(spec: TargetSpec) -> dict[str, Any]:
    """Return the settings that a target names."""
    given = {"activation": spec.activation, "typical": spec.typical}
    return {name: value for name, value in given.items() if value is not None}
