"""Filling and scaling a channel: what a missing value becomes, and which range becomes [0, 1]."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from landseer.errors import DataError
from landseer.models.config import (
    FillRule,
    KnownRange,
    MinMax,
    NoNormalise,
    PreprocessConfig,
    Quantile,
    SampleMinMax,
    SampleQuantile,
    SampleRank,
    ZScore,
)

Statistics = Mapping[str, Any]
"""Content of statistics.json: figures by channel name under `channels`."""

DataSetNormalise = Quantile | ZScore | MinMax | NoNormalise


@dataclass(frozen=True, slots=True)
class KnownScaling:
    """A scaling that is known before any sample is seen: z = (clamp(x) - shift) / span.

    Attributes:
        fill: what NaN becomes.
        lowest, highest: what -inf and +inf become.
        low, high: clamping range; infinite where nothing is clamped.
        shift, span: subtracted, then divided by.
    """

    fill: float
    lowest: float
    highest: float
    low: float
    high: float
    shift: float
    span: float

    def apply(self, x_bhw: Tensor, valid_bhw: Tensor) -> None:
        """Fill and scale one float32 channel, in place; `valid_bhw` is not looked at."""
        x_bhw.nan_to_num_(nan=self.fill, posinf=self.highest, neginf=self.lowest)
        if math.isfinite(self.low):
            x_bhw.clamp_(self.low, self.high)
        x_bhw.sub_(self.shift).div_(self.span)


@dataclass(frozen=True, slots=True)
class SampleScaling:
    """A scaling by each sample's own valid, finite values.

    Attributes:
        normalise: which range becomes [0, 1].
        fill: a missing value becomes the sample's minimum, its mean, or zero.
    """

    normalise: SampleQuantile | SampleMinMax
    fill: FillRule

    def apply(self, x_bhw: Tensor, valid_bhw: Tensor) -> None:
        """Fill and scale one float32 channel of some samples, in place.

        Edges: a sample without a valid value, or with all of them alike, becomes 0 throughout.
        Source: quantiles are interpolated linearly between the sorted values, as numpy does by default.
        """
        # NaN where a value is not finite (x - x) or not valid (0 / 0): arithmetic is much faster than masking
        values = (x_bhw + (x_bhw - x_bhw) + 0.0 / valid_bhw.float()).flatten(1)
        n = (values == values).sum(dim=1)
        least = values.nan_to_num(nan=math.inf).amin(dim=1)
        most = values.nan_to_num(nan=-math.inf).amax(dim=1)
        low, high = self._range(values, n, least, most)
        low, high = (torch.where(n > 0, end, 0.0)[:, None, None] for end in (low, high))
        if self.fill != "minimum":
            mean = torch.where(n > 0, values.nansum(dim=1) / n, 0.0)[:, None, None]
            x_bhw.copy_(torch.where(x_bhw.isnan(), mean if self.fill == "mean" else 0.0, x_bhw))
        clamped = torch.fmax(x_bhw, low).minimum(high)  # fmax gives low for NaN
        span = torch.where(high > low, high - low, math.inf)
        x_bhw.copy_((clamped - low) / span)

    def _range(
        self, values_bn: Tensor, n_b: Tensor, least_b: Tensor, most_b: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return what becomes 0 and 1."""
        if isinstance(self.normalise, SampleMinMax):
            return least_b, most_b
        ordered = values_bn.sort(dim=1).values  # NaN last
        return _at(ordered, n_b, self.normalise.low), _at(ordered, n_b, self.normalise.high)


@dataclass(frozen=True, slots=True)
class RankScaling:
    """A scaling by rank among each sample's own valid, finite values: shares in [0, 1], missing values 0."""

    def apply(self, x_bhw: Tensor, valid_bhw: Tensor) -> None:
        """Rank one float32 channel of some samples, in place.

        Edges: ties share the middle of their ranks; invalid but finite pixels are ranked among the valid ones; a
        sample without a valid value becomes 0 throughout.
        """
        for plane, valid in zip(x_bhw, valid_bhw, strict=True):
            ordered = plane[valid & plane.isfinite()].sort().values
            values = plane.nan_to_num(nan=-math.inf).contiguous()
            below = torch.searchsorted(ordered, values)
            upto = torch.searchsorted(ordered, values, right=True)
            plane.copy_((below + upto) / (2 * max(1, len(ordered))))


Scaling = KnownScaling | SampleScaling | RankScaling


