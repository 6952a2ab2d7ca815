"""The family of heads, and how a network gets one for each target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from landseer.core.seeds import derive
from landseer.errors import UsageError
from landseer.models.head_fitted import FittedScaleHead
from landseer.models.head_gradient import GradientAttentionHead
from landseer.models.head_order import head_order
from landseer.models.head_plain import PlainHead, renewed
from landseer.models.head_pooled import PooledHead
from landseer.models.head_upsample import SimpleHead, UpsampleHead
from landseer.models.heads_config import (
    FittedScale,
    GradientAttention,
    HeadConfig,
    Plain,
    Pooled,
    Simple,
    Upsample,
)
from landseer.models.trunk import Trunk
from landseer.quantities.quantity import Quantity, n_planes


@dataclass(frozen=True, slots=True)
class Output:
    """What a network gives for one target: which quantity, by which head."""

    quantity: Quantity
    head: HeadConfig


@dataclass(frozen=True, slots=True)
class Place:
    """Where a head is built.

    Attributes:
        name: of its target.
        trunk: what it is built onto.
        outputs: all outputs of the network, by target name.
        built: heads that answer before it.
    """

    name: str
    trunk: Trunk
    outputs: Mapping[str, Output]
    built: Mapping[str, nn.Module]

    @property
    def n_outputs(self) -> int:
        """How many planes or numbers the head gives."""
        return n_planes(self.outputs[self.name].quantity)


def build_heads(outputs: Mapping[str, Output], trunk: Trunk, seed: int) -> dict[str, nn.Module]:
    """Build the heads of a network, in the order in which they answer.

    Args:
        outputs: by target name.
        trunk: what they are built onto.
        seed: each head draws from it and its target's name, so that a further head changes no other.

    Returns:
        Heads by target name: modules from `Shared` to a tensor. A plain head that is alone is the decoder's own.

    Raises:
        UsageError: heads cannot answer one after another, or do not fit their quantities.
    """
    order = check_outputs(outputs)
    alone = outputs[order[0]].head if len(outputs) == 1 else None
    if isinstance(alone, Plain):
        return {order[0]: PlainHead(trunk.plain, exact=alone.exact)}
    built: dict[str, nn.Module] = {}
    for name in order:
        config = outputs[name].head
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(derive(seed, "head", name))
            built[name] = HEADS[config.kind](config, Place(name, trunk, outputs, built))
    return built


def check_outputs(outputs: Mapping[str, Output]) -> tuple[str, ...]:
    """Return the targets in the order in which their heads answer.

    Raises:
        UsageError: as `head_order` does; or a head gives values per pixel for a quantity of whole images or the other
            way round, another number of values, or reads a quantity that it cannot use.
    """
    order = head_order({name: output.head for name, output in outputs.items()})
    for name, output in outputs.items():
        _check_extent(name, output)
        _check_single(name, output, outputs)
        _check_units(name, output, outputs)
    return order


def _check_extent(name: str, output: Output) -> None:
    """Refuse a head per pixel for a quantity of whole images, and the other way round."""
    quantity, head = output.quantity, output.head
    if head.extent != quantity.extent:
        raise UsageError(
            f"expected a head of the extent {quantity.extent}, as {quantity.kind} has it; "
            f"got {head.kind}, which is {head.extent}",
            where=f"head of target {name}",
        )


def _check_single(name: str, output: Output, outputs: Mapping[str, Output]) -> None:
    """Refuse several values where a head gives or reads one."""
    if not isinstance(output.head, FittedScale | GradientAttention):
        return
    fitted = (name,) if isinstance(output.head, FittedScale) else ()
    for other in (*fitted, *output.head.needs):
        quantity = outputs[other].quantity
        if quantity.n_outputs != 1:
            raise UsageError(
                f"expected a quantity of one value for {other}; {quantity.kind} has {quantity.n_outputs}",
                where=f"head {output.head.kind} of target {name}",
            )


def _check_units(name: str, output: Output, outputs: Mapping[str, Output]) -> None:
    """Refuse a scale of anything but pixels per metre: names that were exchanged would give its inverse."""
    if not isinstance(output.head, FittedScale):
        return
    for other, unit in zip(output.head.needs, ("m", "px"), strict=True):
        came = outputs[other].quantity.unit
        if came != unit:
            raise UsageError(
                f"expected a target in {unit}; {other} is in {came or 'no unit'}",
                where=f"head fitted_scale of target {name}",
            )


def _plain(config: Plain, place: Place) -> nn.Module:
    """Build the decoder's own head anew."""
    return PlainHead(renewed(place.trunk.plain, place.n_outputs), exact=config.exact)


def _upsample(config: Upsample, place: Place) -> nn.Module:
    """Build an upsampling head on the decoder, or on another's features."""
    source = None if config.features_of is None else place.built[config.features_of]
    width = source.width if isinstance(source, UpsampleHead) else place.trunk.decoded
    return UpsampleHead(config, place.name, width, place.trunk.stride, place.n_outputs)


def _simple(config: Simple, place: Place) -> nn.Module:
    """Build a simple head."""
    return SimpleHead(config, place.trunk.decoded, place.n_outputs)


def _pooled(config: Pooled, place: Place) -> nn.Module:
    """Build a pooled head."""
    return PooledHead(config, place.trunk.deepest, place.n_outputs)


def _gradient_attention(config: GradientAttention, place: Place) -> nn.Module:
    """Build a head that attends to steep heights."""
    trunk = place.trunk
    width = trunk.deepest if config.features == "encoder" else trunk.decoded
    value = place.outputs[config.height].quantity.value
    return GradientAttentionHead(config, width, place.n_outputs, value)


def _fitted_scale(config: FittedScale, place: Place) -> nn.Module:
    """Build a fitted scale."""
    height, magnitude = (place.outputs[name].quantity.value for name in config.needs)
    return FittedScaleHead(config, height, magnitude)


HEADS: dict[str, Callable[[Any, Place], nn.Module]] = {
    "plain": _plain,
    "upsample": _upsample,
    "simple": _simple,
    "pooled": _pooled,
    "gradient_attention": _gradient_attention,
    "fitted_scale": _fitted_scale,
}
"""Functions that build a head, by the `kind` of its configuration."""
