"""What `model.yaml` says: everything a prediction needs to know besides the weights."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from landseer import __version__
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.models.config import ModelConfig, PreprocessConfig
from landseer.models.inputs import plan_inputs
from landseer.models.targets import ONLY_MASK, TargetSpec
from landseer.models.tree_config import TREE_SUFFIXES, TreeSpec
from landseer.predict.calibrated import CalibratorSpec
from landseer.predict.ensemble import Precision
from landseer.quantities.views import problem_of_views

FORMAT: Literal[1] = 1
"""The format of model folders this version writes, and the newest it reads."""

Vote = Literal["soft", "hard"]

_SUFFIXES = (".safetensors", *TREE_SUFFIXES)

_FROZEN = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class MemberSpec(BaseModel):
    """One trained network of the ensemble, or trees."""

    model_config = _FROZEN

    file: str
    """Path inside the model folder, e.g. `members/fold0_seed0.safetensors`; trees end in `.ubj` or `.txt`."""
    weight: float = Field(default=1.0, ge=0)
    """Share in the average; only the ratios between members matter."""
    fold: int
    """The fold that was held out while it trained; -1 when none was."""
    seed: int
    """The root seed of its training."""
    tta: str | None = None
    """Name of the set of views that it averages; None takes the model's. A file may stand in the list once for each."""
    voice: str = ""
    """Networks of one fold, seed and voice, such as the best epochs of one training, are averaged before they vote or
    are calibrated; empty: each by itself."""
    sha256: str = ""
    """SHA-256 of the file, 64 hex digits."""

    @field_validator("file")
    @classmethod
    def _inside(cls, file: str) -> str:
        path = PurePosixPath(file)
        if path.is_absolute() or ".." in path.parts or path.suffix not in _SUFFIXES:
            raise ValueError(f"expected a {_SUFFIXES[0]} path inside the model folder")
        return file


class Naming(BaseModel):
    """How the name of an output follows from the name of its input."""

    model_config = _FROZEN

    strip: str = ""
    """Ending taken off the input's stem to get the id, e.g. `_satellite`; inputs without it keep their stem."""
    pattern: str = "{id}.tif"
    """Name of the class map; `{id}` stands for the id."""
    values: dict[str, str] = Field(default_factory=dict)
    """Names of the maps of other targets, by target; those not named are `{id}_TARGET.tif`."""
    numbers: str = "{id}.json"
    """Name of the file with what is predicted of the image as a whole."""

    @field_validator("pattern")
    @classmethod
    def _has_id(cls, pattern: str) -> str:
        if "{id}" not in pattern or "/" in pattern or not pattern.endswith(".tif"):
            raise ValueError("expected a file name with {id} in it that ends in .tif")
        return pattern

    @field_validator("values")
    @classmethod
    def _have_ids(cls, values: dict[str, str]) -> dict[str, str]:
        for pattern in values.values():
            cls._has_id(pattern)
        return values

    @field_validator("numbers")
    @classmethod
    def _is_json(cls, pattern: str) -> str:
        if "{id}" not in pattern or "/" in pattern or not pattern.endswith(".json"):
            raise ValueError("expected a file name with {id} in it that ends in .json")
        return pattern

    def id_of(self, stem: str) -> str:
        """Return the sample id of an input file's stem."""
        return stem.removesuffix(self.strip)

    def output(self, stem: str) -> str:
        """Return the class map's file name for an input file's stem."""
        return self.pattern.replace("{id}", self.id_of(stem))

    def value(self, stem: str, target: str) -> str:
        """Return the file name of another target's map."""
        pattern = self.values.get(target, f"{{id}}_{target}.tif")
        return pattern.replace("{id}", self.id_of(stem))

    def number(self, stem: str) -> str:
        """Return the file name of what is predicted of the image as a whole."""
        return self.numbers.replace("{id}", self.id_of(stem))


