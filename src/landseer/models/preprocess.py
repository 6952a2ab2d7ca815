"""Preprocessing as a layer: raw digital numbers in, normalised channels out, the same in training and on a scene.

In this order, per pixel:

1. nodata: a value equal to its band's nodata becomes NaN; then value * scale + offset.
2. valid: a pixel is valid where at least one reflectance band (one band of any kind, where there is no such) is
   finite and the formula `valid` holds. This changes no value; it says which pixels count.
3. indices: from the values of step 1, in float32 also under autocast; what cannot be computed is NaN.
4. masking: where `keep_index_where` does not hold, indices become NaN, but for those that the catalogue exempts (a
   water mask from elevation is as good under a corrupted pixel).
5. fill: NaN becomes the channel's minimum, mean or zero; +inf its maximum, -inf its minimum.
6. normalise: by the statistics of the data set, by the sample's own valid pixels, or by a fixed range.

No step looks at a neighbour, and the sample kinds look at their own sample alone: a batch gives what its samples
give. Padding to the network's stride comes after, in `model`, as zeros of the normalised channels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import torch
from jaxtyping import Bool, Float, Float32, Num
from torch import Tensor, nn

from landseer.core.bands import Band
from landseer.errors import BandError
from landseer.models.config import PreprocessConfig
from landseer.models.inputs import InputPlan, plan_inputs
from landseer.models.normalise import KnownScaling, Scaling, Statistics, build_scaling
from landseer.spectral.compute import variables_from
from landseer.spectral.program import Program

__all__ = ["Preprocess", "PreprocessConfig", "build_preprocess"]

_HALVES = (torch.float16, torch.bfloat16)


class Preprocess(nn.Module):
    """Turn raw digital numbers into normalised channels; see the file's head for the steps.

    It has no parameters and no buffers: all it knows is in the recipe and in the statistics, and neither moving the
    model nor casting it to half precision changes its numbers.

    Attributes:
        config: recipe key `inputs`.
        plan: bands, channels and formulas.
        channels: names of the channels, in order.
    """

    def __init__(
        self, config: PreprocessConfig, plan: InputPlan, scalings: Sequence[Scaling]
    ) -> None:
        super().__init__()
        self.config, self.plan, self.channels = config, plan, plan.channels
        self._scalings = tuple(scalings)
        self._program = Program([index.formula.tree for index in plan.indices])
        optical = [band for band in plan.bands if band.kind == "reflectance"]
        self._looked_at = [band.name for band in optical or plan.bands]
        self._knows_all = all(isinstance(scaling, KnownScaling) for scaling in scalings)

    @property
    def channel_codes(self) -> dict[str, tuple[str, ...]]:
        """Band codes by channel name, in channel order."""
        return self.plan.channel_codes

    @torch.no_grad()
    def forward(self, x_bchw: Num[Tensor, "b c h w"]) -> Float32[Tensor, "b k h w"]:
        """Preprocess a batch.

        Args:
            x_bchw: raw digital numbers of `plan.bands`, in that order; any float or integer type, NaN allowed.

        Returns:
            (b, k, h, w) float32 channels, finite.

        Raises:
            BandError: `x_bchw` has not the bands of the plan.
        """
        self._check(x_bchw)
        x_bchw = x_bchw.float() if x_bchw.dtype in _HALVES else x_bchw
        b, _, h, w = x_bchw.shape
        z_bkhw = x_bchw.new_empty((b, len(self.channels), h, w), dtype=torch.float32)
        with torch.autocast(x_bchw.device.type, enabled=False):
            for part in _parts(x_bchw):
                self._fill_in(x_bchw[part], z_bkhw[part])
        return z_bkhw

    @torch.no_grad()
    def mask_nodata(self, x_bchw: Num[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Turn nodata values into NaN and leave all else raw, so that nothing mixes them in before `forward`.

        Args:
            x_bchw: raw digital numbers of `plan.bands`.

        Returns:
            A new tensor, float32 (float64 where `x_bchw` is); `forward` gives the same for it as for `x_bchw`.

        Raises:
            BandError: as `forward`.
        """
        self._check(x_bchw)
        masked = x_bchw.to(torch.promote_types(x_bchw.dtype, torch.float32), copy=True)
        for position, band in enumerate(self.plan.bands):
            if band.nodata is not None:
                masked[:, position].masked_fill_(x_bchw[:, position] == band.nodata, math.nan)
        return masked

    @torch.no_grad()
    def has_data(self, x_bchw: Num[Tensor, "b c h w"]) -> Bool[Tensor, "b h w"]:
        """Tell which pixels any measuring band has data of, whatever the formula `valid` says.

        Args:
            x_bchw: raw digital numbers of `plan.bands`.
        """
        masked = self.mask_nodata(x_bchw)
        names = [band.name for band in self.plan.bands]
        looked_at = [names.index(name) for name in self._looked_at]
        return masked[:, looked_at].isfinite().any(1)

    @torch.no_grad()
    def unscaled(
        self, x_bchw: Num[Tensor, "b c h w"]
    ) -> tuple[Float32[Tensor, "b k h w"], Bool[Tensor, "b h w"]]:
        """Compute the channels as they are before step 5: physical values, NaN where something is missing.

        Args:
            x_bchw: as of `forward`.

        Returns:
            (b, k, h, w) float32 channels, some infinite perhaps; (b, h, w) bool, True where a pixel is usable.

        Raises:
            BandError: as `forward`.
        """
        self._check(x_bchw)
        x_bchw = x_bchw.float() if x_bchw.dtype in _HALVES else x_bchw
        variables = variables_from(x_bchw, self.plan.bands)
        b, _, h, w = x_bchw.shape
        z_bkhw = x_bchw.new_empty((b, len(self.channels), h, w), dtype=torch.float32)
        with torch.autocast(x_bchw.device.type, enabled=False):
            for position, values in self._unscaled(variables):
                z_bkhw[:, position].copy_(values)
            return z_bkhw, self._usable(variables)

    def _check(self, x_bchw: Tensor) -> None:
        """Refuse tensors that have not the bands of the plan."""
        if x_bchw.ndim != 4 or x_bchw.shape[1] != len(self.plan.bands):
            names = ", ".join(band.name for band in self.plan.bands)
            raise BandError(
                f"expected (b, {len(self.plan.bands)}, h, w) with the bands {names}; got {tuple(x_bchw.shape)}"
            )

    def _fill_in(self, x_bchw: Tensor, z_bkhw: Tensor) -> None:
        """Compute channels of some samples into the given tensor, plane by plane."""
        variables = variables_from(x_bchw, self.plan.bands)
        unknown = x_bchw.new_empty(0, dtype=torch.bool)  # which no known scaling looks at
        valid_bhw = unknown if self._knows_all else self._usable(variables)
        for position, values in self._unscaled(variables):
            plane = z_bkhw[:, position]
            plane.copy_(values)
            self._scalings[position].apply(plane, valid_bhw)

    def _usable(self, variables: Mapping[str, Tensor]) -> Tensor:
        """Step 2: which pixels count."""
        usable = _is_finite(variables[self._looked_at[0]])
        for name in self._looked_at[1:]:
            usable |= _is_finite(variables[name])
        if self.plan.valid is not None:
            usable &= self.plan.valid(variables)
        return usable

    def _unscaled(self, variables: Mapping[str, Tensor]) -> Iterator[tuple[int, Tensor]]:
        """Steps 3 and 4: yield position and values of each channel."""
        n = self.plan.n_band_channels
        for position, band in enumerate(self.plan.bands[:n]):
            yield position, variables[band.name]
        missing = (
            None  # 0 where an index is kept, NaN elsewhere: adding is much faster than masking
        )
        if self.plan.keep is not None:
            missing = torch.where(self.plan.keep(variables), 0.0, math.nan)
        for number, values in self._program.each(variables):
            is_masked = missing is not None and self.plan.indices[number].masked
            yield n + number, values + missing if is_masked else values


def build_preprocess(
    config: PreprocessConfig, bands: Sequence[Band], statistics: Statistics
) -> Preprocess:
    """Build the preprocessing of a recipe.

    Args:
        config: recipe key `inputs`.
        bands: all bands of the data set.
        statistics: content of statistics.json; may be empty where each sample is scaled by itself.

    Raises:
        BandError: a band is not in the data set.
        FormulaError: an index or a formula does not fit the data.
        DataError: the statistics lack a channel or a figure, or a channel does not vary.
    """
    plan = plan_inputs(config, bands)
    return Preprocess(config, plan, [build_scaling(n, config, statistics) for n in plan.channels])


def _is_finite(x: Tensor) -> Tensor:
    """Return where values are finite: x - x is 0 there and NaN elsewhere."""
    return x.sub(x) == 0 if x.dtype.is_floating_point else torch.ones_like(x, dtype=torch.bool)


def _parts(x_bchw: Tensor) -> list[slice]:
    """Take samples one by one on a CPU, where one fits the cache; all at once elsewhere and while being traced."""
    if x_bchw.device.type != "cpu" or torch.compiler.is_compiling():
        return [slice(None)]
    return [slice(i, i + 1) for i in range(x_bchw.shape[0])]
