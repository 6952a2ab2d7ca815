"""What was chosen, what it scores honestly, and the curve it was read from (`selection.json`)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from landseer.core.files import read_json, write_json
from landseer.errors import FileReadError

_FROZEN = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class ScoreInterval(BaseModel):
    """A score with its bootstrap interval over groups."""

    model_config = _FROZEN

    value: float
    """The score, pooled over all samples; NaN when undefined."""
    low: float
    """Lower end; NaN with fewer than two groups."""
    high: float
    """Upper end."""
    level: float
    """Coverage of the interval."""
    counts: str
    """What the score counts, in words."""


class Comparison(BaseModel):
    """What one choice brings: the same samples judged with it and without it, both cross-fitted."""

    model_config = _FROZEN

    choice: Literal["threshold", "tta", "weights", "baseline"]
    """What is chosen."""
    option: str
    """The option taken."""
    against: str
    """The option it is compared with."""
    value: float
    """Score with the option."""
    against_value: float
    """Score with the other."""
    difference: float
    """The first less the second."""
    low: float
    """Lower end of the paired bootstrap interval of the difference."""
    high: float
    """Upper end."""


class OptionScore(BaseModel):
    """One option of a choice: what it costs and scores, against the simplest option of that choice."""

    model_config = _FROZEN

    choice: Literal["views", "members", "decision", "vote"]
    """What is chosen: views, scales and epochs; how members count; how pixels are decided; how members vote."""
    option: str
    """The option."""
    passes: float
    """How many images of the original size go through networks of one fold for one prediction."""
    value: float
    """Cross-fitted score of the option, all else chosen on the other folds."""
    low: float
    """Lower end of its interval over groups."""
    high: float
    """Upper end."""
    difference: float
    """Its score less that of the simplest option, which stands first."""
    difference_low: float
    """Lower end of the paired interval of the difference."""
    difference_high: float
    """Upper end."""
    taken: bool
    """Whether the model has it."""


class MixPart(BaseModel):
    """One prediction in a mixture."""

    model_config = _FROZEN

    tta: str
    """Name of the set of predictions: views, and behind a plus which epochs."""
    seed: int
    """The seed of the members."""
    share: float
    """Its share."""


class GreedyStep(BaseModel):
    """One step of greedy selection."""

    model_config = _FROZEN

    tta: str
    """Set of predictions that was added."""
    seed: int
    """Seed of the members that were added."""
    optimistic: float
    """Score after this step on the pixels on which the steps were chosen."""
    crossfit: float
    """Score of each fold after as many steps chosen on the other folds, pooled: an estimate from sampled pixels."""
    taken: bool
    """Whether the model has it; what comes behind the best step is left out."""


class ClassCurve(BaseModel):
    """The score along one class's number, those of the others staying as chosen; from sampled pixels, for plots."""

    model_config = _FROZEN

    name: str
    """The class."""
    kind: Literal["factor", "threshold"]
    """What the number is."""
    chosen: float
    """The number that was taken."""
    numbers: tuple[float, ...]
    """Numbers tried."""
    values: tuple[float, ...]
    """Score at each."""


class MemberWeight(BaseModel):
    """One member's share in the model."""

    model_config = _FROZEN

    fold: int
    """The fold it was held out from."""
    seed: int
    """The seed of its training."""
    weight: float
    """Its weight."""
    score: float
    """Its own score on its fold at the chosen threshold: the same samples chose the threshold."""


class FoldScore(BaseModel):
    """How one fold was judged."""

    model_config = _FROZEN

    fold: int
    """The fold; parts of a single fold are numbered from 0."""
    n_samples: int
    """Samples in it."""
    tta: str
    """Symmetries chosen on the other folds."""
    threshold: float | None
    """Threshold chosen on the other folds; None is the greatest probability."""
    mix: tuple[MixPart, ...] = ()
    """What was mixed, chosen on the other folds; empty: `tta` alone, all seeds alike."""
    class_factors: tuple[float, ...] = ()
    """One per class, chosen on the other folds; empty: none."""
    class_thresholds: tuple[float, ...] = ()
    """One per class but the first, chosen on the other folds; empty: none."""
    scores: dict[str, float]
    """All scores, pooled over the fold."""


class Curve(BaseModel):
    """The pooled score at each threshold, all samples at once; for plots."""

    model_config = _FROZEN

    tta: str
    """Symmetries of the predictions."""
    thresholds: tuple[float, ...]
    """Thresholds on class 1."""
    values: tuple[float, ...]
    """Pooled score at each."""


