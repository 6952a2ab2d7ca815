"""Averages of several predictions of one quantity, as a running weighted sum of constant memory."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from landseer.errors import UsageError
from landseer.quantities.quantity import Quantity


def average(
    quantity: Quantity, predictions: Sequence[Tensor], weights: Sequence[float] | None = None
) -> Tensor:
    """Average several predictions as the quantity wants it.

    Args:
        quantity: what is predicted.
        predictions: values of one shape.
        weights: one per prediction, none below zero, one above; None weighs all alike.

    Returns:
        float32 values.

    Raises:
        UsageError: nothing to average, or the weights do not fit.
    """
    weights = [1.0] * len(predictions) if weights is None else list(weights)
    if len(weights) != len(predictions) or sum(weights) <= 0 or min(weights) < 0:
        raise UsageError(
            f"expected {len(predictions)} weights, none below zero and one above; got {weights}"
        )
    total = torch.zeros_like(predictions[0], dtype=torch.float32)
    for prediction, weight in zip(predictions, weights, strict=True):
        total.add_(quantity.to_mean(prediction), alpha=weight / sum(weights))
    return quantity.from_mean(total)
