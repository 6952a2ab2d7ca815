"""The honest figure of a search: the best recipe and the one at the start, on folds that no trial saw."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from landseer.core.files import read_json, write_json
from landseer.metrics.evaluation import higher_is_better


class Rescored(BaseModel):
    """Two recipes on the same samples (`tune/rescore.json`); null where a figure is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    metric: str
    """The score."""
    folds: tuple[int, ...]
    """Folds that no trial saw."""
    n_trials: int
    """Trials of the search that ended."""
    trial: int
    """The best one."""
    study: float | None
    """Its score in the study, which chose it for that score: too good by construction."""
    start: float | None
    """Score of the recipe at the start on these folds, cross-fitted."""
    best: float | None
    """Score of the best recipe on the same samples, cross-fitted."""
    difference: float | None
    """The best less the start."""
    low: float | None
    """Lower end of the paired bootstrap interval of the difference over groups."""
    high: float | None
    """Upper end."""
    level: float
    """Coverage of the interval."""
    n_groups: int
    """Groups drawn."""
    n_samples: int
    """Samples judged."""
    is_start: bool
    """Whether the best recipe is the one at the start."""

    def sentence(self) -> str:
        """Say in plain words whether the search helped."""
        where = f"{name_folds(self.folds)} that no trial saw"
        if self.is_start:
            return (
                f"None of {self.n_trials} trials beat the recipe as it was; on {where} it has {self.metric} "
                f"{_number(self.start)}."
            )
        said = (
            f"On {where}, the best of {self.n_trials} trials has {self.metric} {_number(self.best)}, "
            f"the recipe as it was {_number(self.start)}"
        )
        if self.difference is None or self.low is None or self.high is None:
            return f"{said}; nothing can be said of chance."
        ends = (
            f"{_signed(self.difference)}, {self.level:.0%} interval {_signed(self.low)} to {_signed(self.high)} over "
            f"{self.n_groups:,} places"
        )
        if self.low <= 0 <= self.high:
            return f"{said} ({ends}): the difference is within noise, so nothing shows that the search helped."
        better = (self.difference > 0) == higher_is_better(self.metric)
        return f"{said} ({ends}): {'the search helped' if better else 'the search made it worse'}."

    def write(self, path: Path) -> None:
        """Write it as JSON, with its sentence.

        Raises:
            WriteError: the file cannot be written.
        """
        write_json(path, self.model_dump(mode="json") | {"sentence": self.sentence()})


def read_rescored(path: Path) -> Rescored | None:
    """Read what `Rescored.write` wrote; None where there is none."""
    if not path.exists():
        return None
    kept = read_json(path)
    kept.pop("sentence", None)
    return Rescored.model_validate(kept)


def name_folds(folds: tuple[int, ...]) -> str:
    """Name folds in running text."""
    return f"fold {folds[0]}" if len(folds) == 1 else f"folds {', '.join(map(str, folds))}"


def _number(value: float | None) -> str:
    """Write a score."""
    return "undefined" if value is None else f"{value:.4f}"


def _signed(value: float) -> str:
    """Write a difference with its sign."""
    return f"{value:+.4f}".replace("-", "−")
