"""The objective: what training minimises, from the losses that a recipe names for each target."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from landseer.losses import LossConfig
from landseer.losses.build import build_targets_loss
from landseer.losses.targets import Balance, TargetsLoss
from landseer.quantities import DenseValue, Height, Magnitude, Quantity


@dataclass(frozen=True, slots=True)
class TargetLosses:
    """The losses of one target.

    Attributes:
        losses: summed with their weights; none for a target that others train, such as a fitted scale.
        weight: of their sum among the other targets'.
    """

    losses: tuple[LossConfig, ...]
    weight: float = 1.0


def build_objective(
    losses: Mapping[str, TargetLosses],
    quantities: Mapping[str, Quantity],
    own_grids: Collection[str] = (),
    balance: Balance = "fixed",
) -> TargetsLoss:
    """Build the sum of all targets' losses.

    Args:
        losses: by target.
        quantities: by target, as the model has them.
        own_grids: targets whose reference lies on a grid of its own: they are compared as values, for a mean over
            pixels is one of values, not of what comes before an activation.
        balance: whether the weights are learnt.

    Raises:
        RecipeError: a loss does not fit its quantity, or no target has one.
    """
    wanted = {name: one for name, one in losses.items() if one.losses}
    compared = {n: _plain(q) if n in own_grids else q for n, q in quantities.items()}
    configs = {name: one.losses for name, one in wanted.items()}
    weights = {name: one.weight for name, one in wanted.items()}
    return build_targets_loss(configs, compared, weights, balance)


def _plain(quantity: Quantity) -> Quantity:
    """Return a quantity that takes values as they are."""
    if isinstance(quantity, DenseValue | Height | Magnitude):
        return replace(quantity, activation="none", typical=1.0)
    return quantity
