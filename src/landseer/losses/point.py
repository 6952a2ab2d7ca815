"""Losses of the error at each point: Huber, squares, absolute values, log-cosh, ratios, and any of them trimmed."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812 - the customary name
from torch import Tensor

from landseer.losses.value_config import (
    L1,
    Huber,
    LogCosh,
    LogRatio,
    Mse,
    PointKind,
    RelativeL1,
)
from landseer.losses.values import Values


def huber(values: Values, config: Huber) -> Tensor:
    """Average e²/2 where the error e is at most delta, and delta (|e| - delta/2) beyond.

    Source: Huber 1964, doi:10.1214/aoms/1177703732; `torch.nn.HuberLoss`.
    """
    return values.mean(pointwise(values.error_bn, "huber", config.delta), config.mean)


def mse(values: Values, config: Mse) -> Tensor:
    """Average the squares of the errors.

    Source: `torch.nn.MSELoss`.
    """
    return values.mean(pointwise(values.error_bn, "mse"), config.mean)


def l1(values: Values, config: L1) -> Tensor:
    """Average the absolute errors.

    Source: `torch.nn.L1Loss`.
    """
    return values.mean(pointwise(values.error_bn, "l1"), config.mean)


def log_cosh(values: Values, config: LogCosh) -> Tensor:
    """Average ln(cosh(error)): e²/2 near 0, |e| - ln 2 far from it, with the unit's 1 between.

    Edges: published code subtracts log10(2) for ln 2, which shifts its values and leaves gradients alone.
    Source: Saleh and Saleh 2022, arXiv:2208.04564.
    """
    return values.mean(pointwise(values.error_bn, "log_cosh"), config.mean)


def relative_l1(values: Values, config: RelativeL1) -> Tensor:
    """Average the absolute errors, each as a share of its true value.

    Formula: |p - t| / max(|t|, floor).
    Source: own.
    """
    size_bn = values.truth_bn.abs().clamp_min(config.floor)
    return values.mean(values.error_bn.abs() / size_bn, config.mean)


def log_ratio(values: Values, config: LogRatio) -> Tensor:
    """Average |ln(p / t)|: twice as much costs as much as half.

    Edges: below the floor the logarithm goes on as its tangent, so that zeros and wrong signs have a finite cost and
        a gradient that leads out.
    Source: own.
    """
    ratio_bn = _ln(values.value_bn, config.floor) - _ln(values.truth_bn, config.floor)
    return values.mean(ratio_bn.abs(), config.mean)


def pointwise(error: Tensor, kind: PointKind, delta: float | None = None) -> Tensor:
    """Return the loss of each error.

    Args:
        error: float32 of any shape, in the quantity's unit.
        kind: which loss.
        delta: of `huber` alone; None takes 1.
    """
    if kind == "mse":
        return error.square()
    if kind == "l1":
        return error.abs()
    if kind == "log_cosh":
        return _ln_cosh(error)
    return F.huber_loss(error, torch.zeros_like(error), reduction="none", delta=delta or 1.0)


def _ln_cosh(error: Tensor) -> Tensor:
    """Return ln(cosh(e)), exact near 0 and finite far from it."""
    size = error.abs()
    near = torch.log1p(2 * torch.sinh(error.clamp(-1, 1) / 2).square())
    return torch.where(size < 1, near, size + F.softplus(-2 * size) - math.log(2))


def _ln(value: Tensor, floor: float) -> Tensor:
    """Return the logarithm, going on below the floor as its tangent there."""
    return torch.log(value.clamp_min(floor)) + (value.clamp_max(floor) - floor) / floor
