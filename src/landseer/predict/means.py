"""Averages that are made as predictions come, whatever their number."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from landseer.quantities import Quantity

Values = dict[str, Tensor]
"""By target, values in its unit: (b, n, h, w) where dense, (b, n) per image, float32."""


class Means:
    """Running weighted sums of what each quantity adds up; what is alone is passed on as it is."""

    def __init__(self, quantities: Mapping[str, Quantity]) -> None:
        self._quantities, self._total = quantities, 0.0
        self._alone: Values | None = None
        self._sums: Values = {}

    def add(self, values: Mapping[str, Tensor], weight: float) -> None:
        """Add one prediction."""
        parts = {name: q.to_mean(values[name]) for name, q in self._quantities.items()}
        if not self._total:
            self._alone = parts
        else:
            for name, part in parts.items():
                self._sum(name).add_(part, alpha=weight)
            self._alone = None
        self._total += weight

    def _sum(self, name: str) -> Tensor:
        """Return the sum of a target, that of the first prediction where it was alone so far."""
        if self._alone is not None:
            self._sums[name] = self._alone[name] * self._total
        return self._sums[name]

    def values(self) -> Values:
        """Return the averages."""
        if not self._total:
            raise ValueError("expected a member with a positive weight")
        means = self._alone
        if means is None:
            means = {name: total / self._total for name, total in self._sums.items()}
        return {name: self._quantities[name].from_mean(mean) for name, mean in means.items()}
