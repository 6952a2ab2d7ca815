"""What a recipe says about losses (key `loss`): a list of terms, told apart by `kind`. No torch here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from landseer.losses.term import LossTerm
from landseer.losses.value_config import ValueLoss

ClassWeights = Annotated[
    tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...], Field(min_length=2)
]
"""One weight for each class, background first."""

ClassWeighting = Literal["inverse", "inverse_sqrt", "effective", "median_frequency"]
"""A rule that weighs classes by how rare they are in the training samples (`losses.class_weights`)."""

ClassNumbers = Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]
"""Numbers of the classes that a loss counts."""

Share = Annotated[float, Field(ge=0, le=1)]
"""A share between 0 and 1."""


class ClassTerm(LossTerm):
    """A term that may count some of the classes only."""

    classes: ClassNumbers | None = None
    """Class numbers that count, e.g. `[1]`; null counts every channel of the output."""


class CrossEntropy(LossTerm):
    """Settings of the cross entropy."""

    kind: Literal["ce"] = "ce"
    """Family name."""
    class_weights: ClassWeights | ClassWeighting | None = None
    """One weight for each class, background first, or a rule by how rare they are: `inverse`, `inverse_sqrt`,
    `effective`, `median_frequency`; null weighs all alike."""


class SoftCrossEntropy(LossTerm):
    """Settings of the cross entropy with smoothed labels."""

    kind: Literal["soft_ce"] = "soft_ce"
    """Family name."""
    smoothing: Share = 0.1
    """Share of the truth that is spread evenly over all classes."""
    class_weights: ClassWeights | ClassWeighting | None = None
    """One weight for each class, background first, or a rule as in `ce`; null weighs all alike."""


class BinaryCrossEntropy(LossTerm):
    """Settings of the binary cross entropy of each channel."""

    kind: Literal["bce"] = "bce"
    """Family name."""
    positive_weight: float = Field(default=1.0, gt=0)
    """Factor on the pixels where the channel's class is true."""


class SoftBinaryCrossEntropy(LossTerm):
    """Settings of the binary cross entropy with smoothed labels."""

    kind: Literal["soft_bce"] = "soft_bce"
    """Family name."""
    smoothing: float = Field(default=0.1, ge=0, lt=0.5)
    """Truth 1 becomes 1 - smoothing, truth 0 becomes smoothing."""


class Focal(LossTerm):
    """Settings of the focal loss."""

    kind: Literal["focal"] = "focal"
    """Family name."""
    gamma: float = Field(default=2.0, ge=0)
    """Exponent: how much easy pixels are played down; 0 gives the cross entropy."""
    class_weights: ClassWeights | ClassWeighting | None = None
    """One weight for each class (the alpha of the paper), background first, or a rule as in `ce`; null weighs all
    alike."""


class Dice(ClassTerm):
    """Settings of the Dice loss."""

    kind: Literal["dice"] = "dice"
    """Family name."""
    per_sample: bool = False
    """Average the loss of single samples instead of pooling the batch."""
    smooth: float = Field(default=0.0, ge=0)
    """Added to numerator and denominator of the score, in pixels."""
    log: bool = False
    """Take -log(score) instead of 1 - score."""


class SoftDice(ClassTerm):
    """Settings of the smoothed Dice loss of single samples."""

    kind: Literal["soft_dice"] = "soft_dice"
    """Family name."""
    smooth: float = Field(default=1.0, gt=0)
    """Added to numerator and denominator, in pixels; it makes a class that is absent learn to stay away."""
    squared: bool = False
    """Square the terms of the denominator (V-Net)."""


class BatchSoftDice(ClassTerm):
    """Settings of the smoothed Dice loss of the pooled batch."""

    kind: Literal["batch_soft_dice"] = "batch_soft_dice"
    """Family name."""
    smooth: float = Field(default=1.0, gt=0)
    """Added to numerator and denominator, in pixels."""
    squared: bool = False
    """Square the terms of the denominator (V-Net)."""


class Jaccard(ClassTerm):
    """Settings of the Jaccard loss."""

    kind: Literal["jaccard"] = "jaccard"
    """Family name."""
    per_sample: bool = False
    """Average the loss of single samples instead of pooling the batch."""
    smooth: float = Field(default=0.0, ge=0)
    """Added to numerator and denominator of the score, in pixels."""
    log: bool = False
    """Take -log(score) instead of 1 - score."""


