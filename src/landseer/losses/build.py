"""The family of losses, and the weighted sum of them that a recipe asks for."""

from __future__ import annotations

from collections.abc import Sequence

from landseer.errors import RecipeError
from landseer.losses.compound import combo, cross_entropy_dice, exp_log
from landseer.losses.config import LossConfig
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
from landseer.losses.mixture import LossFunction, Mixture
from landseer.losses.overlap import (
    batch_soft_dice,
    dice,
    focal_tversky,
    jaccard,
    log_cosh_dice,
    soft_dice,
    tversky,
)
from landseer.losses.pixels import Activation
from landseer.losses.t_loss import t_loss

LOSSES: dict[str, LossFunction] = {
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
"""Loss functions by the `kind` of their settings."""


def build_loss(
    configs: Sequence[LossConfig], n_classes: int, activation: Activation = "softmax"
) -> Mixture:
    """Build the weighted sum of losses that a recipe asks for.

    Args:
        configs: validated entries of the recipe key `loss`, at least one.
        n_classes: number of classes, background included.
        activation: `softmax` (classes exclude each other) or `sigmoid` (each channel is judged alone).

    Raises:
        RecipeError: no term, class weights that are too many or too few, or class numbers beyond the classes;
            all of them are listed.
    """
    problems = _problems(configs, n_classes)
    if problems:
        raise RecipeError("\n".join(problems), where="loss", do="correct the recipe's key `loss`")
    return Mixture(
        tuple((LOSSES[config.kind], config) for config in configs), n_classes, activation
    )


def _problems(configs: Sequence[LossConfig], n_classes: int) -> list[str]:
    """List what does not fit the classes."""
    problems = [] if configs else ["expected at least one loss; got none"]
    for number, config in enumerate(configs):
        where = f"loss[{number}] ({config.kind})"
        weights = getattr(config, "class_weights", None)
        if weights is not None and len(weights) != n_classes:
            problems.append(f"{where}: expected {n_classes} class_weights; got {len(weights)}")
        for chosen in getattr(config, "classes", None) or ():
            if chosen >= n_classes:
                problems.append(
                    f"{where}: expected classes from 0 to {n_classes - 1}; got {chosen}"
                )
    return problems