def _at(ordered_bn: Tensor, n_b: Tensor, level: float) -> Tensor:
    """Read a quantile off the first n of the sorted values."""
    place = level * (n_b - 1).clamp(min=0).double()
    below, above = place.floor(), place.ceil()
    a, b = (ordered_bn.gather(1, at.long()[:, None])[:, 0] for at in (below, above))
    return torch.lerp(a, b, (place - below).to(a.dtype))


def build_scaling(name: str, config: PreprocessConfig, statistics: Statistics) -> Scaling:
    """Return the scaling of one channel.

    Args:
        name: of the channel.
        config: recipe key `inputs`; a fixed range goes before `normalise`.
        statistics: of the data set; not looked at where they are not needed.

    Raises:
        DataError: the channel, or a figure of it, is not in the statistics, is not finite, or does not spread.
    """
    if name in config.fixed_range:
        return _range_scaling(*config.fixed_range[name], config.fill)
    normalise = config.normalise_channels.get(name, config.normalise)
    if isinstance(normalise, KnownRange):
        return _range_scaling(normalise.low, normalise.high, config.fill)
    if isinstance(normalise, SampleRank):
        return RankScaling()
    if isinstance(normalise, SampleQuantile | SampleMinMax):
        return SampleScaling(normalise, config.fill)
    return _statistics_scaling(_Figures(name, statistics), normalise, config.fill)


def _range_scaling(low: float, high: float, fill: FillRule) -> KnownScaling:
    """Scale a known range to [0, 1]; a missing value becomes its low end, its middle, or zero."""
    value = {"minimum": low, "mean": (low + high) / 2, "zero": 0.0}[fill]
    return KnownScaling(value, low, high, low, high, low, high - low)


def _statistics_scaling(
    figures: _Figures, normalise: DataSetNormalise, fill: FillRule
) -> KnownScaling:
    """Scale a channel by the statistics of the whole data set."""
    low, high, shift, span = _BY_STATISTICS[normalise.kind](figures, normalise)
    if not span > 0:
        raise DataError(
            f"expected a channel that varies; {figures.name!r} runs from {low:g} to {high:g}, spread {span:g}",
            where=f"statistics of {figures.name}",
            do=f"give it a range with inputs.fixed_range.{figures.name}, or leave the channel away",
        )
    value = 0.0 if fill == "zero" else figures["min" if fill == "minimum" else "mean"]
    return KnownScaling(value, figures["min"], figures["max"], low, high, shift, span)


class _Figures:
    """The figures of one channel, with errors that say which one is missing."""

    def __init__(self, name: str, statistics: Statistics) -> None:
        channels = statistics.get("channels", {})
        if name not in channels:
            raise _missing(name, f"statistics of channel {name!r}", ", ".join(channels) or "none")
        self.name, self._values = name, channels[name]
        quantiles = self._values.get("quantiles", {})
        self._quantiles = {float(level): value for level, value in quantiles.items()}

    def __getitem__(self, key: str) -> float:
        return self._finite(key, self._values.get(key), list(self._values))

    def quantile(self, level: float) -> float:
        """Return a quantile."""
        return self._finite(
            f"quantile {level:g}", self._quantiles.get(level), list(self._quantiles)
        )

    def _finite(self, what: str, value: float | None, there: list[Any]) -> float:
        """Refuse what is missing or not finite."""
        if value is None:
            raise _missing(self.name, f"{what} of {self.name!r}", ", ".join(map(str, there)))
        if not math.isfinite(value):
            raise _missing(self.name, f"a finite {what} of {self.name!r}", str(value))
        return float(value)


def _missing(name: str, expected: str, came: str) -> DataError:
    """Say which figure is missing."""
    return DataError(
        f"expected {expected}; got {came}",
        where=f"statistics of {name}",
        do="run the statistics stage again with these inputs",
    )


def _quantile(figures: _Figures, config: Quantile) -> tuple[float, float, float, float]:
    low, high = figures.quantile(config.low), figures.quantile(config.high)
    return low, high, low, high - low


def _minmax(figures: _Figures, config: MinMax) -> tuple[float, float, float, float]:
    return figures["min"], figures["max"], figures["min"], figures["max"] - figures["min"]


def _zscore(figures: _Figures, config: ZScore) -> tuple[float, float, float, float]:
    return -math.inf, math.inf, figures["mean"], figures["std"]


def _nothing(figures: _Figures, config: NoNormalise) -> tuple[float, float, float, float]:
    return -math.inf, math.inf, 0.0, 1.0


_BY_STATISTICS: dict[str, Callable[[_Figures, Any], tuple[float, float, float, float]]] = {
    "quantile": _quantile,
    "minmax": _minmax,
    "zscore": _zscore,
    "none": _nothing,
}
# each gives: clamp from, clamp to, shift, span
