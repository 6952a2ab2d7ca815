"""Members times views, averaged on the device as they come, each target as its quantity wants it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import torch
from torch import Tensor, nn

from landseer.core.classes import IGNORE
from landseer.models.device import has_fast_bf16
from landseer.models.fuse import fused
from landseer.models.model import Model
from landseer.predict.calibrated import CALIBRATED, CalibratorSpec
from landseer.predict.means import Means, Values
from landseer.predict.viewed import look, unlook
from landseer.quantities import ClassMask, Gsd, Motion, Quantity
from landseer.quantities.views import View, parse_views

Precision = Literal["auto", "float32", "bf16", "fp16"]
"""What networks compute in; `auto` takes bf16 where the device multiplies it fast. Averages are float32."""

ENTROPY = "_entropy"
"""By this name stands the average over members of each one's entropy of the class mask, where it is asked for."""

_VOTE_TOLERANCE = 1e-6
_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
_GSD = Gsd()


@dataclass(frozen=True, slots=True)
class Voting:
    """How members become one prediction.

    Attributes:
        weights: one per member, >= 0; only their ratios matter. Empty gives all members the same.
        tta: name of the set of views; see `quantities.views`.
        hard: members vote with their decisions on class masks instead of their probabilities.
        threshold: two classes: class 1 where its average >= this; None takes the greatest.
        member_threshold: the same for each member's own decision when votes are hard.
        class_factors: one per class, by which probabilities are multiplied before the greatest is taken; empty: as
            they are.
        class_thresholds: one per class but the first, see `ClassMask.decide`; empty: none.
        member_tta: the set of views of each member, where they differ; empty: all see `tta`.
        voices: number of the voice of each member, those of one beside each other: they are averaged by their weights
            before they vote or are calibrated, as the epochs of one training are. Empty: each is a voice of its own.
    """

    weights: tuple[float, ...] = ()
    tta: str = "none"
    hard: bool = False
    threshold: float | None = None
    member_threshold: float | None = None
    class_factors: tuple[float, ...] = ()
    class_thresholds: tuple[float, ...] = ()
    member_tta: tuple[str, ...] = ()
    voices: tuple[int, ...] = ()


