"""The weighted sum of loss terms that a run minimises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from landseer.errors import RecipeError
from landseer.losses.config import LossTerm
from landseer.losses.pixels import Activation, Pixels, prepare

LossFunction = Callable[[Pixels, Any], Tensor]


@dataclass(frozen=True)
class Mixture:
    """A callable that sums weighted losses; it holds no parameters.

    Attributes:
        parts: each loss function with its settings.
        n_classes: number of classes, background included.
        activation: what turns the logits into probabilities.
    """

    parts: Sequence[tuple[LossFunction, LossTerm]]
    n_classes: int
    activation: Activation

    def __call__(self, logits_bkhw: Tensor, target_bhw: Tensor) -> Tensor:
        """Return the weighted sum.

        Args:
            logits_bkhw: a channel for each class (a sigmoid of two classes may have one, for class 1); any float
                dtype; computed in float32 even under autocast.
            target_bhw: integer class numbers, 255 at pixels that do not count.

        Returns:
            A float32 scalar; 0, and differentiable, when no pixel counts.

        Raises:
            LabelError: class numbers without a channel, or shapes that do not match.
            RecipeError: the number of channels does not fit the classes.
        """
        values = self.terms(logits_bkhw, target_bhw)
        weighted = [
            term.weight * value for (_, term), value in zip(self.parts, values, strict=True)
        ]
        return torch.stack(weighted).sum()

    def terms(self, logits_bkhw: Tensor, target_bhw: Tensor) -> list[Tensor]:
        """Return each term before its weight, in the order of the recipe."""
        self._check(logits_bkhw.shape[1])
        with torch.autocast(logits_bkhw.device.type, enabled=False):
            pixels = prepare(logits_bkhw, target_bhw, self.activation)
            return [function(pixels, term) for function, term in self.parts]

    def _check(self, channels: int) -> None:
        """Refuse outputs that do not fit the classes."""
        is_single = channels == 1 and self.activation == "sigmoid" and self.n_classes == 2
        if channels != self.n_classes and not is_single:
            raise RecipeError(
                f"expected logits of {self.n_classes} channels for {self.activation}; got {channels}",
                do="give the network as many outputs as there are classes",
            )
