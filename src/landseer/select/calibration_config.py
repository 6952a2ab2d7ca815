"""How probabilities are calibrated on out-of-fold predictions (recipe key `calibrate`)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

CalibratorName = Literal["temperature", "vector", "isotonic"]
"""The kinds of calibrators, simplest first."""

CALIBRATORS: tuple[CalibratorName, ...] = ("temperature", "vector", "isotonic")


class CalibrateConfig(BaseModel):
    """Which calibrator goes into the model folder, and how calibration is judged. The class map never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: Literal["auto", "none", "temperature", "vector", "isotonic"] = "auto"
    """`temperature`: one number; `vector`: two numbers a class; `isotonic`: a rising curve a class. `auto` takes the
    one of the least log loss where it is better than none beyond the interval, else none."""
    where: Literal["member", "average"] = "member"
    """What is calibrated: each member before they are averaged, or their average. Out of fold a sample is judged by
    the members of its fold alone, and averages of more members are less sure."""
    bins: int = Field(default=15, ge=2, le=100)
    """Bins of confidence behind reliability diagrams and calibration errors."""
    pixels: int = Field(default=500_000, ge=1000)
    """Three classes or more: about so many pixels are fitted to, evenly from all samples; two classes take all."""
    resamples: int = Field(default=1000, ge=10)
    """Bootstrap resamples of the groups behind each interval."""
    level: float = Field(default=0.95, gt=0, lt=1)
    """Coverage of the intervals."""
    workers: int | None = None
    """Threads that read predictions; None takes one per processor."""

    @property
    def kinds(self) -> tuple[CalibratorName, ...]:
        """The calibrators that are fitted and judged."""
        if self.kind == "auto":
            return CALIBRATORS
        return () if self.kind == "none" else (self.kind,)
