"""What a recipe says about targets: what is predicted, by which head, and which losses teach it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from landseer.losses import LossConfig
from landseer.models.targets import ONLY_MASK, TargetSpec


class TargetConfig(TargetSpec):
    """One target of a recipe: what the network needs to know of it, and how it is taught."""

    loss: tuple[LossConfig, ...] = ()
    """Losses, summed with their weights; none for a mask takes the recipe's `loss`, for others nothing teaches it."""
    weight: float = Field(1.0, gt=0)
    """Weight of its losses among those of the other targets."""

    def spec(self) -> TargetSpec:
        """Return what the network and the model folder need to know."""
        return TargetSpec(**{name: getattr(self, name) for name in TargetSpec.model_fields})


def specs_of(targets: Mapping[str, TargetConfig]) -> dict[str, TargetSpec]:
    """Return what is predicted, the class mask where no target is named."""
    return {name: target.spec() for name, target in targets.items()} or dict(ONLY_MASK)
