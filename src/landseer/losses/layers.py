"""Mask losses of yes-or-no layers that may overlap: multi-label masks, and presence of classes in an image.

Each layer is a mask of two classes with one logit. Losses that judge elements alone see all layers as one; losses of
overlap are taken for each layer and averaged over the layers with anything known.

Legend of shapes: b samples, n layers, h rows, w columns (1 x 1 for presence).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from landseer.core.classes import IGNORE
from landseer.errors import LabelError
from landseer.losses.config import LossTerm
from landseer.losses.fitting import ELEMENTWISE
from landseer.losses.mixture import LossFunction
from landseer.losses.pixels import Pixels, prepare


@dataclass(frozen=True)
class LayerMixture:
    """A callable that sums weighted mask losses over layers; it holds no parameters.

    Attributes:
        parts: each loss function with its settings.
    """

    parts: Sequence[tuple[LossFunction, LossTerm]]

    def __call__(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the weighted sum.

        Args:
            logits: (b, n, h, w) or (b, n), any float dtype; computed in float32 even under autocast.
            target: as the logits, or (b, h, w) and (b,) where n is 1; 0 or 1, with 255 or NaN where nothing is known.

        Returns:
            A float32 scalar; 0, and differentiable, when nothing is known.

        Raises:
            LabelError: other numbers than these, or shapes that do not match.
        """
        values = self.terms(logits, target)
        weighted = [
            term.weight * value for (_, term), value in zip(self.parts, values, strict=True)
        ]
        return torch.stack(weighted).sum()

    def terms(self, logits: Tensor, target: Tensor) -> list[Tensor]:
        """Return each term before its weight, in the order of the recipe."""
        target_bnhw = _labels(logits, target)
        logits_bnhw = logits.reshape(target_bnhw.shape)
        with torch.autocast(logits.device.type, enabled=False):
            whole = prepare(
                logits_bnhw.flatten(0, 1).unsqueeze(1), target_bnhw.flatten(0, 1), "sigmoid"
            )
            layers = [
                prepare(logits_bnhw[:, n : n + 1], target_bnhw[:, n], "sigmoid")
                for n in range(target_bnhw.shape[1])
            ]
            return [
                function(whole, term)
                if term.kind in ELEMENTWISE  # type: ignore[attr-defined]
                else _mean_of_known(function, term, layers)
                for function, term in self.parts
            ]


def _mean_of_known(function: LossFunction, term: LossTerm, layers: Sequence[Pixels]) -> Tensor:
    """Average a loss over the layers with anything known; the others are 0."""
    value_n = torch.stack([function(pixels, term) for pixels in layers])
    known_n = torch.stack([pixels.valid_b1hw.any() for pixels in layers])
    return value_n.sum() / known_n.sum().clamp_min(1)


def _labels(logits: Tensor, target: Tensor) -> Tensor:
    """Return the target as (b, n, h, w) of 0, 1 and 255."""
    labels = target.unsqueeze(1) if target.ndim == logits.ndim - 1 else target
    if labels.shape != logits.shape:
        raise LabelError(
            f"expected a target of shape {tuple(logits.shape)}; got {tuple(target.shape)}"
        )
    if labels.is_floating_point():
        labels = labels.nan_to_num(nan=IGNORE)
        if labels.device.type == "cpu" and (labels != labels.round()).any():
            raise LabelError(
                "expected 0 or 1 for each layer; got numbers between them",
                do="give probabilities as a soft mask",
            )
    return labels.long().reshape(*labels.shape[:2], *(labels.shape[2:] or (1, 1)))
