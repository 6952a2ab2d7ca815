"""Calibration: each kind is fitted on all folds but one, judged on that one, and the best is fitted to all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from landseer.core.classes import ClassTable
from landseer.errors import UsageError
from landseer.predict.calibrated import CalibratorSpec
from landseer.predict.calibrator import Calibrator
from landseer.select.calibrate import fit_calibrator
from landseer.select.calibration_config import CalibrateConfig, CalibratorName
from landseer.select.calibration_judge import Bootstrap, Sums, group_numbers, judge
from landseer.select.calibration_pixels import Pixels, make_store, merge
from landseer.select.calibration_reader import Held, read_held
from landseer.select.calibration_result import CalibrationResult, Judgement
from landseer.select.crossfit import make_parts
from landseer.select.judged import Judged
from landseer.select.selection import Selection

NONE: Literal["none"] = "none"

Kind = CalibratorName | Literal["none"]


@dataclass(frozen=True, slots=True)
class _Case:
    """What is calibrated, and how: see `calibrate`."""

    judged: Judged
    selection: Selection
    classes: ClassTable
    config: CalibrateConfig
    parts: NDArray[np.int64]
    seed: int

    @property
    def n_parts(self) -> int:
        """How many parts take each other's place."""
        return int(self.parts.max()) + 1

    @property
    def kinds(self) -> tuple[CalibratorName, ...]:
        """What is fitted: nothing where votes are counted instead of probabilities."""
        return () if self.selection.vote == "hard" else self.config.kinds

    def read(self, label: str) -> Iterator[Held]:
        """Read all samples in order."""
        return read_held(
            self.judged, self.selection, self.classes, self.config.where, self.config.workers, label
        )


def calibrate(
    judged: Judged,
    selection: Selection,
    classes: ClassTable,
    config: CalibrateConfig | None = None,
    *,
    seed: int = 0,
) -> CalibrationResult:
    """Fit, judge and choose a calibrator on out-of-fold predictions of the chosen ensemble.

    What judges a fold was fitted to the other folds. Predictions are streamed twice; memory holds counts and, of three
    classes or more, a sample of pixels.

    Args:
        judged: the samples with their predictions.
        selection: the chosen symmetries, weights and threshold.
        classes: the class table of the labels.
        config: recipe key `calibrate`.
        seed: root seed of the bootstrap and of the sample.

    Raises:
        UsageError: a calibrator is asked for where votes are hard.
        DataError: no labelled pixel.

    Edges: with a single fold its groups are dealt to parts, as selection does; with a single group nothing can be
        judged on other data, `auto` takes none, and a note says so. Of hard votes nothing is fitted.
    """
    config = config or CalibrateConfig()
    parts = make_parts(judged.folds, judged.groups)
    case = _Case(judged, selection, classes, config, parts, seed)
    if selection.vote == "hard" and config.kind not in ("auto", NONE):
        raise UsageError(
            f"expected soft votes for {config.kind} calibration; got hard ones",
            where="calibrate.kind",
            do="write `select.vote: soft`, or `calibrate.kind: none`",
        )
    pixels = _collect(case) if case.kinds else ()
    sums = _judge(case, {kind: _fit_apart(kind, pixels) for kind in case.kinds})
    bootstrap = Bootstrap(config.resamples, config.level, seed)
    judgements = tuple(
        Judgement(kind=kind, figures=figures, differences=differences, diagrams=diagrams)
        for kind, own in sums.items()
        for figures, differences, diagrams in [judge(own, sums[NONE], classes, bootstrap)]
    )
    kind = _choose(case, judgements)
    return CalibrationResult(
        kind=kind,
        calibrator=None if kind == "none" else _final(case, kind, pixels),
        judgements=judgements,
        level=config.level,
        n_samples=len(judged.samples),
        n_groups=len(sums[NONE].losses),
        n_pixels=int(sums[NONE].losses[:, 0].sum()),
        threshold=_threshold(case),
        notes=tuple(_notes(case, kind)),
    )


