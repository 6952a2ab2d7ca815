"""What cutting a scene into windows changes: one sample predicted in windows, against itself in one piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from landseer.core.classes import IGNORE
from landseer.core.sides import shares, starts
from landseer.predict.ensemble import Ensemble
from landseer.quantities import ClassMask


@dataclass(frozen=True, slots=True)
class SeamFigure:
    """What windows change.

    Attributes:
        share_changed: of the pixels, those whose class is another; None where the target is no class mask.
        rms: root mean square difference of probabilities, or of values in their unit.
        worst: greatest difference.
    """

    share_changed: float | None
    rms: float
    worst: float

    def text(self) -> str:
        """Say it in one line."""
        classes = "" if self.share_changed is None else f"{self.share_changed:.4%} of the classes, "
        return f"windows change {classes}values by {self.rms:.2g} (RMS), {self.worst:.2g} at most"


def seam_figure(
    ensemble: Ensemble,
    image_bchw: Tensor,
    *,
    window_px: int,
    overlap_px: int,
    border_px: int | None = None,
    gsd_m: Tensor | None = None,
    target: str | None = None,
    stride_px: int = 1,
) -> SeamFigure:
    """Compare a sample predicted in windows with the sample predicted in one piece.

    Args:
        ensemble: on its device.
        image_bchw: (1, c, h, w) raw numbers, larger than a window: what the device can hold in one piece.
        window_px: side of the windows.
        overlap_px: the least overlap of neighbours; windows are evenly spread.
        border_px: discarded at sides with a neighbour; None: see `taper`.
        gsd_m: (1,) as the ensemble takes it.
        target: the dense target to look at; None takes the class mask, or the first dense one.
        stride_px: of the networks; windows but the last start at multiples of it.

    Raises:
        ValueError: there is no such dense target.

    Edges: pixels without data in either count nowhere; where there are none at all the figures are 0.
    """
    name = _dense(ensemble, target)
    whole = ensemble(image_bchw, gsd_m)[name]
    height, width = image_bchw.shape[-2:]
    rows = _Side.cover(height, window_px, overlap_px, border_px, stride_px)
    cols = _Side.cover(width, window_px, overlap_px, border_px, stride_px)
    total = torch.zeros_like(whole)
    for row in rows:
        for col in cols:
            place = slice(row.start, row.stop), slice(col.start, col.stop)
            values = ensemble(image_bchw[..., *place], gsd_m)
            weights = row.weights.to(whole)[:, None] * col.weights.to(whole)
            total[..., *place] += values[name] * weights
    return _compare(ensemble, name, total, whole)


@dataclass(frozen=True, slots=True)
class _Side:
    """Where a window lies along one side of a scene, and how much its pixels count."""

    start: int
    stop: int
    weights: Tensor

    @classmethod
    def cover(
        cls, length: int, window_px: int, overlap_px: int, border_px: int | None, stride_px: int
    ) -> list[_Side]:
        """Cover a side with windows as a plan does."""
        size, places = min(window_px, length), starts(length, window_px, overlap_px, stride_px)
        return [
            cls(start, start + size, torch.from_numpy(weights))
            for start, weights in shares(places, size, border_px).items()
        ]


def _compare(ensemble: Ensemble, target: str, tiled: Tensor, whole: Tensor) -> SeamFigure:
    """Compare two predictions, (1, n, h, w), of a target."""
    apart = torch.nan_to_num(tiled - whole).abs()
    changed = None
    if isinstance(ensemble.quantities[target], ClassMask):
        one, other = (ensemble.decide(values, target) for values in (tiled, whole))
        both = (one != IGNORE) & (other != IGNORE)
        changed = float((one != other)[both].float().mean()) if both.any() else 0.0
    return SeamFigure(changed, float(apart.square().mean().sqrt()), float(apart.max()))


def _dense(ensemble: Ensemble, target: str | None) -> str:
    """Return the target to look at."""
    dense = [name for name, quantity in ensemble.quantities.items() if quantity.extent == "dense"]
    masks = [name for name in dense if isinstance(ensemble.quantities[name], ClassMask)]
    wanted: Sequence[str] = [*masks, *dense] if target is None else [target]
    if not wanted or wanted[0] not in dense:
        raise ValueError(
            f"expected a dense target; got {target or 'none'} of {list(ensemble.quantities)}"
        )
    return wanted[0]
