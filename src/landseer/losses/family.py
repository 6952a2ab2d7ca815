"""The family of losses: one row for each kind that a recipe can name."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from landseer.losses.compound import combo, cross_entropy_dice, exp_log
from landseer.losses.correlation import mcc
from landseer.losses.cross_entropy import (
    binary_cross_entropy,
    cross_entropy,
    focal,
    soft_binary_cross_entropy,
    soft_cross_entropy,
)
from landseer.losses.hausdorff import hausdorff
from landseer.losses.lovasz import lovasz
from landseer.losses.mixture import LossFunction
from landseer.losses.overlap import (
    batch_soft_dice,
    dice,
    focal_tversky,
    jaccard,
    log_cosh_dice,
    soft_dice,
    tversky,
)
from landseer.losses.point import huber, l1, log_cosh, log_ratio, mse, relative_l1
from landseer.losses.r_squared import r2
from landseer.losses.soft_labels import kl
from landseer.losses.t_loss import t_loss
from landseer.losses.trimmed import trimmed
from landseer.losses.value_mixture import ValueFunction
from landseer.losses.vectors import cosine, unit_norm, vector_mse

MASK_LOSSES: dict[str, LossFunction] = {
    "ce": cross_entropy,
    "soft_ce": soft_cross_entropy,
    "bce": binary_cross_entropy,
    "soft_bce": soft_binary_cross_entropy,
    "focal": focal,
    "dice": dice,
    "soft_dice": soft_dice,
    "batch_soft_dice": batch_soft_dice,
    "jaccard": jaccard,
    "tversky": tversky,
    "focal_tversky": focal_tversky,
    "log_cosh_dice": log_cosh_dice,
    "lovasz": lovasz,
    "hausdorff": hausdorff,
    "t_loss": t_loss,
    "mcc": mcc,
    "combo": combo,
    "exp_log": exp_log,
    "xedice": cross_entropy_dice,
}
"""Losses of masks and of other yes or no, by the `kind` of their settings."""

VALUE_LOSSES: dict[str, ValueFunction] = {
    "huber": huber,
    "mse": mse,
    "l1": l1,
    "log_cosh": log_cosh,
    "trimmed": trimmed,
    "relative_l1": relative_l1,
    "log_ratio": log_ratio,
    "r2": r2,
    "cosine": cosine,
    "unit_norm": unit_norm,
    "vector_mse": vector_mse,
    "kl": kl,
}
"""Losses of real-valued quantities and soft masks, by the `kind` of their settings."""

LOSSES: dict[str, Callable[..., Tensor]] = {**MASK_LOSSES, **VALUE_LOSSES}
"""All losses by the `kind` of their settings; `fitting` says which fit which quantity."""
