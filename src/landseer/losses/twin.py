"""The weighted sum of losses of a twin mask: some terms judge its softmax, the others its sigmoid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from landseer.errors import RecipeError
from landseer.losses.config import LossTerm
from landseer.losses.fitting import ELEMENTWISE
from landseer.losses.mixture import LossFunction, Mixture
from landseer.quantities.mask import split_twin


@dataclass(frozen=True)
class TwinMixture:
    """A callable that sums weighted losses over both halves of a twin mask; it holds no parameters.

    Attributes:
        parts: each loss function with its settings; `half` says which logits it judges.
        n_classes: number of classes, background included.
    """

    parts: Sequence[tuple[LossFunction, LossTerm]]
    n_classes: int

    def __post_init__(self) -> None:
        for half in ("softmax", "sigmoid"):
            if half not in self._halves:
                raise RecipeError(
                    f"expected a term that judges the {half} of a twin mask; all judge the other half, "
                    "which would leave this one as it was drawn",
                    where="loss",
                    do=f"add a term with half: {half}, or set model.activation to the other",
                )

    def __call__(self, logits_bkhw: Tensor, target_bhw: Tensor) -> Tensor:
        """Return the weighted sum.

        Args:
            logits_bkhw: `ClassMask.n_logits` channels, as `split_twin` splits them.
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
        together, alone = split_twin(logits_bkhw, self.n_classes)
        softmax, sigmoid = self._mixtures
        of_half = {
            "softmax": iter(softmax.terms(together, target_bhw)),
            "sigmoid": iter(sigmoid.terms(alone, target_bhw)),
        }
        return [next(of_half[half]) for half in self._halves]

    @cached_property
    def _halves(self) -> list[str]:
        """Which half each term judges."""
        return [half_of(term) for _, term in self.parts]

    @cached_property
    def _mixtures(self) -> tuple[Mixture, Mixture]:
        """The terms of each half."""
        pairs = list(zip(self.parts, self._halves, strict=True))
        softmax = [part for part, half in pairs if half == "softmax"]
        sigmoid = [part for part, half in pairs if half == "sigmoid"]
        return (
            Mixture(softmax, self.n_classes, "softmax"),
            Mixture(sigmoid, self.n_classes, "sigmoid"),
        )


def half_of(term: LossTerm) -> str:
    """Return which half of a twin mask a term judges."""
    if term.half is not None:
        return term.half
    return "softmax" if term.kind in ELEMENTWISE else "sigmoid"  # type: ignore[attr-defined]