class Ensemble(nn.Module):
    """Average members and views into one prediction.

    The averages are running weighted sums in float32: memory does not grow with the number of members or views.

    Args:
        members: modules raw x_bchw (and gsd_b) -> outputs by target, or functions that load one.
        quantities: by target, what the outputs mean, and how they follow an image's motion.
        voting: weights, views, votes and thresholds.
        precision: what the networks compute in.
        keep_loaded: hold all members on the device; false loads them one after another at each call, which
            is slower and holds one.
        with_entropy: also average the members' entropies of the class mask (`ENTROPY`), (b, 1, h, w) as a share of the
            greatest possible.
        calibrator: what calibrates the class mask; where that is each member, the average of what comes out of it is
            there too (`CALIBRATED`), unless `with_calibrated` is set to false.

    Models are fused as they are loaded (`models.fuse`); those that were given stay as they are.
    """

    def __init__(
        self,
        members: Sequence[nn.Module | Callable[[], nn.Module]],
        quantities: Mapping[str, Quantity],
        voting: Voting | None = None,
        *,
        precision: Precision = "float32",
        keep_loaded: bool = True,
        with_entropy: bool = False,
        calibrator: CalibratorSpec | None = None,
    ) -> None:
        super().__init__()
        self.with_entropy, self.with_calibrated = with_entropy, True
        self.calibrator = calibrator
        if not members:
            raise ValueError("expected at least one member; got none")
        self.quantities, self.voting = dict(quantities), voting or Voting()
        self.weights = self.voting.weights or (1.0,) * len(members)
        if len(self.weights) != len(members) or min(self.weights) < 0 or sum(self.weights) <= 0:
            raise ValueError(
                f"expected {len(members)} weights >= 0, some above 0; got {self.weights}"
            )
        names = self.voting.member_tta or (self.voting.tta,) * len(members)
        if len(names) != len(members):
            raise ValueError(f"expected {len(members)} sets of views; got {len(names)}")
        self._views = tuple(parse_views(name) for name in names)
        self._voices = self.voting.voices or tuple(range(len(members)))
        if len(self._voices) != len(members):
            raise ValueError(f"expected {len(members)} voices; got {len(self._voices)}")
        self._precision = precision
        self._device_holder = nn.Parameter(torch.empty(0), requires_grad=False)
        self._sources = tuple(members) if not keep_loaded else ()
        self.members = nn.ModuleList(
            [self._load(member) for member in members] if keep_loaded else []
        )

    @property
    def device(self) -> torch.device:
        """The device that the ensemble computes on."""
        return self._device_holder.device

    @property
    def first(self) -> nn.Module:
        """The first member, loaded anew where members are not kept."""
        return self._load(self._sources[0]) if self._sources else self.members[0]

    @torch.inference_mode()
    def forward(self, x_bchw: Tensor, gsd_m: Tensor | None = None) -> Values:
        """Return the averaged values.

        Args:
            x_bchw: (b, c, h, w) float32 raw numbers, NaN allowed.
            gsd_m: (b,) ground sample distance, NaN where not known; None where no head asks for it.

        Returns:
            By target, on the device of `x_bchw`: probabilities, metres, unit vectors, …
        """
        means, further, total = Means(self.quantities), Values(), 0.0
        for one, weight in self._weighted_voices(x_bchw, gsd_m):
            means.add(one, weight)
            for name, plane in self._further(one).items():
                further[name] = further.get(name, 0) + weight * plane
            total += weight
        return means.values() | {name: planes / total for name, planes in further.items()}

    @property
    def further_planes(self) -> dict[str, int]:
        """What is averaged besides the targets, with its number of planes."""
        planes = {ENTROPY: 1} if self.with_entropy else {}
        if self.calibrator is None or self.calibrator.where != "member" or not self.with_calibrated:
            return planes
        return planes | {CALIBRATED: self.quantities[self._mask_name()].n_outputs}

    def _further(self, values: Values) -> Values:
        """Return what is averaged besides the targets, of one member."""
        makers: dict[str, Callable[[Tensor], Tensor]] = {ENTROPY: _entropy}
        if self.calibrator is not None:
            makers[CALIBRATED] = self.calibrator
        return {name: makers[name](values[self._mask_name()]) for name in self.further_planes}

    def calibrated(self, values: Mapping[str, Tensor], target: str) -> Tensor:
        """Return the probabilities of a class mask that are to be written: (b, c, h, w) on their device.

        Args:
            values: averaged, as `forward` gives them.
            target: name of the mask.
        """
        if CALIBRATED in values:
            return values[CALIBRATED]
        average = values[target]
        return average if self.calibrator is None else self.calibrator(average)

    def _mask_name(self) -> str:
        """Return the name of the class mask.

        Raises:
            KeyError: there is none.
        """
        return next(name for name, q in self.quantities.items() if isinstance(q, ClassMask))

    def decide(self, probability_bchw: Tensor, target: str | None = None) -> Tensor:
        """Turn averaged probabilities of a class mask into (b, h, w) uint8 class numbers; see `ClassMask.decide`.

        Args:
            probability_bchw: of the mask.
            target: its name; None takes the only one.

        Edges: shares of hard votes reach the threshold when they miss it by less than 1e-6, so that half of the
            votes is half whatever the rounding.
        """
        threshold = self.voting.threshold
        if threshold is not None and self.voting.hard:
            threshold -= _VOTE_TOLERANCE
        limits = self.voting.class_thresholds or threshold
        factors = self.voting.class_factors or None
        return self._mask(target).decide(probability_bchw, limits, factors)

    def _mask(self, target: str | None) -> ClassMask:
        """Return the class mask of this name, or the only one."""
        for name, quantity in self.quantities.items():
            if isinstance(quantity, ClassMask) and target in (None, name):
                return quantity
        raise KeyError(f"no class mask {target or ''}".strip())

    def _weighted_voices(
        self, x_bchw: Tensor, gsd_m: Tensor | None
    ) -> Iterator[tuple[Values, float]]:
        """Yield what voices of positive weight say, loading members as they are needed when they are not kept.

        Averages of averages round otherwise than one average: voices are made only where they matter.
        """
        members, device = self._sources or self.members, x_bchw.device
        voices = self._voices if self._speak_together else range(len(members))
        every = zip(voices, members, self._views, self.weights, strict=True)
        apart = (each for each in every if each[-1] > 0)
        for _, voice in groupby(apart, lambda each: each[0]):
            means, alone, total = Means(self.quantities), Values(), 0.0
            for _, member, views, weight in voice:
                one = self._one_member(self._ready(member, device), views, x_bchw, gsd_m)
                means.add(one, weight)
                alone = {} if total else one
                total += weight
            values = alone or means.values()
            yield self._vote(values) if self.voting.hard else values, total

    @property
    def _speak_together(self) -> bool:
        """Whether it matters that members of one voice are averaged first."""
        is_calibrated = self.calibrator is not None and self.calibrator.where == "member"
        return self.voting.hard or is_calibrated

    def _ready(
        self, member: nn.Module | Callable[[], nn.Module], device: torch.device
    ) -> nn.Module:
        """Return a member that is kept, or load it."""
        if isinstance(member, nn.Module) and not self._sources:
            return member
        return self._load(member).to(device)

    @staticmethod
    def _load(member: nn.Module | Callable[[], nn.Module]) -> nn.Module:
        """Return the member, ready to predict."""
        module = (member if isinstance(member, nn.Module) else member()).eval()
        return fused(module) if isinstance(module, Model) else module

    def _one_member(
        self,
        member: nn.Module,
        views: Sequence[View],
        x_bchw: Tensor,
        gsd_m: Tensor | None,
    ) -> Values:
        """Average one member over the views."""
        means = Means(self.quantities)
        network: Callable[..., Mapping[str, Tensor]] = member
        if isinstance(member, Model):
            # preprocessing looks at no neighbour: channels turn as the image does
            x_bchw, network = member.preprocess(x_bchw), member.forward_channels
        for view in views:
            seen, motion = look(x_bchw, view)
            cue = None if gsd_m is None else _GSD.moved(gsd_m, motion)
            with self._autocast(x_bchw.device):
                outputs = network(seen) if cue is None else network(seen, cue)
            means.add(self._undone(outputs, view, motion, x_bchw), 1.0)
        return means.values()

    def _undone(
        self, outputs: Mapping[str, Tensor], view: View, motion: Motion, x_bchw: Tensor
    ) -> Values:
        """Bring what a view's outputs say back to the image itself."""
        return {
            name: unlook(quantity, quantity.value(outputs[name].float()), view, motion, x_bchw)
            for name, quantity in self.quantities.items()
        }

    def _vote(self, values: Values) -> Values:
        """Replace probabilities of class masks by the member's decision, one-hot."""
        return {
            name: self._votes(quantity, values[name])
            if isinstance(quantity, ClassMask)
            else values[name]
            for name, quantity in self.quantities.items()
        }

    def _votes(self, quantity: ClassMask, probability_bchw: Tensor) -> Tensor:
        """Return one-hot decisions, NaN where nothing is decided."""
        chosen = quantity.decide(probability_bchw, self.voting.member_threshold)[:, None]
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


def _entropy(probability_bchw: Tensor) -> Tensor:
    """Return (b, 1, h, w) entropies as a share of the greatest possible."""
    total = torch.special.entr(probability_bchw.clamp(0, 1)).sum(dim=1, keepdim=True)
    return total / math.log(probability_bchw.shape[1])
