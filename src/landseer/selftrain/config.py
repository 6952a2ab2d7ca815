"""How a model teaches itself on samples without labels (recipe keys `selftrain` and `mine`). No torch here."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_CONFIG = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

STUDENT_KEYS = ("model", "augment", "train", "loss", "balance", "inputs")
"""Parts of the recipe that may differ in a student; samples, folds and scores stay, or rounds could not be compared."""

KEPT_KEYS = ("train.folds", "train.seeds", "train.monitor")
"""Keys inside these parts that must not."""


class UnlabelledConfig(BaseModel):
    """Which samples get pseudo-labels."""

    model_config = _CONFIG

    test: bool = True
    """Samples of the test side."""
    train: bool = True
    """Usable samples of the train side of which nothing is known."""
    weak: dict[str, tuple[str | int | float | bool, ...]] = Field(default_factory=dict)
    """Labelled samples whose labels are not trusted: column and values, e.g. `{tier: [2]}`. Where such a sample is
    chosen its pseudo-label stands in for its label. No fold may hold them out (`split.train_only`)."""


class PickConfig(BaseModel):
    """Which pseudo-labels are good enough."""

    model_config = _CONFIG

    entropy_at_most: float | None = Field(None, ge=0, le=1)
    """Largest mean entropy of a sample's pixels, as a share of the greatest possible."""
    probability_at_least: float | None = Field(None, ge=0, le=1)
    """Least mean of the highest class probability over a sample's pixels."""
    disagreement_at_most: float | None = Field(None, ge=0, le=1)
    """Largest mean share of a teacher's networks that vote against the majority; it asks for two of them a fold."""
    share: float = Field(1.0, gt=0, le=1)
    """Share of the samples, the surest ones, that is kept after that."""
    balanced: bool = False
    """Keep that share of the samples of each class instead of all: a sample counts to the rarest class on
    `class_share` of its pixels (as Zou et al. 2018, arXiv:1810.07911, keep a share of the pixels of each class)."""
    class_share: float = Field(0.01, gt=0, le=1)
    """Share of pixels from which on a class counts as there."""
    pixel_probability: float = Field(0.0, ge=0, le=1)
    """Pixels whose highest class probability is lower teach nothing."""


class StopConfig(BaseModel):
    """When rounds end."""

    model_config = _CONFIG

    min_gain: float = 0.0
    """A round must raise the score of the one before by more than this."""
    sure: bool = False
    """Whether the whole interval of the difference (coverage `select.level`) must lie above it, not only its middle."""


class SelfTrainConfig(BaseModel):
    """Rounds of teachers and students (Xie et al. 2020, arXiv:1911.04252)."""

    model_config = _CONFIG

    rounds: int = Field(1, ge=1, le=20)
    """Most rounds; each trains all members anew."""
    unlabelled: UnlabelledConfig = UnlabelledConfig()
    """Which samples are taught by pseudo-labels: those of the test side, and weakly labelled ones."""
    pick: PickConfig = PickConfig()
    """What makes a pseudo-label good enough to be learnt from."""
    teachers: Literal["same_fold", "all"] = "same_fold"
    """Who teaches the student of a fold. Only members of its own fold have never seen the labels by which it will be
    scored. With `all` these reach it through the pseudo-labels: the out-of-fold score is then too good."""
    tta: str | None = None
    """Views that a teacher averages; null takes those that `select` chose."""
    temperature: float = Field(1.0, gt=0, le=10)
    """Exponent 1 / temperature on the probabilities: below 1 they become surer."""
    mix: float = Field(0.5, gt=0, lt=1)
    """Share of pseudo-labelled samples in every batch. Without `train.samples_per_epoch` an epoch still goes once
    through all labelled samples, and so has more steps; with it the number of steps is the same."""
    loss: Literal["kl", "hard"] = "kl"
    """`kl` compares probabilities (Kullback-Leibler); `hard` takes the likeliest class as a label for the recipe's own
    losses."""
    weight: float = Field(1.0, gt=0)
    """Factor of the loss on pseudo-labels (`kl`)."""
    student: dict[str, Any] = Field(default_factory=dict)
    """What is different in students, e.g. `{model.drop_path: 0.2, model.encoder: resnet50}`."""
    warm_start: bool = False
    """Students begin with their teacher's weights (same fold and seed) instead of the recipe's."""
    stop: StopConfig = StopConfig()
    """When rounds end before `rounds`."""
    pictures: int = Field(8, ge=0, le=100)
    """Pseudo-labels of each fold that are drawn beside their images."""

    @model_validator(mode="after")
    def _student_keeps_samples(self) -> Self:
        wrong = [
            key
            for key in self.student
            if key == "train"
            or key.split(".")[0] not in STUDENT_KEYS
            or any(f"{key}.".startswith(f"{kept}.") for kept in KEPT_KEYS)
        ]
        if wrong:
            raise ValueError(
                f"student: expected keys below {', '.join(STUDENT_KEYS)}, none of {', '.join(KEPT_KEYS)}; "
                f"got {', '.join(wrong)}"
            )
        return self

    @model_validator(mode="after")
    def _warm_students_look_alike(self) -> Self:
        other = [key for key in self.student if key.split(".")[0] in ("model", "inputs")]
        changed = [key for key in other if key not in ("model.drop_path", "model.dropout")]
        if self.warm_start and changed:
            raise ValueError(
                f"warm_start: expected students of their teacher's shape; got {', '.join(changed)} in student"
            )
        return self


class MineConfig(BaseModel):
    """Which empty samples are looked through, and how those that matter are weighed."""

    model_config = _CONFIG

    empty: dict[str, tuple[str | int | float | bool, ...]] = Field(default_factory=dict)
    """Samples without a label that hold nothing but the first class, as the user says: column and values."""
    wrong_at_least_px: int = Field(1, ge=1)
    """False positive pixels from which on the model is wrong about an empty sample."""
    sure_below: float = Field(0.05, gt=0, le=1)
    """The model is surely right where no pixel's probability of all classes but the first reaches this."""
    wrong_factor: float = Field(3.0, gt=0)
    """Factor on the sampler's weight of samples that the model is wrong about."""
    sure_factor: float = Field(0.5, gt=0)
    """Factor on the sampler's weight of samples that it is surely right about."""
    mined: str | None = None
    """`mine/weights.csv` of an earlier run: its factors multiply the sampler's weights (`train.sampler: weighted`), and
    samples declared empty become negatives of the folds that they were mined for."""
    pictures: int = Field(12, ge=0, le=100)
    """Most pictures of samples that the model is most wrong about."""
