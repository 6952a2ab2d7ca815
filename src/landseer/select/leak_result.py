"""What a random split would have flattered, as `leak/leak.json` holds it."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from landseer.core.files import write_json
from landseer.select.estimate import Estimate, read_result

_FROZEN = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Contrast(BaseModel):
    """The same samples, held out under both splits."""

    model_config = _FROZEN

    name: str
    """Which samples."""
    n_samples: float
    """Samples, the mean over the repeats."""
    n_groups: int
    """Places among them."""
    random: Estimate
    """Score where samples were dealt to folds at random."""
    grouped: Estimate
    """Score where places were."""
    difference: Estimate
    """The first less the second, with its paired interval."""


class Repeat(BaseModel):
    """One pair of trainings."""

    model_config = _FROZEN

    random: float | None
    """Score under random folds."""
    grouped: float | None
    """Score under grouped folds."""
    exposed: float
    """Share of the held-out samples that showed ground of a training sample, under random folds."""


class Leak(BaseModel):
    """How much a random split flatters."""

    model_config = _FROZEN

    metric: str
    """The score."""
    level: float
    """Coverage of the intervals."""
    n_samples: int
    """Samples held out, each once in every training."""
    n_groups: int
    """Places among them."""
    n_repeated: int
    """Samples that share ground with another one."""
    trained: str
    """What was trained, in words."""
    exposed_random: float | None = None
    """Share of the held-out samples that showed ground of a training sample, under random folds; null: not trained."""
    exposed_grouped: float | None = None
    """The same under grouped folds: 0."""
    whole: Contrast | None = None
    """All samples; null where no place is shown twice, for then nothing is trained."""
    repeated: Contrast | None = None
    """Samples that share ground with another one: where remembering helps."""
    alone: Contrast | None = None
    """Samples that share ground with none: the control."""
    excess: Estimate | None = None
    """Difference of the repeated samples less that of the lone ones."""
    doses: tuple[Contrast, ...] = ()
    """Repeated samples by the number of training samples that showed their ground, under random folds."""
    seen: float | None = None
    """Score of the grouped trainings on their own training samples, at the greatest probability: less `unseen`,
    about what remembering could bring."""
    unseen: float | None = None
    """Their score on places never seen, at the greatest probability too."""
    by_repeat: tuple[Repeat, ...] = ()
    """Each pair of trainings."""
    fold_sizes: tuple[tuple[int, ...], ...] = ()
    """Samples of each fold, per repeat: the same under both splits."""
    notes: tuple[str, ...] = ()
    """What a reader should know."""

    def write(self, path: Path) -> None:
        """Write `leak.json`.

        Raises:
            WriteError: the file cannot be written.
        """
        write_json(path, self.model_dump(mode="json"))


def read_leak(path: Path) -> Leak:
    """Read `leak.json`.

    Raises:
        FileReadError: the file is missing or is no such result.
    """
    return read_result(path, Leak, "a measured leak", "landseer leak")