def _collect(case: _Case) -> tuple[Pixels, ...]:
    """Take the pixels of each part."""
    n = len(case.judged.samples)
    stores = [
        make_store(len(case.classes), n, case.config.pixels, case.seed) for _ in range(case.n_parts)
    ]
    for part, held in zip(case.parts, case.read("calibrate"), strict=True):
        for said, share in zip(held.said, held.shares, strict=True):
            stores[part].add(held.sample, held.truth, said, float(share))
    return tuple(store.pixels() for store in stores)


def _fit_apart(kind: CalibratorName, pixels: Sequence[Pixels]) -> tuple[Calibrator, ...]:
    """Fit one calibrator for each part, on all others; a single part has only itself."""
    if len(pixels) == 1:
        return (fit_calibrator(kind, pixels[0]),)
    return tuple(
        fit_calibrator(kind, merge(other for other in pixels if other is not mine))
        for mine in pixels
    )


def _judge(case: _Case, fitted: Mapping[CalibratorName, Sequence[Calibrator]]) -> dict[Kind, Sums]:
    """Count what is said, without a calibrator and with each that was fitted elsewhere."""
    groups, n_groups = group_numbers(case.judged.groups)
    sums: dict[Kind, Sums] = {
        kind: Sums.empty(n_groups, len(case.classes), case.config.bins) for kind in (NONE, *fitted)
    }
    for part, group, held in zip(case.parts, groups, case.read("judge"), strict=True):
        sums[NONE].add(group, held.truth, held.average())
        for kind, calibrators in fitted.items():
            sums[kind].add(group, held.truth, held.average(calibrators[part]))
    return sums


def _choose(case: _Case, judgements: Sequence[Judgement]) -> Kind:
    """Take what is asked for; `auto` the least log loss that is less than without, beyond the interval."""
    if case.config.kind != "auto":
        return case.config.kind
    best: tuple[float, Kind] = (np.inf, NONE)
    for kind, one in zip((NONE, *case.kinds), judgements, strict=True):
        loss, high = one.figures["log_loss"].value, one.differences["log_loss"].high
        if case.n_parts > 1 and loss is not None and high is not None and high < 0:
            best = min(best, (loss, kind))
    return best[1]


def _final(case: _Case, kind: CalibratorName, pixels: Sequence[Pixels]) -> CalibratorSpec:
    """Fit the calibrator of the model folder to all folds."""
    mapping = fit_calibrator(kind, merge(pixels))
    threshold = _threshold(case) if case.config.where == "average" else None
    spec = CalibratorSpec(where=case.config.where, mapping=mapping)
    if threshold is None:
        return spec
    at = torch.tensor([1 - threshold, threshold]).reshape(1, 2, 1, 1)
    return spec.model_copy(update={"threshold": round(float(spec(at)[0, 1]), 6)})


def _threshold(case: _Case) -> float | None:
    """Return where class 1 begins in averaged probabilities; None where no single number says so."""
    selection = case.selection
    has_numbers = bool(selection.class_factors or selection.class_thresholds)
    if len(case.classes) != 2 or selection.vote == "hard" or has_numbers:
        return None
    return 0.5 if selection.threshold is None else selection.threshold


def _notes(case: _Case, kind: str) -> Iterator[str]:
    """Say what these figures cannot tell."""
    yield from case.judged.notes
    if case.selection.vote == "hard":
        yield "votes are hard: shares of votes are not calibrated"
    if case.n_parts == 1:
        yield "one group only: every calibrator was judged on what it was fitted to"
    n_folds, n_seeds = len(set(case.judged.folds)), len(case.judged.seeds)
    if n_folds > 1 and kind != NONE:
        yield (
            f"judged on {n_seeds} member(s) a sample, which never saw it; the model averages "
            f"{n_folds * n_seeds}, which is less sure: what it writes lies nearer to the middle than here"
        )
