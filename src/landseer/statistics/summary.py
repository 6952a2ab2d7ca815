"""What is known of channels when all is counted, as values and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

DEFAULT_LEVELS = (
    0.0,
    0.001,
    0.01,
    0.02,
    0.05,
    0.1,
    0.25,
    0.5,
    0.75,
    0.9,
    0.95,
    0.98,
    0.99,
    0.999,
    1.0,
)
"""Quantile levels that are written when none are asked for."""


@dataclass(frozen=True, slots=True)
class ChannelSummary:
    """One channel in figures; all but the count are None where no pixel is valid.

    Attributes:
        count: valid pixels.
        min, max: smallest and largest.
        mean, std: mean and population standard deviation.
        quantiles: level as text (`"0.01"`) → value.
    """

    count: int
    min: float | None
    max: float | None
    mean: float | None
    std: float | None
    quantiles: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Statistics:
    """The channels of a data set: name → figures, and how many samples were read."""

    channels: Mapping[str, ChannelSummary]
    samples: int

    def to_json(self) -> dict[str, Any]:
        """Return plain values for `write_json`."""
        channels = {name: asdict(channel) for name, channel in self.channels.items()}
        return {"channels": channels, "samples": self.samples}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Statistics:
        """Rebuild from what `to_json` gave."""
        channels = {name: ChannelSummary(**entry) for name, entry in value["channels"].items()}
        return cls(channels, value["samples"])


def level_name(level: float) -> str:
    """Return a quantile level as text: 0.01 → `0.01`, 0 → `0`."""
    return f"{level:.10g}"
