"""What a learning-rate range test says: the loss while the rate rises, and a rate to begin with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.errors import DataError
from landseer.tune.config import LrRangeConfig

FEWEST = 10
"""Steps from which the test says anything."""

WINDOW = 0.5
"""Width over which the fall of the loss is measured, decades of the rate."""


@dataclass(frozen=True, slots=True)
class LrRange:
    """A learning-rate range test.

    Attributes:
        rates: (n,) learning rate of each step, rising.
        losses: (n,) loss of each step, before the weights changed.
        smoothed: (n,) running mean of the loss without spikes, corrected for its start.
        suggested: the rate at which the smoothed loss falls most steeply.
        lowest: the rate at which it is least.
        is_falling: whether it falls at all.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smoothed: NDArray[np.float64]
    suggested: float
    lowest: float
    is_falling: bool

    def sentence(self) -> str:
        """Say which rate to begin with."""
        if not self.is_falling:
            return (
                f"The loss did not fall between {self.rates[0]:.1e} and {self.rates[-1]:.1e}: nothing to suggest; "
                "try other ends (tune.lr_range)."
            )
        return (
            f"The loss falls most steeply at a learning rate of {self.suggested:.1e} and is least at "
            f"{self.lowest:.1e}; begin with train.optimiser.lr={self.suggested:.1e}."
        )

    def summary(self) -> dict[str, Any]:
        """Return what people want to know as plain values."""
        return {
            "suggested": self.suggested if self.is_falling else None,
            "lowest": self.lowest if self.is_falling else None,
            "steps": len(self.rates),
        }

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        curve = {
            "rates": self.rates.tolist(),
            "losses": self.losses.tolist(),
            "smoothed": self.smoothed.tolist(),
        }
        return {**self.summary(), "sentence": self.sentence(), **curve}


def ramp(config: LrRangeConfig) -> NDArray[np.float64]:
    """Return the learning rate of each step: evenly spaced in their logarithms."""
    return np.geomspace(config.low, config.high, config.steps)


def smooth(losses: Sequence[float] | NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Return the running mean of losses, each step's corrected for the mean's start at zero.

    Formula: `m_t = share m_{t-1} + (1 - share) l_t`, divided by `1 - share^t`.

    Source: Kingma and Ba 2015 (arXiv:1412.6980), section 3, for the correction.
    """
    mean, found = 0.0, []
    for step, loss in enumerate(losses, start=1):
        mean = share * mean + (1 - share) * float(loss)
        found.append(mean / (1 - share**step))
    return np.asarray(found, np.float64)


def without_spikes(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of each step's loss and its two neighbours on each side.

    One batch without any of the class that a loss counts would else look like the steepest fall of all.
    """
    padded = np.pad(losses, 2, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, 5), axis=1))


def _slopes(values: NDArray[np.float64], decades: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the slope of a line through the values within a quarter of a decade of each."""
    found = []
    for here in decades:
        near = np.abs(decades - here) <= max(WINDOW / 2, 1.01 * np.diff(decades).max())
        x = decades[near] - decades[near].mean()
        found.append((x * values[near]).sum() / (x * x).sum())
    return np.asarray(found)


def runs_away(losses: Sequence[float], config: LrRangeConfig) -> bool:
    """Say whether a test should end: the smoothed loss is far above its least, or the last loss is no number."""
    if not math.isfinite(losses[-1]):
        return True
    smoothed = smooth(losses, config.smoothing)
    return len(losses) >= FEWEST and bool(smoothed[-1] > config.stop_at * smoothed.min())


def conclude_range(
    rates: NDArray[np.float64], losses: Sequence[float], config: LrRangeConfig
) -> LrRange:
    """Say what a test found.

    Args:
        rates: learning rate of each step.
        losses: of as many steps, or fewer where the test ended early; a last one that is no number is left out.
        config: recipe key `tune.lr_range`.

    Raises:
        DataError: too few steps were made.

    Edges: the steepest fall is looked for before the least smoothed loss alone, so that a fall back after the loss ran
        away does not count.

    Source: Smith 2017, arXiv:1506.01186; the steepest fall as a suggestion, Gugger and Howard 2018 (fastai).
    """
    known = np.asarray([loss for loss in losses if math.isfinite(loss)], np.float64)
    if len(known) < FEWEST:
        raise DataError(
            f"expected at least {FEWEST} steps with a loss; got {len(known)}",
            where="tune.lr_range",
            do="lower tune.lr_range.low",
        )
    rates = rates[: len(known)]
    smoothed = smooth(without_spikes(known), config.smoothing)
    least = int(smoothed.argmin())
    slopes = _slopes(smoothed, np.log10(rates))
    steepest = int(slopes[: least + 1].argmin())
    return LrRange(
        rates=rates,
        losses=known,
        smoothed=smoothed,
        suggested=float(f"{rates[steepest]:.3g}"),
        lowest=float(f"{rates[least]:.3g}"),
        is_falling=bool(least > 0 and slopes[steepest] < 0),
    )