class Tversky(ClassTerm):
    """Settings of the Tversky loss."""

    kind: Literal["tversky"] = "tversky"
    """Family name."""
    alpha: float = Field(default=0.3, ge=0)
    """Price of a false positive."""
    beta: float = Field(default=0.7, ge=0)
    """Price of a false negative."""
    per_sample: bool = False
    """Average the loss of single samples instead of pooling the batch."""
    smooth: float = Field(default=0.0, ge=0)
    """Added to numerator and denominator of the score, in pixels."""


class FocalTversky(ClassTerm):
    """Settings of the focal Tversky loss."""

    kind: Literal["focal_tversky"] = "focal_tversky"
    """Family name."""
    alpha: float = Field(default=0.3, ge=0)
    """Price of a false positive."""
    beta: float = Field(default=0.7, ge=0)
    """Price of a false negative."""
    gamma: float = Field(default=0.75, gt=0)
    """Exponent on the loss of each class (the paper's 1/gamma with gamma 4/3)."""
    per_sample: bool = False
    """Average the loss of single samples instead of pooling the batch."""
    smooth: float = Field(default=0.0, ge=0)
    """Added to numerator and denominator of the score, in pixels."""


class LogCoshDice(ClassTerm):
    """Settings of the log-cosh Dice loss."""

    kind: Literal["log_cosh_dice"] = "log_cosh_dice"
    """Family name."""
    per_sample: bool = False
    """Average the Dice of single samples instead of pooling the batch."""
    smooth: float = Field(default=0.0, ge=0)
    """Added to numerator and denominator of the score, in pixels."""


class Lovasz(LossTerm):
    """Settings of the Lovász loss."""

    kind: Literal["lovasz"] = "lovasz"
    """Family name."""
    per_sample: bool = False
    """Average the loss of single samples instead of pooling the batch."""


class Hausdorff(LossTerm):
    """Settings of the Hausdorff loss."""

    kind: Literal["hausdorff"] = "hausdorff"
    """Family name."""
    alpha: float = Field(default=2.0, gt=0)
    """Exponent of the distance: higher comes closer to the true Hausdorff distance."""
    log: bool = False
    """Take log(1 + loss): distances are in pixels, and a bad start gives tens of thousands."""


class TLoss(LossTerm):
    """Settings of the T-loss."""

    kind: Literal["t_loss"] = "t_loss"
    """Family name."""
    nu: float = Field(default=1.0, gt=0)
    """Degrees of freedom of Student's t: lower forgives more."""


class Mcc(LossTerm):
    """Settings of the Matthews correlation loss."""

    kind: Literal["mcc"] = "mcc"
    """Family name."""


class Combo(LossTerm):
    """Settings of the combo loss."""

    kind: Literal["combo"] = "combo"
    """Family name."""
    alpha: Share = 0.5
    """Share of the cross entropy; the rest is Dice."""
    beta: Share = 0.5
    """Price of false negatives in the cross entropy; false positives cost the rest."""
    smooth: float = Field(default=1.0, ge=0)
    """Added to numerator and denominator of Dice, in pixels."""


class ExpLog(LossTerm):
    """Settings of the exponential logarithmic loss."""

    kind: Literal["exp_log"] = "exp_log"
    """Family name."""
    dice_weight: float = Field(default=0.8, ge=0)
    """Factor of the Dice term."""
    ce_weight: float = Field(default=0.2, ge=0)
    """Factor of the cross-entropy term."""
    gamma: float = Field(default=0.3, gt=0)
    """Exponent of both terms."""
    class_weights: ClassWeights | ClassWeighting | None = None
    """One weight for each class, or a rule as in `ce`; null takes sqrt(all pixels / pixels of the class) of the
    batch."""


class CrossEntropyDice(LossTerm):
    """Settings of cross entropy plus Dice."""

    kind: Literal["xedice"] = "xedice"
    """Family name."""
    ce_weight: float = Field(default=0.5, ge=0)
    """Factor of the cross entropy."""
    dice_weight: float = Field(default=0.5, ge=0)
    """Factor of the Dice loss."""
    class_weights: ClassWeights | ClassWeighting | None = None
    """One weight for each class in the cross entropy, or a rule as in `ce`; null weighs all alike."""


LossConfig = Annotated[
    CrossEntropy
    | SoftCrossEntropy
    | BinaryCrossEntropy
    | SoftBinaryCrossEntropy
    | Focal
    | Dice
    | SoftDice
    | BatchSoftDice
    | Jaccard
    | Tversky
    | FocalTversky
    | LogCoshDice
    | Lovasz
    | Hausdorff
    | TLoss
    | Mcc
    | Combo
    | ExpLog
    | CrossEntropyDice
    | ValueLoss,
    Field(discriminator="kind"),
]
"""One entry of the recipe key `loss`."""
