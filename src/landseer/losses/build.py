"""The weighted sums of losses that a recipe asks for: of one target, and of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from landseer.errors import RecipeError
from landseer.losses.config import ClassTerm, LossConfig
from landseer.losses.family import LOSSES, MASK_LOSSES, VALUE_LOSSES
from landseer.losses.fitting import losses_for
from landseer.losses.layers import LayerMixture
from landseer.losses.mixture import Mixture
from landseer.losses.targets import Balance, TargetLoss, TargetsLoss
from landseer.losses.twin import TwinMixture
from landseer.losses.value_mixture import ValueMixture
from landseer.quantities import Quantity
from landseer.quantities.mask import Activation

__all__ = ["LOSSES", "build_loss", "build_target_loss", "build_targets_loss"]


def build_loss(
    configs: Sequence[LossConfig], n_classes: int, activation: Activation = "softmax"
) -> Mixture | TwinMixture:
    """Build the weighted sum of losses that a recipe asks for.

    Args:
        configs: validated entries of the recipe key `loss`, at least one.
        n_classes: number of classes, background included.
        activation: `softmax` (classes exclude each other), `sigmoid` (each channel is judged alone) or `twin` (both,
            each with logits of its own).

    Raises:
        RecipeError: no term, a term for one half of logits that have no halves, a loss that is not one of masks, class
            weights that are too many or too few, or class numbers beyond the classes; all of them are listed.
    """
    problems = _misfits(configs, "mask") + _class_problems(configs, n_classes)
    _refuse(problems + ([] if activation == "twin" else _halves(configs)))
    parts = _parts(MASK_LOSSES, configs)
    if activation == "twin":
        return TwinMixture(parts, n_classes)
    return Mixture(parts, n_classes, activation)


def build_target_loss(configs: Sequence[LossConfig], quantity: Quantity) -> TargetLoss:
    """Build the weighted sum of losses of one target of any quantity.

    Args:
        configs: validated entries of the target's losses, at least one.
        quantity: what is predicted; its `kind` says which losses fit.

    Returns:
        A callable that takes the network's outputs, before the quantity's activation, and the truth.

    Raises:
        RecipeError: no term, losses that do not fit the quantity, or settings that do not fit its classes; all of
            them are listed.
    """
    if quantity.kind == "mask":
        mask: Any = quantity
        return build_loss(configs, mask.n_classes, mask.activation)
    problems = _misfits(configs, quantity.kind) + _halves(configs)
    if quantity.kind in ("multi_label", "presence"):
        _refuse(problems + _class_problems(configs, 2) + _chosen_classes(configs) + _rules(configs))
        return LayerMixture(_parts(MASK_LOSSES, configs))
    _refuse(problems)
    return ValueMixture(_parts(VALUE_LOSSES, configs), quantity)


def build_targets_loss(
    configs: Mapping[str, Sequence[LossConfig]],
    quantities: Mapping[str, Quantity],
    weights: Mapping[str, float] | None = None,
    balance: Balance = "fixed",
) -> TargetsLoss:
    """Build the sum of the losses of all targets.

    Args:
        configs: each target's losses by target name.
        quantities: at least these targets' quantities by target name.
        weights: by target name; what is left out weighs 1.
        balance: whether weights are also learnt.

    Raises:
        RecipeError: what `build_target_loss` and `TargetsLoss` refuse, or a target without a quantity.
    """
    _refuse(
        [
            f"expected targets {', '.join(quantities)}; got losses of {name!r}"
            for name in configs
            if name not in quantities
        ]
    )
    losses = {name: build_target_loss(terms, quantities[name]) for name, terms in configs.items()}
    return TargetsLoss(losses, weights, balance)


def _parts(family: Mapping[str, Any], configs: Sequence[LossConfig]) -> tuple[tuple[Any, Any], ...]:
    """Pair each loss function with its settings."""
    return tuple((family[config.kind], config) for config in configs)


def _refuse(problems: Sequence[str]) -> None:
    """Raise what was found, if anything."""
    if problems:
        raise RecipeError("\n".join(problems), where="loss", do="correct the recipe's key `loss`")


def _misfits(configs: Sequence[LossConfig], kind: str) -> list[str]:
    """List losses that do not fit a kind of quantity."""
    fitting = losses_for(kind)
    problems = [] if configs else ["expected at least one loss; got none"]
    return problems + [
        f"loss[{number}] ({config.kind}): expected a loss of {kind}, one of {', '.join(fitting)}; "
        f"got {config.kind!r}"
        for number, config in enumerate(configs)
        if config.kind not in fitting
    ]


def _class_problems(configs: Sequence[LossConfig], n_classes: int) -> list[str]:
    """List what does not fit the classes."""
    problems = []
    for number, config in enumerate(configs):
        where = f"loss[{number}] ({config.kind})"
        weights = getattr(config, "class_weights", None)
        if isinstance(weights, tuple) and len(weights) != n_classes:
            problems.append(f"{where}: expected {n_classes} class_weights; got {len(weights)}")
        for chosen in getattr(config, "classes", None) or ():
            if chosen >= n_classes:
                problems.append(
                    f"{where}: expected classes from 0 to {n_classes - 1}; got {chosen}"
                )
    return problems


def _rules(configs: Sequence[LossConfig]) -> list[str]:
    """List rules for class weights where classes are not counted."""
    return [
        f"loss[{number}] ({config.kind}): expected class_weights as numbers, for layers are not counted; got {rule}"
        for number, config in enumerate(configs)
        if isinstance(rule := getattr(config, "class_weights", None), str)
    ]


def _halves(configs: Sequence[LossConfig]) -> list[str]:
    """List terms for one half of logits where there are no halves."""
    return [
        f"loss[{number}] ({config.kind}): expected no half, for only masks of model.activation twin have any; "
        f"got {config.half}"
        for number, config in enumerate(configs)
        if config.half is not None
    ]


def _chosen_classes(configs: Sequence[LossConfig]) -> list[str]:
    """List choices of classes where each layer has only itself."""
    return [
        f"loss[{number}] ({config.kind}): expected no classes, for all layers count; got {list(config.classes)}"
        for number, config in enumerate(configs)
        if isinstance(config, ClassTerm) and config.classes is not None
    ]
