"""Samples in slices: the network sees small windows of a sample, and what it says of them is averaged by weights.

Training draws slices at random places (`augment.crop_px`); validation, out-of-fold predictions and maps cover a sample
with them. Where slices start and what their pixels weigh is the same arithmetic in all three (`core.sides`).

Legend of shapes: b samples, c bands, h and w of a sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from landseer.core.sides import shares, starts
from landseer.models.model import Model
from landseer.models.slices_config import Slices

Ask = Callable[[Tensor, Tensor | None], Mapping[str, Tensor]]
"""Says of (b, c, h, w) raw numbers, and of (b,) ground sample distances, what there is to say, by name."""


def in_slices(
    ask: Ask, model: Model, x_bchw: Tensor, gsd_m: Tensor | None = None
) -> dict[str, Tensor]:
    """Ask about samples in the model's slices, and put the answers together.

    Args:
        ask: what is asked, once for each place of a slice; answers of four axes lie on the pixels they are of.
        model: says how samples are sliced, and how its targets are averaged.
        x_bchw: raw numbers, NaN allowed.
        gsd_m: (b,) ground sample distance; a slice has that of its sample.

    Returns:
        What `ask` gives, on the pixels of the samples. Answers of the whole image are averaged by how much of a slice
        has data: targets by the law of their quantity, others plainly.

    Edges: models without slices, and samples no larger than one, are asked about as they are. Whole-image answers are
        NaN where a sample has no data.
    """
    slices, (height, width) = model.slices, x_bchw.shape[-2:]
    if slices is None or max(height, width) <= slices.size_px:
        return dict(ask(x_bchw, gsd_m))
    together = _Together(model, height, width)
    for rows, down in _cover(height, slices, model.cell_px):
        for cols, across in _cover(width, slices, model.cell_px):
            part = x_bchw[..., rows, cols]
            weights = (down[:, None] * across).to(x_bchw.device)
            together.add(ask(part, gsd_m), part, (rows, cols), weights)
    return together.answers()


def _cover(length: int, slices: Slices, cell_px: int) -> Iterator[tuple[slice, Tensor]]:
    """Yield the slices along one side with the weights of their pixels, which add up to 1."""
    size = min(slices.size_px, length)
    places = starts(length, slices.size_px, slices.overlap_px, cell_px)
    for start, weights in shares(places, size).items():
        yield slice(start, start + size), torch.from_numpy(weights)


class _Together:
    """Sums of what was said of the slices so far."""

    def __init__(self, model: Model, height: int, width: int) -> None:
        self._model, self._size = model, (height, width)
        self._sums: dict[str, Tensor] = {}
        self._shares: Any = 0.0

    def add(
        self,
        answers: Mapping[str, Tensor],
        x_bchw: Tensor,
        place: tuple[slice, slice],
        weights_hw: Tensor,
    ) -> None:
        """Add what was said of one slice of each sample."""
        dense = {name: answer for name, answer in answers.items() if answer.ndim == 4}
        for name, answer in dense.items():
            if name not in self._sums:  # float32, whatever the answer is
                self._sums[name] = weights_hw.new_zeros(*answer.shape[:2], *self._size)
            self._sums[name][..., *place] += answer * weights_hw
        if len(dense) < len(answers):
            self._add_numbers({n: a for n, a in answers.items() if n not in dense}, x_bchw)

    def _add_numbers(self, answers: Mapping[str, Tensor], x_bchw: Tensor) -> None:
        """Add what was said of each slice as a whole, by how much of it has data; without any it says nothing."""
        share_b1 = self._model.preprocess.has_data(x_bchw).float().mean((1, 2))[:, None]
        self._shares = self._shares + share_b1
        for name, answer in answers.items():
            quantity = self._model.quantities.get(name)
            part = answer if quantity is None else quantity.to_mean(answer)
            known = torch.where(share_b1 > 0, part * share_b1, 0.0)
            self._sums[name] = self._sums.get(name, 0.0) + known

    def answers(self) -> dict[str, Tensor]:
        """Return the averages."""
        return {name: self._finished(name, sums) for name, sums in self._sums.items()}

    def _finished(self, name: str, sums: Tensor) -> Tensor:
        """Return one average: weights of pixels add up to 1, shares of slices do not."""
        if sums.ndim == 4:
            return sums
        quantity = self._model.quantities.get(name)
        mean = sums / self._shares
        return mean if quantity is None else quantity.from_mean(mean)
