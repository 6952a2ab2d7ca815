"""Where normalisation clips a channel, and in words how it scales it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from landseer.models.config import (
    KnownRange,
    MinMax,
    NoNormalise,
    Normalise,
    PreprocessConfig,
    Quantile,
    ZScore,
)
from landseer.statistics.summary import level_name


@dataclass(frozen=True, slots=True)
class Clip:
    """The range that a channel is clamped to (infinite where it is not), and the rule in words."""

    low: float
    high: float
    rule: str

    @property
    def ends(self) -> tuple[float, ...]:
        """The finite ends."""
        return tuple(end for end in (self.low, self.high) if math.isfinite(end))


def clip_of(channel: str, inputs: PreprocessConfig, statistics: Mapping[str, Any]) -> Clip:
    """Return where a channel is clipped: as `models.normalise` does it, without building a network's layer.

    Args:
        channel: its name.
        inputs: recipe key `inputs`.
        statistics: content of statistics.json.

    Edges: infinite ends where nothing is clipped, where each sample is scaled by itself, and where figures are missing.
    """
    if channel in inputs.fixed_range:
        return Clip(*inputs.fixed_range[channel], "its own range")
    rule = inputs.normalise_channels.get(channel, inputs.normalise)
    if isinstance(rule, KnownRange):
        return Clip(rule.low, rule.high, "its own range")
    figures = statistics.get("channels", {}).get(channel, {})
    if isinstance(rule, Quantile):
        quantiles = figures.get("quantiles", {})
        low, high = (quantiles.get(level_name(level)) for level in (rule.low, rule.high))
        return Clip(*_ends(low, high), f"{rule.low:.4g} and {rule.high:.4g} quantiles")
    if isinstance(rule, MinMax):
        return Clip(*_ends(figures.get("min"), figures.get("max")), "minimum and maximum")
    return Clip(-math.inf, math.inf, _unclipped(rule))


def _ends(low: float | None, high: float | None) -> tuple[float, float]:
    """Return the ends, infinite where they are not known."""
    return (-math.inf if low is None else low, math.inf if high is None else high)


def _unclipped(rule: Normalise) -> str:
    """Say how a channel is scaled whose range is not clipped by the whole data set."""
    if isinstance(rule, ZScore):
        return "mean and deviation, not clipped"
    return "as it is" if isinstance(rule, NoNormalise) else "by each sample's own values"
