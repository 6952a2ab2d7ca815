"""Calibrators: averaged probabilities become those that are as often right as they say; part of the model folder."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

import torch
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor

from landseer.metrics.calibration import LEAST

_FROZEN = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
Real = Annotated[float, Field(allow_inf_nan=False)]
"""A finite number."""


class Temperature(BaseModel):
    """Divide the logarithms of all probabilities by one number (Guo et al. 2017, arXiv:1706.04599).

    The greatest probability stays the greatest: decisions without a threshold do not change.
    """

    model_config = _FROZEN

    kind: Literal["temperature"] = "temperature"
    """One number for all classes."""
    temperature: float = Field(gt=0, allow_inf_nan=False)
    """Above 1, probabilities become less sure."""

    @property
    def n_classes(self) -> int | None:
        """How many classes it takes: any number."""
        return None

    def __call__(self, probability_bchw: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Return calibrated probabilities, NaN where they are NaN."""
        return (_logarithm(probability_bchw) / self.temperature).softmax(dim=1)


class VectorScaling(BaseModel):
    """Scale and shift the logarithm of each class's probability (Guo et al. 2017, arXiv:1706.04599)."""

    model_config = _FROZEN

    kind: Literal["vector"] = "vector"
    """Two numbers for each class."""
    scale: tuple[Real, ...]
    """One per class."""
    shift: tuple[Real, ...]
    """One per class."""

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if len(self.scale) != len(self.shift) or len(self.scale) < 2:
            raise ValueError("expected as many scales as shifts, one per class")
        return self

    @property
    def n_classes(self) -> int | None:
        """How many classes it takes."""
        return len(self.scale)

    def __call__(self, probability_bchw: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Return calibrated probabilities, NaN where they are NaN."""
        scale, shift = (
            torch.tensor(numbers, dtype=torch.float32, device=probability_bchw.device).reshape(
                -1, 1, 1
            )
            for numbers in (self.scale, self.shift)
        )
        return (_logarithm(probability_bchw) * scale + shift).softmax(dim=1)


class Steps(BaseModel):
    """A rising curve through points; beyond its ends it is flat."""

    model_config = _FROZEN

    said: tuple[float, ...] = Field(min_length=2)
    """Probabilities as predicted, rising."""
    true: tuple[float, ...] = Field(min_length=2)
    """Shares that are true, not falling."""

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if len(self.said) != len(self.true):
            raise ValueError("expected as many true shares as probabilities")
        if any(a >= b for a, b in pairwise(self.said)) or any(
            a > b for a, b in pairwise(self.true)
        ):
            raise ValueError("expected a curve that rises")
        return self


class Isotonic(BaseModel):
    """A rising curve for each class, then shares of one (Zadrozny and Elkan 2002, doi:10.1145/775047.775151)."""

    model_config = _FROZEN

    kind: Literal["isotonic"] = "isotonic"
    """A curve for each class; of two classes that of class 1 alone."""
    curves: tuple[Steps, ...] = Field(min_length=1)
    """One per class; a single one is that of class 1 of two."""

    @property
    def n_classes(self) -> int | None:
        """How many classes it takes."""
        return max(len(self.curves), 2)

    def __call__(self, probability_bchw: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Return calibrated probabilities, NaN where they are NaN."""
        if len(self.curves) == 1:
            positive = _along(self.curves[0], probability_bchw[:, 1])
            return torch.stack([1 - positive, positive], dim=1)
        planes = [
            _along(c, plane)
            for c, plane in zip(self.curves, probability_bchw.unbind(1), strict=True)
        ]
        raw = torch.stack(planes, dim=1).clamp_min(LEAST)
        return raw / raw.sum(dim=1, keepdim=True)


Calibrator = Annotated[Temperature | VectorScaling | Isotonic, Field(discriminator="kind")]
"""Any of them."""


def _logarithm(probability: Tensor) -> Tensor:
    """Return logarithms that are finite where probabilities are known."""
    return probability.float().clamp_min(LEAST).log()


def _along(curve: Steps, values: Tensor) -> Tensor:
    """Read a curve at values, straight between its points."""
    said = torch.tensor(curve.said, dtype=torch.float32, device=values.device)
    true = torch.tensor(curve.true, dtype=torch.float32, device=values.device)
    inside = values.float().clamp(said[0], said[-1])
    right = torch.searchsorted(said, inside.nan_to_num(0.0).contiguous()).clamp(1, len(said) - 1)
    left = right - 1
    share = (inside - said[left]) / (said[right] - said[left])
    return true[left] + share * (true[right] - true[left])