class ModelSpec(BaseModel):
    """The content of `model.yaml`: what goes in, what comes out, which members, how they are averaged and decided."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, protected_namespaces=()
    )

    format: Literal[1] = FORMAT
    """Format of the folder."""
    name: str
    """Name of the model."""
    landseer: str = __version__
    """Version of landseer that wrote it."""
    bands: tuple[Band, ...]
    """The bands of an input file, in the order of the file."""
    file_bands: int | None = None
    """Number of bands an input file has, an alpha band behind them aside; None takes the highest band index."""
    targets: dict[str, TargetSpec] = Field(default_factory=lambda: dict(ONLY_MASK))
    """What is predicted, by name (recipe key `targets`)."""
    classes: ClassTable
    """Names, label values and colours of the classes; position is the class number in the maps."""
    inputs: PreprocessConfig
    """How raw numbers become channels (recipe key `inputs`)."""
    model: ModelConfig
    """The network (recipe key `model`); not looked at where the members are trees."""
    trees: TreeSpec | None = None
    """What trees see, where the members are trees and not networks."""
    statistics: dict[str, Any]
    """The training data's statistics per channel, as `statistics.json` has them."""
    members: tuple[MemberSpec, ...] = ()
    """The trained networks."""
    tta: str = "none"
    """Name of the set of views that are averaged."""
    vote: Vote = "soft"
    """`soft` averages probabilities; `hard` lets each member decide and averages the votes."""
    threshold: float | None = Field(default=None, ge=0, le=1)
    """Two classes only: class 1 where its average is at least this; None takes the greatest."""
    member_threshold: float | None = Field(default=None, ge=0, le=1)
    """The same for each member's own decision when votes are hard."""
    class_factors: tuple[float, ...] = ()
    """One per class, by which probabilities are multiplied before the greatest is taken; empty: as they are."""
    class_thresholds: tuple[float, ...] = ()
    """One per class but the first: of the classes that reach theirs, the one that exceeds it most, class 0 where none
    does; empty: the greatest probability."""
    calibrator: CalibratorSpec | None = None
    """What makes written probabilities be right as often as they say; None leaves averages as they are."""
    precision: Precision = "auto"
    """What the networks computed in when the model was judged."""
    reach_px: int | None = Field(default=None, ge=0)
    """How far the networks see: pixels beyond this distance hardly change a prediction; null: unlimited or unknown."""
    gsd_m: float | None = Field(default=None, gt=0)
    """Ground sample distance, m, at which images were and are read; null: each at its own."""
    naming: Naming | None = None
    """How outputs are named when the user does not say."""
    scores: dict[str, Any] = Field(default_factory=dict)
    """Honest scores on out-of-fold predictions, with what each counts."""
    notes: dict[str, Any] = Field(default_factory=dict)
    """Anything else a reader should know: groups, data, licence."""

    @field_validator("tta")
    @classmethod
    def _known_tta(cls, tta: str) -> str:
        problem = problem_of_views(tta)
        if problem is not None:
            raise ValueError(problem)
        return tta

    @model_validator(mode="after")
    def _thresholds_fit(self) -> Self:
        given = (self.threshold, self.member_threshold) != (None, None)
        if given and len(self.classes) != 2:
            raise ValueError(f"expected two classes for a threshold; got {len(self.classes)}")
        n, rules = len(self.classes), (self.class_factors, self.class_thresholds)
        if len(rules[0]) not in (0, n) or len(rules[1]) not in (0, n - 1):
            raise ValueError(f"expected {n} class factors or {n - 1} class thresholds")
        if sum(map(bool, rules)) + given > 1:
            raise ValueError("expected a threshold, class factors or class thresholds; got several")
        if min((*rules[0], *rules[1]), default=1) <= 0:
            raise ValueError("expected class factors and class thresholds above 0")
        return self

    @model_validator(mode="after")
    def _calibrator_fits(self) -> Self:
        if self.calibrator is None:
            return self
        if self.mask is None or self.vote == "hard":
            raise ValueError("expected a class mask and soft votes for a calibrator")
        found = self.calibrator.mapping.n_classes
        if found not in (None, len(self.classes)):
            raise ValueError(f"expected a calibrator of {len(self.classes)} classes; got {found}")
        return self

    @property
    def read_bands(self) -> tuple[Band, ...]:
        """The bands that the members take, in their order."""
        return plan_inputs(self.inputs, self.bands).bands

    @property
    def mask(self) -> str | None:
        """Name of the class mask, None where there is none."""
        return next((n for n, spec in self.targets.items() if spec.quantity == "mask"), None)

    @property
    def n_file_bands(self) -> int:
        """How many bands an input file must have, an alpha band behind them aside."""
        return self.file_bands or max(band.index for band in self.bands)