class Selection(BaseModel):
    """Everything that was chosen on out-of-fold predictions."""

    model_config = _FROZEN

    metric: str
    """The score that decided."""
    tta: str
    """Name of the set of flips and turns."""
    vote: Literal["soft", "hard"]
    """How members are averaged."""
    threshold: float | None
    """Threshold on the average; None takes the greatest."""
    member_threshold: float | None
    """Threshold of each member's vote when votes are hard."""
    members: tuple[MemberWeight, ...]
    """Weight and own score of each member."""
    crossfit: ScoreInterval
    """The honest score: what judges a fold was chosen on the other folds."""
    optimistic: ScoreInterval
    """The score on the very samples on which the choices were made: too good by construction."""
    scores: dict[str, float]
    """All scores of the cross-fitted predictions, pooled."""
    n_samples: int
    """Samples judged."""
    n_groups: int
    """Groups among them."""
    folds: tuple[FoldScore, ...]
    """How each fold was judged."""
    parts: dict[str, int] = Field(default_factory=dict)
    """The part of each sample, where one fold holds all out and parts take the place of folds; else empty."""
    comparisons: tuple[Comparison, ...]
    """What each choice brings."""
    curves: tuple[Curve, ...]
    """One curve per set of symmetries; empty without a threshold."""
    groups: dict[str, float]
    """Cross-fitted score pooled over each group; NaN where undefined."""
    samples: dict[str, float]
    """Cross-fitted score of each sample; NaN where undefined."""
    intervals: dict[str, ScoreInterval] = Field(default_factory=dict)
    """Every score of every real-valued target with its interval, cross-fitted."""
    sites: dict[str, dict[str, float]] = Field(default_factory=dict)
    """The same scores of each site."""
    height_classes: dict[str, dict[str, dict[str, float]]] = Field(default_factory=dict)
    """Errors by class of the reference: target -> class -> score."""
    mix: tuple[MixPart, ...] = ()
    """What is mixed where members differ in views or epochs; empty: `tta` of all members by their weights."""
    class_factors: tuple[float, ...] = ()
    """One per class, by which probabilities are multiplied before the greatest is taken; empty: none."""
    class_thresholds: tuple[float, ...] = ()
    """One per class but the first, for classes that do not exclude each other; empty: none."""
    options: tuple[OptionScore, ...] = ()
    """Every option of every choice with what it scores on other folds."""
    steps: tuple[GreedyStep, ...] = ()
    """The steps of greedy selection."""
    class_curves: tuple[ClassCurve, ...] = ()
    """The score along each class's factor or threshold."""
    notes: tuple[str, ...] = Field(default=())
    """What a reader should know about these choices."""

    @property
    def views(self) -> str:
        """Name of the set of flips, turns and zooms, without the epochs that took part."""
        return self.tta.partition("+")[0]

    def weight_of(self, fold: int, seed: int) -> float:
        """Return a member's weight; 0 when it is not among the members."""
        found = (m.weight for m in self.members if (m.fold, m.seed) == (fold, seed))
        return next(found, 0.0)

    def judge_of(self, sample: str, fold: int) -> FoldScore | None:
        """Return how a held-out sample was judged: as its fold, or as its part where one fold holds all; None where it
        was not judged."""
        is_single = len({one.fold for one in self.members}) == 1
        number = self.parts.get(sample) if is_single else fold
        return next((one for one in self.folds if one.fold == number), None)

    def write(self, path: Path) -> None:
        """Write `selection.json`; undefined figures become null.

        Raises:
            WriteError: the file cannot be written.
        """
        write_json(path, _without_nan(self.model_dump(mode="python")))


def read_selection(path: Path) -> Selection:
    """Read `selection.json`; null figures become NaN again.

    Raises:
        FileReadError: the file is missing or is no selection.
    """
    path = Path(path)
    if not path.is_file():
        raise FileReadError(
            "expected a selection; there is no such file", where=path, do="run `landseer select`"
        )
    try:
        return Selection.model_validate(_with_nan(read_json(path)))
    except ValueError as error:
        raise FileReadError(f"expected a selection; {error}", where=path) from error


_MAY_BE_NONE = frozenset({"threshold", "member_threshold"})


def _without_nan(value: Any) -> Any:
    """Replace NaN by None, all the way down."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _with_nan(value: Any, key: str = "") -> Any:
    """Replace None by NaN where a figure must stand."""
    if isinstance(value, dict):
        return {name: _with_nan(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_nan(item, key) for item in value]
    return math.nan if value is None and key not in _MAY_BE_NONE else value
