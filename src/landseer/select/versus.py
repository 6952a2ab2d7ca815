"""Two runs against each other on the samples that both held out: paired differences, drawn by place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import ClassTable
from landseer.errors import DataError, UsageError
from landseer.metrics.bootstrap import interval
from landseer.metrics.confusion import Matrix, group_matrices
from landseer.metrics.scores import score_names, scores

PER_CLASS = ("iou", "precision", "recall")
"""What is compared of each class."""

_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Paired:
    """One score of both runs on the same samples.

    Attributes:
        score: its name.
        first, second: of the two runs, pooled; NaN when undefined.
        difference: the second less the first.
        low, high: paired bootstrap interval of the difference over groups; NaN with fewer than two.
    """

    score: str
    first: float
    second: float
    difference: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class SamplePair:
    """One sample under both runs: pooled score of each, its group, and how many pixels are right in each."""

    sample: str
    group: str
    first: float
    second: float
    right_first_px: int
    right_second_px: int

    @property
    def gained_px(self) -> int:
        """Pixels that only the second run has right, less those that only the first has."""
        return self.right_second_px - self.right_first_px


@dataclass(frozen=True, slots=True)
class Versus:
    """Two runs compared.

    Attributes:
        metric: the score that decides.
        whole: that score.
        classes: scores of each class, by its name.
        samples: every sample, the one that gains most pixels first.
        n_groups: groups drawn.
        better, worse: groups in which the second run scores higher, lower.
        level: coverage of the intervals.
        left_out: samples that only one of the runs held out.
    """

    metric: str
    whole: Paired
    classes: dict[str, tuple[Paired, ...]]
    samples: tuple[SamplePair, ...]
    n_groups: int
    better: int
    worse: int
    level: float
    left_out: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, without the samples."""
        known = asdict(self)
        return {name: known[name] for name in known if name != "samples"} | {
            "n_samples": len(self.samples)
        }


def compare_counts(
    counts: tuple[Matrix, Matrix],
    samples: Sequence[str],
    groups: Sequence[str],
    classes: ClassTable,
    metric: str,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Versus:
    """Compare two runs by the pixels that each counted.

    Args:
        counts: (n, C, C) of each run, rows truth; the same samples in the same order.
        samples: their names.
        groups: of each sample; whole groups are drawn, the same for both runs.
        classes: the class table.
        metric: a score of `score_names`.
        resamples, level, seed: of the bootstrap.

    Raises:
        UsageError: the metric is no score of these classes.
        DataError: no samples, or the runs count other truths: their labels differ.

    Source: paired bootstrap over clusters, Field and Welsh 2007, doi:10.1111/j.1467-9868.2007.00593.x.
    """
    known = score_names(classes.names)
    if metric not in known:
        raise UsageError(
            f"expected a score of {', '.join(known)}; got {metric!r}", where="--metric"
        )
    both = np.stack(counts, axis=1)
    _check(both, samples)

    def paired(name: str) -> Paired:
        def difference(sums: Matrix) -> float:
            first, second = scores(sums, classes.names)[name]
            return float(second - first)

        first, second = scores(both.sum(0), classes.names)[name]
        low, high = interval(both, groups, difference, n=resamples, level=level, seed=seed)
        return Paired(name, float(first), float(second), float(second - first), low, high)

    by_sample = scores(both, classes.names)[metric]
    _, by_group = group_matrices(both, groups)
    gain = np.diff(scores(by_group, classes.names)[metric], axis=1)[:, 0]
    return Versus(
        metric=metric,
        whole=paired(metric),
        classes={name: _of_class(name, paired, known) for name in classes.names},
        samples=_ordered(samples, groups, by_sample, both),
        n_groups=len(by_group),
        better=int((gain > _TOLERANCE).sum()),
        worse=int((gain < -_TOLERANCE).sum()),
        level=level,
    )


def _of_class(
    name: str, paired: Callable[[str], Paired], known: Sequence[str]
) -> tuple[Paired, ...]:
    """Compare the scores of one class."""
    return tuple(paired(f"{score}_{name}") for score in PER_CLASS if f"{score}_{name}" in known)


def _check(both: Matrix, samples: Sequence[str]) -> None:
    """Refuse what cannot be paired."""
    if not len(samples):
        raise DataError("expected samples that both runs held out; got none")
    differ = np.flatnonzero((np.diff(both.sum(-1), axis=1) != 0).any((1, 2)))
    if len(differ):
        raise DataError(
            f"expected the same labels in both runs; {len(differ)} samples have other pixels of truth",
            where=f"sample {samples[differ[0]]}",
            do="compare runs of the same data, classes and windows",
        )


def _ordered(
    samples: Sequence[str],
    groups: Sequence[str],
    by_sample: NDArray[np.float64],
    both: Matrix,
) -> tuple[SamplePair, ...]:
    """List the samples, those that gain most pixels first."""
    right = np.trace(both, axis1=-2, axis2=-1)
    pairs = [
        SamplePair(name, group, float(first), float(second), int(ours), int(theirs))
        for name, group, (first, second), (ours, theirs) in zip(
            samples, groups, by_sample, right, strict=True
        )
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair.gained_px, pair.sample)))
