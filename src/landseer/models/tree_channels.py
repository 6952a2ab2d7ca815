"""The channels that trees see: those of the network before normalisation, and what lies around a pixel."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float32, Num
from torch import Tensor, nn
from torch.nn import functional

from landseer.core.bands import Band
from landseer.models.config import PreprocessConfig, SampleMinMax, SampleQuantile, SampleRank
from landseer.models.inputs import plan_inputs
from landseer.models.normalise import build_scaling
from landseer.models.preprocess import Preprocess

_BY_SAMPLE = (SampleRank, SampleQuantile, SampleMinMax)


class TreeChannels(nn.Module):
    """Turn raw digital numbers into what trees see.

    Trees ask whether a number is greater than another: a scaling that is the same everywhere changes none of their
    answers and is left out, and what is missing stays NaN, which they can ask about. Channels that the recipe scales by
    each sample's own values (`sample_rank`, …) are scaled, because there the scaling tells something.

    Args:
        config: recipe key `inputs`.
        bands: all bands of the data set.
        neighbourhood: sides of squares around a pixel, px; mean and deviation of every channel in them follow.

    Attributes:
        names: of the channels, in order; `NAME_mean7` and `NAME_std7` tell of a square of 7 pixels.
        sources: for each of them the channel of the recipe from which it is made.
    """

    def __init__(
        self, config: PreprocessConfig, bands: Sequence[Band], neighbourhood: Sequence[int] = ()
    ) -> None:
        super().__init__()
        self._preprocess = Preprocess(config, plan_inputs(config, bands), ())
        own = self._preprocess.channels
        self._scalings = {
            place: build_scaling(name, config, {})
            for place, name in enumerate(own)
            if name not in config.fixed_range
            and isinstance(config.normalise_channels.get(name, config.normalise), _BY_SAMPLE)
        }
        self._sides = tuple(neighbourhood)
        around = [
            (f"{name}_{figure}{side}", name)
            for side in self._sides
            for figure in ("mean", "std")
            for name in own
        ]
        self.names = (*own, *(name for name, _ in around))
        self.sources = (*own, *(source for _, source in around))

    @property
    def bands(self) -> tuple[Band, ...]:
        """The bands of the raw numbers, in their order."""
        return self._preprocess.plan.bands

    @torch.no_grad()
    def forward(self, x_bchw: Num[Tensor, "b c h w"]) -> Float32[Tensor, "b f h w"]:
        """Compute the channels.

        Args:
            x_bchw: raw digital numbers of `bands`, NaN allowed.

        Returns:
            float32; NaN where something is missing or infinite.

        Raises:
            BandError: `x_bchw` has not these bands.

        Edges: squares end at the border of the image; what is missing in them does not count.
        """
        z_bkhw, valid_bhw = self._preprocess.unscaled(x_bchw)
        z_bkhw.nan_to_num_(nan=math.nan, posinf=math.nan, neginf=math.nan)
        for place, scaling in self._scalings.items():
            missing = z_bkhw[:, place].isnan()
            scaling.apply(z_bkhw[:, place], valid_bhw)
            z_bkhw[:, place].masked_fill_(missing, math.nan)
        if not self._sides:
            return z_bkhw
        return torch.cat([z_bkhw, *(part for s in self._sides for part in _around(z_bkhw, s))], 1)


def _around(z_bkhw: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Return mean and deviation of what is there in the square around each pixel; float64 inside."""
    there = z_bkhw.isfinite().double()
    values = z_bkhw.double().nan_to_num(0.0)
    n, total, squares = (_pooled(x, side) for x in (there, values, values * values))
    mean = total / n
    deviation = (squares / n - mean * mean).clamp(min=0).sqrt()
    return mean.float(), deviation.float()


def _pooled(x_bkhw: Tensor, side: int) -> Tensor:
    """Average over squares, with zeros around the image."""
    return functional.avg_pool2d(x_bkhw, side, stride=1, padding=side // 2)
