"""What a recipe says about losses of heights, scales, directions and other real-valued quantities. No torch here."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from landseer.losses.term import LossTerm

PointKind = Literal["huber", "mse", "l1", "log_cosh"]
"""Losses of the error at one point."""


class ValueTerm(LossTerm):
    """A term that is a mean over pixels or images."""

    mean: Literal["valid", "all"] = "valid"
    """`valid` divides by what has a reference; `all` by everything, ignored pixels counting as 0 (as published)."""


class Huber(ValueTerm):
    """Settings of the Huber loss."""

    kind: Literal["huber"] = "huber"
    """Family name."""
    delta: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Error in the quantity's unit (metres of height, pixels of magnitude) at which squares turn into lines."""


class Mse(ValueTerm):
    """Settings of the mean squared error."""

    kind: Literal["mse"] = "mse"
    """Family name."""


class L1(ValueTerm):
    """Settings of the mean absolute error."""

    kind: Literal["l1"] = "l1"
    """Family name."""


class LogCosh(ValueTerm):
    """Settings of the log-cosh loss."""

    kind: Literal["log_cosh"] = "log_cosh"
    """Family name."""


class Trimmed(ValueTerm):
    """Settings of the trimmed loss."""

    kind: Literal["trimmed"] = "trimmed"
    """Family name."""
    of: PointKind = "huber"
    """Loss of each point before the worst are left out."""
    share: float = Field(default=0.1, ge=0, lt=1)
    """Share of the valid points that is left out, the worst first."""
    delta: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Of `of: huber` alone: error in the quantity's unit at which squares turn into lines; null takes 1."""
    per_sample: bool = False
    """Leave out this share of each sample instead of the pooled batch."""

    @model_validator(mode="after")
    def _delta_is_hubers(self) -> Self:
        """Refuse a delta that nothing reads."""
        if self.delta is not None and self.of != "huber":
            raise ValueError(f"expected delta with `of: huber` alone; got it with `of: {self.of}`")
        return self


class RelativeL1(ValueTerm):
    """Settings of the relative absolute error."""

    kind: Literal["relative_l1"] = "relative_l1"
    """Family name."""
    floor: float = Field(default=0.01, gt=0, allow_inf_nan=False)
    """True value, in the quantity's unit, below which errors are measured against this."""


class LogRatio(ValueTerm):
    """Settings of the logarithm of the ratio."""

    kind: Literal["log_ratio"] = "log_ratio"
    """Family name."""
    floor: float = Field(default=0.01, gt=0, allow_inf_nan=False)
    """Value, in the quantity's unit, below which the logarithm goes on as a straight line."""


class R2(LossTerm):
    """Settings of the direct R² loss."""

    kind: Literal["r2"] = "r2"
    """Family name."""
    per_sample: bool = False
    """Average the loss of single samples instead of pooling the batch."""
    least_deviation: float = Field(default=0.1, gt=0, allow_inf_nan=False)
    """Standard deviation in the quantity's unit that truth is given where it has less; flat truth has no R²."""


class Cosine(ValueTerm):
    """Settings of the cosine loss."""

    kind: Literal["cosine"] = "cosine"
    """Family name."""


class UnitNorm(ValueTerm):
    """Settings of the loss of a vector's length."""

    kind: Literal["unit_norm"] = "unit_norm"
    """Family name."""


class VectorMse(ValueTerm):
    """Settings of the mean squared error of a vector's components."""

    kind: Literal["vector_mse"] = "vector_mse"
    """Family name."""


class KullbackLeibler(ValueTerm):
    """Settings of the Kullback-Leibler divergence."""

    kind: Literal["kl"] = "kl"
    """Family name."""


ValueLoss = (
    Huber
    | Mse
    | L1
    | LogCosh
    | Trimmed
    | RelativeL1
    | LogRatio
    | R2
    | Cosine
    | UnitNorm
    | VectorMse
    | KullbackLeibler
)
"""Losses of quantities that are not masks of classes."""
