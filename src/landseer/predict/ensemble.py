"""Members times flips and turns, averaged on the device as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from landseer.core.classes import IGNORE
from landseer.models.device import has_fast_bf16
from landseer.models.model import Model
from landseer.quantities.d4 import TTA_SETS, inverse
from landseer.quantities.mask import ClassMask

Precision = Literal["auto", "float32", "bf16", "fp16"]
"""What networks compute in; `auto` takes bf16 where the device multiplies it fast. Averages are float32."""

_VOTE_TOLERANCE = 1e-6
_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, slots=True)
class Voting:
    """How members become one map.

    Attributes:
        weights: one per member, >= 0; only their ratios matter. Empty gives all members the same.
        tta: name of the set of flips and turns.
        hard: members vote with their decisions instead of their probabilities.
        threshold: two classes: class 1 where its average >= this; None takes the greatest.
        member_threshold: the same for each member's own decision when votes are hard.
    """

    weights: tuple[float, ...] = ()
    tta: str = "none"
    hard: bool = False
    threshold: float | None = None
    member_threshold: float | None = None


class Ensemble(nn.Module):
    """Average members and symmetries into one probability map.

    The average is a running weighted sum in float32: memory does not grow with the number of
    members or symmetries.

    Args:
        members: modules raw x_bchw -> logits_bkhw, or functions that load one.
        quantity: what the logits mean, and how it turns with the image.
        voting: weights, symmetries, votes and thresholds.
        precision: what the networks compute in.
        keep_loaded: hold all members on the device; false loads them one after another at each call, which
            is slower and holds one.
    """

    def __init__(
        self,
        members: Sequence[nn.Module | Callable[[], nn.Module]],
        quantity: ClassMask,
        voting: Voting | None = None,
        *,
        precision: Precision = "float32",
        keep_loaded: bool = True,
    ) -> None:
        super().__init__()
        if not members:
            raise ValueError("expected at least one member; got none")
        self.quantity, self.voting = quantity, voting or Voting()
        self.weights = self.voting.weights or (1.0,) * len(members)
        if len(self.weights) != len(members) or min(self.weights) < 0 or sum(self.weights) <= 0:
            raise ValueError(
                f"expected {len(members)} weights >= 0, some above 0; got {self.weights}"
            )
        self._elements = TTA_SETS[self.voting.tta]
        self._precision = precision
        self._device_holder = nn.Parameter(torch.empty(0), requires_grad=False)
        self._sources = tuple(members) if not keep_loaded else ()
        self.members = nn.ModuleList([_load(member) for member in members] if keep_loaded else [])

    @property
    def device(self) -> torch.device:
        """The device that the ensemble computes on."""
        return self._device_holder.device

    @torch.inference_mode()
    def forward(self, x_bchw: Tensor) -> Tensor:
        """Return the averaged probabilities.

        Args:
            x_bchw: (b, c, h, w) float32 raw numbers, NaN allowed.

        Returns:
            (b, classes, h, w) float32 in [0, 1] on the device of `x_bchw`.
        """
        total = sum(self.weights)
        average: Tensor | None = None
        for member, weight in self._weighted_members(x_bchw.device):
            part = self._one_member(member, x_bchw).mul_(weight / total)
            average = part if average is None else average.add_(part)
        if average is None:
            raise ValueError("expected a member with a positive weight")
        return average

    def decide(self, probability_bchw: Tensor) -> Tensor:
        """Turn averaged probabilities into (b, h, w) uint8 class numbers; see `ClassMask.decide`.

        Edges: shares of hard votes reach the threshold when they miss it by less than 1e-6, so that half of the
            votes is half whatever the rounding.
        """
        threshold = self.voting.threshold
        if threshold is not None and self.voting.hard:
            threshold -= _VOTE_TOLERANCE
        return self.quantity.decide(probability_bchw, threshold)

    def _weighted_members(self, device: torch.device) -> Iterator[tuple[nn.Module, float]]:
        """Yield members of positive weight, loading each as it is needed when they are not kept."""
        if self._sources:
            for source, weight in zip(self._sources, self.weights, strict=True):
                if weight > 0:
                    yield _load(source).to(device), weight
            return
        for member, weight in zip(self.members, self.weights, strict=True):
            if weight > 0:
                yield member, weight

    def _one_member(self, member: nn.Module, x_bchw: Tensor) -> Tensor:
        """Average one member over the symmetries, then vote if votes are hard."""
        average: Tensor | None = None
        network: Callable[[Tensor], Tensor] = member
        if isinstance(member, Model):
            # preprocessing looks at no neighbour: channels turn as the image does
            x_bchw, network = member.preprocess(x_bchw)[0], member.forward_channels
        for element in self._elements:
            turned = self.quantity.transform(x_bchw, element)
            with self._autocast(x_bchw.device):
                logits = network(turned)
            part = self.quantity.value(logits.float())
            part = self.quantity.transform(part, inverse(element))
            average = part.clone() if average is None else average.add_(part)
        if average is None:
            raise ValueError(f"expected at least one symmetry in the set {self.voting.tta!r}")
        average = average.div_(len(self._elements))
        return self._vote(average) if self.voting.hard else average

    def _vote(self, probability_bchw: Tensor) -> Tensor:
        """Replace probabilities by the member's decision, one-hot."""
        chosen = self.quantity.decide(probability_bchw, self.voting.member_threshold)[:, None]
        missing = chosen == IGNORE
        votes = torch.zeros_like(probability_bchw)
        votes.scatter_(1, chosen.long().masked_fill_(missing, 0), 1.0)
        return votes.masked_fill_(missing, torch.nan)

    def _autocast(self, device: torch.device) -> AbstractContextManager[object]:
        """Lower the precision of the networks when asked."""
        wanted = self._precision
        if wanted == "auto":
            wanted = "bf16" if has_fast_bf16(device) else "float32"
        if wanted == "float32" or (wanted == "fp16" and device.type == "cpu"):
            return nullcontext()
        return torch.autocast(device.type, dtype=_DTYPES[wanted])


def _load(member: nn.Module | Callable[[], nn.Module]) -> nn.Module:
    """Return the member itself, ready to predict."""
    module = member if isinstance(member, nn.Module) else member()
    return module.eval()
