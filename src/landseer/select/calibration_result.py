"""How well probabilities are calibrated, before and after, and the calibrator that was taken (`calibration.json`)."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from landseer.core.files import write_json
from landseer.predict.calibrated import CalibratorSpec
from landseer.select.estimate import Estimate, read_result

_FROZEN = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Diagram(BaseModel):
    """A reliability diagram: bins of what is said, and what is true in each."""

    model_config = _FROZEN

    name: str
    """The class that is judged alone, or `most probable class`."""
    pixels: tuple[int, ...]
    """Pixels in each bin; the bins have equal widths from 0 to 1."""
    said: tuple[float | None, ...]
    """Mean probability in each; null in empty ones."""
    true: tuple[float | None, ...]
    """Share of the pixels that are of the class."""
    low: tuple[float | None, ...]
    """Lower end of the interval of that share."""
    high: tuple[float | None, ...]
    """Upper end."""


class Judgement(BaseModel):
    """One way to calibrate, judged on folds that it was not fitted to."""

    model_config = _FROZEN

    kind: str
    """`none`, `temperature`, `vector` or `isotonic`."""
    figures: dict[str, Estimate]
    """`log_loss`, `brier`, `ece` of the most probable class, `classwise_ece` (the mean of `ece_CLASS`),
    `overconfidence` (mean confidence less the share that is right)."""
    differences: dict[str, Estimate]
    """The same less those of `none`, drawing the same groups for both; negative is better."""
    diagrams: tuple[Diagram, ...]
    """The most probable class, then each class alone."""


class CalibrationResult(BaseModel):
    """Everything about the calibration of a run's class mask."""

    model_config = _FROZEN

    kind: str
    """The calibrator that was taken; `none` leaves probabilities as they are."""
    calibrator: CalibratorSpec | None
    """It, fitted to all folds, as the model folder has it."""
    judgements: tuple[Judgement, ...]
    """Every kind that was judged, `none` first; empty without a class mask."""
    level: float
    """Coverage of the intervals."""
    n_samples: int
    """Samples judged."""
    n_groups: int
    """Groups among them."""
    n_pixels: int
    """Labelled pixels in them."""
    threshold: float | None
    """Two classes: where class 1 begins in probabilities as they are averaged."""
    notes: tuple[str, ...]
    """What a reader should know."""

    def judgement(self, kind: str) -> Judgement:
        """Return what was judged of a kind.

        Raises:
            KeyError: it was not judged.
        """
        found = {one.kind: one for one in self.judgements}
        return found[kind]

    def write(self, path: Path) -> None:
        """Write `calibration.json`.

        Raises:
            WriteError: the file cannot be written.
        """
        write_json(path, self.model_dump(mode="json"))


def read_calibration(path: Path) -> CalibrationResult:
    """Read `calibration.json`.

    Raises:
        FileReadError: the file is missing or says something else.
    """
    return read_result(path, CalibrationResult, "a calibration", "landseer select")


def without_mask(note: str) -> CalibrationResult:
    """Return the result of a run that has nothing to calibrate."""
    return CalibrationResult(
        kind="none", calibrator=None, judgements=(), level=0.95, n_samples=0, n_groups=0, n_pixels=0,
        threshold=None, notes=(note,),
    )  # fmt: skip
