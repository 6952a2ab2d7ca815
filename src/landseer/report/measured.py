"""Real-valued targets of a run, measured in one pass over its held-out samples: what the report draws them from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from landseer.core.parallel import parallel_map
from landseer.metrics.evaluation import Evaluation
from landseer.report.pictures import nice_limits
from landseer.report.pose_sheet import Pose
from landseer.report.value_plots import density_counts
from landseer.report.value_views import PoseNames, drawn_targets, pose_names, pose_of
from landseer.select.placed import Arrays, Placed, place
from landseer.select.selection import Selection
from landseer.select.value_counts import Trial
from landseer.select.values import Held

Numbers = Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]
"""By target of the whole image: references and predictions."""

_BINS = 48
_PROBED = 64
_PROBED_PX = 20_000
_ENDS = (0.005, 0.995)


@dataclass(frozen=True, slots=True)
class Density:
    """Pixels by true and predicted value: (n, n) counts, row = truth; n + 1 edges."""

    counts: NDArray[np.int64]
    edges: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of the real-valued targets of a run.

    Attributes:
        trial: where references and predictions are read from.
        held: the samples that were judged.
        tta: sample -> the set of views that judged it.
        decides: whether the score that decides is one of a real value, not one of a class mask.
        counts: (n, F) what each sample adds to the scores, in the order of `held`.
        densities: of the targets in `DRAWN` that follow from no others.
        numbers: by target of the whole image, (n, k) references and predictions.
    """

    trial: Trial
    held: Held
    tta: Mapping[str, str]
    decides: bool
    counts: NDArray[np.float64]
    densities: Mapping[str, Density]
    numbers: Numbers

    @property
    def evaluation(self) -> Evaluation:
        """What is counted and scored."""
        return self.trial.evaluation

    @property
    def drawn(self) -> tuple[str, ...]:
        """Dense targets of one plane that follow from no others, heights first."""
        return drawn_targets(self.trial.specs)

    @property
    def pose(self) -> PoseNames | None:
        """The targets that make a geocentric pose, or None where one of them is missing."""
        return pose_names(self.trial.specs)

    def unit(self, target: str) -> str:
        """Return the unit of a target."""
        return self.trial.quantities[target].unit

    def position(self, sample: str) -> int:
        """Return a sample's position in the trial's source."""
        return self.held.positions[self.held.samples.index(sample)]

    def pose_of(self, values: Arrays) -> Pose | None:
        """Return the pose that references or predictions of a sample make; None where a target of it is missing."""
        return pose_of(values, self.trial.specs)

    def scores(self, sample: str) -> dict[str, float]:
        """Score a sample by itself."""
        row = self.held.samples.index(sample)
        return self.evaluation.scores(self.counts[row][None], [self.held.sites[row]])

    def piece(self, target: str) -> NDArray[np.float64]:
        """Return the sums of a target over all samples, such as (bins, 7) of a height."""
        return self.evaluation.piece(self.counts.sum(axis=0), target)


def measure_values(
    trial: Trial,
    held: Held,
    selection: Selection,
    *,
    decides: bool,
    workers: int | None = None,
) -> Measured:
    """Measure all held-out samples, each under the views that judged its fold.

    Args:
        trial: references and predictions.
        held: the samples.
        selection: what was chosen.
        decides: whether the score that decides is one of a real value.
        workers: threads; None takes one per processor.

    Raises:
        FileReadError: a prediction or a reference is missing or damaged.

    Edges: ends of densities hold 99 % of the pixels of up to 64 samples; a single fold is judged under the final
        choice.
    """
    tta = _views(held, selection)
    names = drawn_targets(trial.specs)
    edges = {name: _edges(trial, held, name, tta) for name in names}
    count = partial(_count, trial=trial, evaluation=trial.evaluation, edges=edges)
    jobs = [(position, tta[sample]) for sample, position in _pairs(held)]
    tables = {name: np.zeros((_BINS, _BINS), np.int64) for name in names}
    counts: list[NDArray[np.float64]] = []
    numbers: list[Numbers] = []
    for one in parallel_map(count, jobs, label="report, values", workers=workers):
        counts.append(one.counts)
        numbers.append(one.numbers)
        for name, table in one.tables.items():
            tables[name] += table
    densities = {name: Density(tables[name], edges[name]) for name in names}
    stacked = {
        name: (np.stack([one[name][0] for one in numbers]), np.stack([one[name][1] for one in numbers]))
        for name in _whole_image(trial)
    }  # fmt: skip
    return Measured(trial, held, tta, decides, np.stack(counts), densities, stacked)


def _pairs(held: Held) -> Sequence[tuple[str, int]]:
    """Return each sample with its position."""
    return list(zip(held.samples, held.positions, strict=True))


def _views(held: Held, selection: Selection) -> dict[str, str]:
    """Return the views that judged each sample."""
    if len(selection.folds) < 2:
        return dict.fromkeys(held.samples, selection.tta)
    by_fold = {fold.fold: fold.tta for fold in selection.folds}
    return {
        sample: by_fold.get(fold, selection.tta)
        for sample, fold in zip(held.samples, held.folds, strict=True)
    }


def _edges(trial: Trial, held: Held, target: str, tta: Mapping[str, str]) -> NDArray[np.float64]:
    """Choose even classes between round ends that hold nearly all references of some samples."""
    pairs = _pairs(held)
    some = np.unique(np.linspace(0, max(len(pairs) - 1, 0), _PROBED).astype(int)) if pairs else ()
    values = [
        np.asarray(place(trial, pairs[i][1], tta[pairs[i][0]]).known[target]).ravel() for i in some
    ]
    known = np.concatenate([one[np.isfinite(one)][:: 1 + one.size // _PROBED_PX] for one in values])
    low, high = np.quantile(known, _ENDS) if known.size else (0.0, 1.0)
    low = 0.0 if trial.specs[target].quantity != "dense_value" or 0 <= low < 0.2 * high else low
    return np.linspace(*nice_limits(float(low), float(high)), _BINS + 1)


@dataclass(frozen=True, slots=True)
class _Counted:
    """What one sample adds: to the scores, to the densities, and its own numbers, true and predicted."""

    counts: NDArray[np.float64]
    tables: Mapping[str, NDArray[np.int64]]
    numbers: Numbers


def _count(
    job: tuple[int, str],
    trial: Trial,
    evaluation: Evaluation,
    edges: Mapping[str, NDArray[np.float64]],
) -> _Counted:
    """Count one sample."""
    placed = place(trial, *job)
    tables = {name: density_counts(*_pair(placed, name), at) for name, at in edges.items()}
    numbers = {name: _pair(placed, name) for name in _whole_image(trial)}
    return _Counted(evaluation.count(placed.known, placed.said), tables, numbers)


def _pair(placed: Placed, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a target's reference and prediction, flat."""
    known, said = (np.asarray(one[name], float).ravel() for one in (placed.known, placed.said))
    return known, said


def _whole_image(trial: Trial) -> list[str]:
    """Return the targets that are numbers of the whole image."""
    kinds = {name: (q.extent, q.kind) for name, q in trial.quantities.items()}
    return [n for n, (extent, kind) in kinds.items() if extent == "image" and kind != "presence"]
