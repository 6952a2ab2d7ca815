"""What a recipe says about training. No torch here, so that a recipe can be checked in a moment."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_CONFIG = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class AdamW(BaseModel):
    """AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101)."""

    model_config = _CONFIG

    kind: Literal["adamw"] = "adamw"
    lr: float = Field(3e-4, gt=0)
    """Learning rate; the peak where the schedule has one."""
    weight_decay: float = Field(1e-4, ge=0)
    """Decay of weights, but of norms and biases only with `decay_norms`."""
    decay_norms: bool = False
    """Whether norms and biases decay too."""
    betas: tuple[float, float] = (0.9, 0.999)
    """Decay rates of the running means of the gradient and of its square."""
    eps: float = Field(1e-8, gt=0)
    """Term that keeps the denominator from zero."""


class Adam(BaseModel):
    """Adam (Kingma and Ba 2015, arXiv:1412.6980): decay is part of the gradient."""

    model_config = _CONFIG

    kind: Literal["adam"] = "adam"
    lr: float = Field(3e-4, gt=0)
    """Learning rate."""
    weight_decay: float = Field(0.0, ge=0)
    """Decay added to the gradient."""
    decay_norms: bool = True
    """Whether norms and biases decay too."""
    betas: tuple[float, float] = (0.9, 0.999)
    """Decay rates of the running means of the gradient and of its square."""
    eps: float = Field(1e-8, gt=0)
    """Term that keeps the denominator from zero."""


class SGD(BaseModel):
    """Stochastic gradient descent with momentum."""

    model_config = _CONFIG

    kind: Literal["sgd"] = "sgd"
    lr: float = Field(1e-2, gt=0)
    """Learning rate."""
    weight_decay: float = Field(1e-4, ge=0)
    """Decay added to the gradient."""
    decay_norms: bool = False
    """Whether norms and biases decay too."""
    momentum: float = Field(0.9, ge=0, lt=1)
    """Share of the last step that goes on."""
    nesterov: bool = True
    """Look ahead along the momentum."""


OptimiserConfig = AdamW | Adam | SGD


class Constant(BaseModel):
    """The learning rate never changes."""

    model_config = _CONFIG

    kind: Literal["constant"] = "constant"


class OneCycle(BaseModel):
    """Up along a cosine, then down along one (Smith and Topin 2018, arXiv:1708.07120)."""

    model_config = _CONFIG

    kind: Literal["onecycle"] = "onecycle"
    rise: float = Field(0.1, gt=0, lt=1)
    """Share of the steps on which the rate rises."""
    start_divisor: float = Field(2.0, ge=1)
    """Peak divided by the first rate."""
    end_divisor: float = Field(100.0, ge=1)
    """First rate divided by the last one."""


class Cosine(BaseModel):
    """Down along a cosine after a linear warm-up."""

    model_config = _CONFIG

    kind: Literal["cosine"] = "cosine"
    warmup: float = Field(0.0, ge=0, lt=1)
    """Share of the steps on which the rate rises from a hundredth."""
    end_lr: float = Field(0.0, ge=0)
    """Last learning rate."""


class WarmRestarts(BaseModel):
    """A cosine that starts again (Loshchilov and Hutter 2017, arXiv:1608.03983)."""

    model_config = _CONFIG

    kind: Literal["warm_restarts"] = "warm_restarts"
    first_epochs: int = Field(1, ge=1)
    """Epochs of the first cosine."""
    factor: int = Field(2, ge=1)
    """How much longer each following cosine is."""
    end_lr: float = Field(0.0, ge=0)
    """Lowest learning rate."""


class Plateau(BaseModel):
    """Lower the rate when the monitored score no longer rises."""

    model_config = _CONFIG

    kind: Literal["plateau"] = "plateau"
    factor: float = Field(0.1, gt=0, lt=1)
    """What the rate is multiplied by."""
    patience_epochs: int = Field(5, ge=0)
    """Epochs without improvement before the rate falls."""
    end_lr: float = Field(1e-8, ge=0)
    """Lowest learning rate."""


ScheduleConfig = Constant | OneCycle | Cosine | WarmRestarts | Plateau


class EarlyStop(BaseModel):
    """Stop when the monitored score no longer rises."""

    model_config = _CONFIG

    patience_epochs: int = Field(10, ge=1)
    """Epochs without improvement before training stops."""
    min_delta: float = Field(0.0, ge=0)
    """Smallest rise that counts as an improvement."""


class Freeze(BaseModel):
    """For how long how much of the encoder is frozen."""

    model_config = _CONFIG

    stages: int = Field(ge=1, le=12)
    """Stages from the input on that stay as they are, their norms too: all that the first so many maps depend on which
    the decoder reads. Of the strides 2, 4, 8, 16, 32 of most encoders; of 4, 8, 16, 32 where the first stride is 4."""
    epochs: int | None = Field(None, ge=1)
    """Epochs; null leaves them frozen to the end."""


class Ema(BaseModel):
    """A running mean of the weights, moved after every step; it is what is validated and kept."""

    model_config = _CONFIG

    kind: Literal["ema"] = "ema"
    decay: float = Field(0.98, gt=0, lt=1)
    """Share of the mean that a step leaves; lower in the first steps, so that short trainings gain too."""


class Swa(BaseModel):
    """Stochastic weight averaging (Izmailov et al. 2018, arXiv:1803.05407): the equal mean of weights along a rate that
    stays high. Statistics of batch norms are taken anew, from training samples, before each validation."""

    model_config = _CONFIG

    kind: Literal["swa"] = "swa"
    start: float = Field(0.75, gt=0, lt=1)
    """Share of the epochs before averaging begins; until then `train.schedule` sets the rate."""
    lr: float | None = Field(None, gt=0)
    """Learning rate from then on; null takes half of `train.optimiser.lr`."""
    end_lr: float | None = Field(None, gt=0)
    """Rate to which each cycle falls; null keeps it constant."""
    cycle_epochs: int = Field(1, ge=1)
    """Epochs of a cycle; the weights at its end enter the mean."""


AverageConfig = Ema | Swa


class Soup(BaseModel):
    """The mean of several trained weights as one network (Wortsman et al. 2022, arXiv:2203.05482)."""

    model_config = _CONFIG

    kind: Literal["greedy", "uniform"] = "greedy"
    """All of them (uniform); or, from the best on, those with which the score of the held-out fold does not fall."""
    over: Literal["epochs", "seeds"] = "epochs"
    """The `keep_best` epochs of one training; or those of all `seeds`, which then start from the same weights and make
    one member a fold."""


class TrainConfig(BaseModel):
    """How each member is trained (recipe key `train`)."""

    model_config = _CONFIG

    epochs: int = Field(10, ge=1)
    """Epochs; an epoch is `samples_per_epoch` draws."""
    samples_per_epoch: int | None = Field(None, ge=1)
    """Draws per epoch; null goes once through all training samples."""
    batch_size: int = Field(8, ge=1)
    """Samples a step."""
    accumulate: int = Field(1, ge=1)
    """Steps whose gradients are averaged before the weights change: 2 with batches of 8 are batches of 16."""
    optimiser: OptimiserConfig = Field(AdamW(), discriminator="kind")
    """How gradients change weights."""
    schedule: ScheduleConfig = Field(OneCycle(), discriminator="kind")
    """How the learning rate changes with time."""
    clip_norm: float | None = Field(None, gt=0)
    """Largest norm of the gradient; null does not clip."""
    freeze: tuple[Freeze, ...] = ()
    """What is frozen at first, one step after another, e.g. `[{stages: 4, epochs: 5}, {stages: 2, epochs: 5}]`."""
    ema_decay: float | None = Field(None, gt=0, lt=1)
    """Short for `average: {kind: ema, decay: …}`."""
    average: AverageConfig | None = Field(None, discriminator="kind")
    """Mean of the weights of one training that is validated and kept; null keeps the weights themselves."""
    soup: Soup | None = None
    """Mean of several trained weights, made after training; null makes none."""
    early_stop: EarlyStop | None = None
    """When to stop early; null trains all epochs."""
    monitor: str | None = None
    """Score whose best epoch is kept; null takes `select.metric`."""
    keep_best: int = Field(1, ge=1, le=10)
    """Best epochs whose weights are kept; their predictions are averaged as one member's."""
    seeds: tuple[int, ...] = Field((0,), min_length=1)
    """One member is trained per fold and seed."""
    folds: tuple[int, ...] | None = None
    """Folds to train; null trains all."""
    sampler: Literal["weighted", "weighted_random", "uniform"] = "uniform"
    """`uniform` goes through all samples; `weighted` takes each as often as its `weight` in the sample table says,
    rounded up or down; `weighted_random` draws by weight with replacement, as the published systems did, and leaves out
    one in three of equal samples."""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Arithmetic of the network; auto takes bf16 where the GPU or processor multiplies it fast."""
    deterministic: bool = False
    """Refuse operations whose result varies between runs; with it a training on a GPU that is resumed ends in the same
    bits, as it does on a processor anyway, and takes longer."""
    workers: int | None = Field(None, ge=0)
    """Threads that read ahead; null takes two, or more on a machine with a GPU."""
    cache_gb: float = Field(4.0, ge=0)
    """Memory for decoded samples."""
    eval_batch_size: int | None = Field(None, ge=1)
    """Samples a step in validation and prediction; null takes `batch_size`."""
    validate_every_epochs: int = Field(1, ge=1)
    """Epochs between validations; the last epoch always validates."""
    images: int = Field(4, ge=0)
    """Validation samples drawn after each validation, with a confusion matrix; 0 draws nothing."""
    profile: int = Field(0, ge=0, le=1000)
    """Steps of the first epoch whose operations are timed, into `profile/` beside the weights; 0 times none."""

    @model_validator(mode="after")
    def _freezing_ends_last(self) -> Self:
        for step in self.freeze[:-1]:
            if step.epochs is None:
                raise ValueError(
                    "freeze: expected epochs of every step but the last, for without them none comes after it"
                )
        return self

    @model_validator(mode="after")
    def _one_average(self) -> Self:
        if self.ema_decay is not None and self.average is not None:
            raise ValueError("average: expected it or ema_decay; got both")
        return self

    @model_validator(mode="after")
    def _soup_has_several(self) -> Self:
        if self.soup is None:
            return self
        if self.soup.over == "epochs" and self.keep_best < 2:
            raise ValueError("soup: expected keep_best of 2 or more for a soup over epochs; got 1")
        if self.soup.over == "seeds" and len(self.seeds) < 2:
            raise ValueError("soup: expected two seeds or more for a soup over seeds; got one")
        return self

    @property
    def averaging(self) -> AverageConfig | None:
        """What `average` or `ema_decay` asks for."""
        return Ema(decay=self.ema_decay) if self.ema_decay is not None else self.average

    @property
    def member_seeds(self) -> tuple[int, ...]:
        """The seed of each member of a fold: one where a soup makes one network of all."""
        is_one = self.soup is not None and self.soup.over == "seeds"
        return self.seeds[:1] if is_one else self.seeds

    @property
    def n_networks(self) -> int:
        """How many networks a member is: its best epochs, or the one that a soup makes of them."""
        return self.keep_best if self.soup is None else 1
