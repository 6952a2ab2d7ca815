"""The weighted sum of losses of one real-valued quantity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from landseer.losses.term import LossTerm
from landseer.losses.values import Values, prepare_values
from landseer.quantities import Quantity

ValueFunction = Callable[[Values, Any], Tensor]


@dataclass(frozen=True)
class ValueMixture:
    """A callable that sums weighted losses of a quantity's values; it holds no parameters.

    Attributes:
        parts: each loss function with its settings.
        quantity: what is predicted; it turns outputs into values in its unit.
    """

    parts: Sequence[tuple[ValueFunction, LossTerm]]
    quantity: Quantity

    def __call__(self, raw_bn: Tensor, target: Tensor) -> Tensor:
        """Return the weighted sum.

        Args:
            raw_bn: (b, n, h, w) or (b, n) outputs of the network before the quantity's activation, any float dtype;
                computed in float32 even under autocast.
            target: as the outputs, or (b, h, w) and (b,) where n is 1, in the quantity's unit; NaN where unknown.

        Returns:
            A float32 scalar; 0, and differentiable, when nothing is known.

        Raises:
            LabelError: shapes that do not match, or truth that the quantity cannot have.
        """
        values = self.terms(raw_bn, target)
        weighted = [
            term.weight * value for (_, term), value in zip(self.parts, values, strict=True)
        ]
        return torch.stack(weighted).sum()

    def terms(self, raw_bn: Tensor, target: Tensor) -> list[Tensor]:
        """Return each term before its weight, in the order of the recipe."""
        with torch.autocast(raw_bn.device.type, enabled=False):
            values = prepare_values(raw_bn, target, self.quantity.value)
            return [function(values, term) for function, term in self.parts]
