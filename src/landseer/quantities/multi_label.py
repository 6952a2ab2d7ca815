"""The multi-label mask: layers that may overlap, each there or not at every pixel; one layer is a binary mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

import landseer.quantities.d4 as d4
from landseer.core.classes import IGNORE
from landseer.errors import UsageError
from landseer.quantities.motion import Motion
from landseer.quantities.quantity import Extent, Resampling


@dataclass(frozen=True, slots=True)
class MultiLabelMask:
    """One probability per layer and pixel; targets are (b, n_layers, h, w) uint8: 0, 1, or 255 where it does not count.

    Attributes:
        n_layers: how many layers there are; 1 is a binary mask of one logit.
    """

    kind: ClassVar[str] = "multi_label"
    unit: ClassVar[str] = ""
    extent: ClassVar[Extent] = "dense"
    resampling: ClassVar[Resampling] = "nearest"
    fill: ClassVar[float] = IGNORE
    n_layers: int = 1

    @property
    def n_outputs(self) -> int:
        """One plane a layer."""
        return self.n_layers

    def value(self, raw: Tensor) -> Tensor:
        """Turn logits into probabilities, float32."""
        return raw.float().sigmoid()

    def transform(self, values: Tensor, element: d4.Element) -> Tensor:
        """Turn or mirror (..., h, w)."""
        return d4.apply(element, values)

    def moved(self, values: Tensor, motion: Motion, direction_b2: Tensor | None = None) -> Tensor:
        """Leave values as they are."""
        return values

    def to_mean(self, values: Tensor) -> Tensor:
        """Probabilities are averaged."""
        return values.float()

    def from_mean(self, mean: Tensor) -> Tensor:
        """The mean is a probability."""
        return mean

    def decide(self, probability_bchw: Tensor, thresholds: float | Sequence[float] = 0.5) -> Tensor:
        """Say of each layer and pixel whether it is there.

        Args:
            probability_bchw: float, one plane per layer.
            thresholds: one for all layers, or one per layer.

        Returns:
            (b, n_layers, h, w) uint8: 1 where the probability reaches its threshold, 255 where it is NaN.

        Raises:
            UsageError: another number of thresholds than layers.
        """
        count = self.n_layers
        limits = [thresholds] * count if isinstance(thresholds, float | int) else list(thresholds)
        if len(limits) != count:
            raise UsageError(f"expected {count} thresholds, one per layer; got {len(limits)}")
        limit = torch.tensor(limits).to(probability_bchw).reshape(-1, 1, 1)
        found = (probability_bchw >= limit).to(torch.uint8)
        return found.masked_fill(probability_bchw.isnan(), IGNORE)
