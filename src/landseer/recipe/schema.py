"""The recipe as a whole: each part is described beside the code that it configures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from landseer.adapters import AdapterConfig
from landseer.audit.quality import QualityConfig
from landseer.audit.settings import SamePlaceConfig
from landseer.audit.suspects import SuspectsConfig
from landseer.augment import AugmentConfig
from landseer.losses import Dice, LossConfig
from landseer.models.config import ModelConfig, PreprocessConfig
from landseer.models.targets import TargetSpec
from landseer.recipe.slicing import draw_slices
from landseer.recipe.targets import TargetConfig, specs_of
from landseer.report.config import ReportConfig
from landseer.samples.weights import WeightsConfig
from landseer.select.calibration_config import CalibrateConfig
from landseer.select.config import SelectConfig
from landseer.select.leak_config import LeakConfig
from landseer.select.maps_config import MapsConfig
from landseer.selftrain.config import MineConfig, SelfTrainConfig
from landseer.splits import SplitConfig
from landseer.track.config import TrackConfig
from landseer.train.config import TrainConfig
from landseer.trees.config import TreesConfig
from landseer.tune.config import TuneConfig

TargetName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
"""Name of a target: it becomes part of scores' and files' names."""


class Recipe(BaseModel):
    """Everything that a run does, in one file."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    landseer: Literal[1] = 1
    """Version of the recipe's format."""
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Name of the run; its folder is `runs/NAME`."""
    seed: int = Field(42, ge=0)
    """Root of all random numbers."""
    data: AdapterConfig = Field(discriminator="adapter")
    """Where scenes and labels are, and what their bands and values mean."""
    quality: QualityConfig = QualityConfig()
    """What is measured in each sample, and which samples are left out for it."""
    same_place: SamePlaceConfig = SamePlaceConfig()
    """How samples of the same place are found."""
    split: SplitConfig = Field(discriminator="kind")
    """How samples are divided into folds."""
    weights: WeightsConfig | None = Field(None)
    """How important each sample is to the weighted sampler; null makes all equal."""
    inputs: PreprocessConfig
    """Which channels the network sees, and how they are made from raw values."""
    model: ModelConfig
    """The network."""
    targets: dict[TargetName, TargetConfig] = Field(default_factory=dict)
    """What is predicted, by name; empty: the classes of the labels."""
    balance: Literal["fixed", "uncertainty"] = "fixed"
    """Whether the weights of several targets' losses are fixed, or learnt too (uncertainty)."""
    loss: tuple[LossConfig, ...] = Field((Dice(),), min_length=1)
    """Losses of the class mask; they are summed with their weights."""
    augment: AugmentConfig = AugmentConfig()
    """How training samples vary."""
    train: TrainConfig = TrainConfig()
    """How members are trained."""
    select: SelectConfig = SelectConfig()
    """How threshold, members and test-time augmentation are chosen, on out-of-fold predictions."""
    calibrate: CalibrateConfig = CalibrateConfig()
    """How probabilities are made right as often as they say, on out-of-fold predictions."""
    suspects: SuspectsConfig = SuspectsConfig()
    """How labels that out-of-fold predictions contradict are ranked."""
    leak: LeakConfig = LeakConfig()
    """How `landseer leak` measures what a random split would have flattered."""
    selftrain: SelfTrainConfig = SelfTrainConfig()
    """How `landseer selftrain` learns from samples without labels, in rounds."""
    mine: MineConfig = MineConfig()
    """How `landseer mine` looks through empty samples, and what training makes of the list."""
    tune: TuneConfig = TuneConfig()
    """What `landseer tune` searches, and on which folds."""
    trees: TreesConfig = TreesConfig()
    """What `landseer trees` compares the network with."""
    maps: MapsConfig = MapsConfig()
    """How maps of whole scenes are made and judged."""
    track: TrackConfig = TrackConfig()
    """Where figures, pictures and the best weights go besides the run folder."""
    report: ReportConfig = ReportConfig()
    """What the report shows."""

    @model_validator(mode="before")
    @classmethod
    def _training_draws_slices(cls, parts: Any) -> Any:
        """Fill in `augment.crop_px` where the model sees slices and nothing is said of crops."""
        return draw_slices(parts) if isinstance(parts, Mapping) else parts

    @property
    def target_specs(self) -> dict[str, TargetSpec]:
        """What is predicted, the class mask where no target is named."""
        return specs_of(self.targets)
