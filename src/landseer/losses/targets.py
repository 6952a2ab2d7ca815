"""The loss of several targets at once: a weighted sum, with weights that are fixed or learnt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from landseer.core.classes import IGNORE
from landseer.errors import RecipeError, UsageError

TargetLoss = Callable[[Tensor, Tensor], Tensor]
"""Takes a target's outputs and its truth, and returns a scalar."""

Balance = Literal["fixed", "uncertainty"]
"""`fixed` leaves the weights as they are; `uncertainty` learns how far to trust each target."""

_WIDEST = 10.0
"""Learnt factors stay between exp(-10) and exp(10)."""


class TargetsLoss(nn.Module):
    """Sum the losses of all targets.

    Formula: sum of w L (fixed), or sum of w (exp(-s) L + s) with one learnt s a target (uncertainty). s is the
    logarithm of the target's variance; where it has settled, exp(s) = L and w L is divided by L: targets of any unit
    pull alike, as far as their weights w let them.

    Edges: a target of which a batch knows nothing adds 0, and does not move its s. s is kept between -10 and 10 by
        10 tanh(s / 10), since a loss that reaches 0 would else send it off without end; for the same reason weight
        decay should leave `s_t` alone, and losses that may be negative (`t_loss`) do not suit it.
    Source: Kendall et al. 2018, arXiv:1705.07115, formula 7, times 2, so that s = 0 gives the fixed sum.

    Attributes:
        names: the targets, in order.
        s_t: the learnt logarithms, one a target; None where weights are fixed.
    """

    def __init__(
        self,
        losses: Mapping[str, TargetLoss],
        weights: Mapping[str, float] | None = None,
        balance: Balance = "fixed",
    ) -> None:
        """Keep the losses.

        Args:
            losses: by target name, at least one; modules among them are registered.
            weights: by target name, above 0; what is left out weighs 1.
            balance: whether weights are also learnt.

        Raises:
            RecipeError: no loss, a weight without a loss, or weights that are not above 0.
        """
        super().__init__()
        weights = weights or {}
        _check(losses, weights)
        self.names = tuple(losses)
        self._losses = dict(losses)
        self._weights = tuple(float(weights.get(name, 1.0)) for name in losses)
        self.parts = nn.ModuleList([x for x in losses.values() if isinstance(x, nn.Module)])
        self.s_t = nn.Parameter(torch.zeros(len(losses))) if balance == "uncertainty" else None

    def forward(
        self, predictions: Mapping[str, Tensor], targets: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the total and its parts.

        Args:
            predictions: outputs of the network by target name, before activation; others are left alone.
            targets: truth by target name; others are left alone.

        Returns:
            The float32 scalar to minimise, and each target's loss before its weight, detached.

        Raises:
            UsageError: outputs or truth of a target are missing.
        """
        for what, given in (("outputs", predictions), ("truth", targets)):
            missing = [name for name in self.names if name not in given]
            if missing:
                raise UsageError(
                    f"expected {what} of {', '.join(self.names)}; {', '.join(missing)} is missing"
                )
        losses = [self._losses[name](predictions[name], targets[name]) for name in self.names]
        terms = losses
        if self.s_t is not None:
            terms = _trusted(losses, [_is_known(targets[name]) for name in self.names], self.s_t)
        weighted = [weight * term for weight, term in zip(self._weights, terms, strict=True)]
        parts = {name: loss.detach() for name, loss in zip(self.names, losses, strict=True)}
        return torch.stack(weighted).sum(), parts

    def factors(self) -> dict[str, float]:
        """Return what each target's loss is multiplied by now."""
        s_t = self.s_t
        learnt = [1.0] * len(self.names) if s_t is None else (-_bounded(s_t)).exp().tolist()
        pairs = zip(self._weights, learnt, strict=True)
        return {name: w * x for name, (w, x) in zip(self.names, pairs, strict=True)}


def _trusted(losses: list[Tensor], known: list[Tensor], s_t: Tensor) -> list[Tensor]:
    """Return exp(-s) L + s of each target, without the last s where nothing is known."""
    s_bounded = _bounded(s_t)
    return [
        torch.exp(-s) * loss + s * is_known
        for loss, is_known, s in zip(losses, known, s_bounded, strict=True)
    ]


def _bounded(s_t: Tensor) -> Tensor:
    """Return the logarithms, kept within bounds."""
    return _WIDEST * torch.tanh(s_t / _WIDEST)


def _is_known(target: Tensor) -> Tensor:
    """Return whether anything of a target is known."""
    known = ~target.isnan() if target.is_floating_point() else target != IGNORE
    return known.any()


def _check(losses: Mapping[str, TargetLoss], weights: Mapping[str, float]) -> None:
    """Refuse sums that make no sense."""
    problems = [] if losses else ["expected a loss of at least one target; got none"]
    for name, weight in weights.items():
        if name not in losses:
            problems.append(f"expected weights of {', '.join(losses)}; got one of {name!r}")
        elif not 0 < weight < float("inf"):
            problems.append(f"{name}: expected a weight above 0; got {weight}")
    if problems:
        raise RecipeError("\n".join(problems), where="loss")
