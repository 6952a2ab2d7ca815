"""Ways to predict: shares of what was predicted out of fold, and how pixels are decided; counted on all pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import ClassTable
from landseer.core.parallel import parallel_map
from landseer.metrics.confusion import Matrix, confusion_matrix
from landseer.predict.oof import oof_path
from landseer.select.counts import Option, Scored, cut, read_scored
from landseer.select.judged import Judged

_FULL = np.float32(65535)


@dataclass(frozen=True, slots=True)
class Column:
    """One prediction of every sample.

    Attributes:
        name: of the set of predictions; see `sets.parse_set`.
        seed: of the members.
    """

    name: str
    seed: int


@dataclass(frozen=True, slots=True)
class Rule:
    """How averaged probabilities become classes.

    Attributes:
        threshold: two classes: class 1 from here on; None takes the greatest.
        factors: one per class, by which probabilities are multiplied before the greatest is taken; empty: none.
        thresholds: one per class but the first: of the classes that reach theirs, the one that exceeds it most.
    """

    threshold: Option = None
    factors: tuple[float, ...] = ()
    thresholds: tuple[float, ...] = ()

    def decide(self, probability: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Decide (C, ...) probabilities as `ClassMask.decide` does, two classes to 16 bits."""
        if len(probability) == 2 and not self.factors:
            return (np.rint(probability[1] * _FULL) >= cut(self.threshold)).astype(np.uint8)
        if self.thresholds:
            margin = probability[1:] - spread(self.thresholds, probability)
            return np.where(margin.max(axis=0) >= 0, margin.argmax(axis=0) + 1, 0).astype(np.uint8)
        if self.factors:
            probability = probability * spread(self.factors, probability)
        return probability.argmax(axis=0).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to predict.

    Attributes:
        shares: one per column, adding up to 1.
        rule: how pixels are decided.
    """

    shares: tuple[float, ...]
    rule: Rule = Rule()


def spread(numbers: Sequence[float], like: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay numbers along the first axis."""
    return np.asarray(numbers, np.float32).reshape(-1, *(1,) * (like.ndim - 1))


def columns_of(judged: Judged) -> tuple[Column, ...]:
    """List every prediction there is of a sample, the cheapest sets first."""
    return tuple(Column(name, seed) for name in judged.oof for seed in judged.seeds)


def scored_columns(judged: Judged, columns: Sequence[Column]) -> list[Scored]:
    """Return label and predictions of every sample, one per column."""
    folders = [judged.oof[column.name][column.seed] for column in columns]
    return [
        Scored(sample, label, tuple(oof_path(folder, sample) for folder in folders))
        for sample, label in zip(judged.samples, judged.labels, strict=True)
    ]


def mixed(said: NDArray[np.float32], shares: Sequence[float]) -> NDArray[np.float32]:
    """Average (columns, C - 1, n) probabilities and add class 0: (C, n)."""
    used = [i for i, share in enumerate(shares) if share > 0]
    foreground = np.tensordot(np.asarray(shares, np.float32)[used], said[used], axes=1)
    background = np.clip(1 - foreground.sum(axis=0, keepdims=True), 0, 1)
    return np.concatenate([background, foreground]).astype(np.float32, copy=False)


def count_ways(
    judged: Judged,
    columns: Sequence[Column],
    ways: Sequence[Way],
    classes: ClassTable,
    *,
    label: str = "select",
    workers: int | None = None,
) -> Matrix:
    """Count all labelled pixels of every sample under every way, (n, ways, C, C); files are read once, one by one."""
    used = [i for i in range(len(columns)) if any(way.shares[i] > 0 for way in ways)]
    ways = [replace(way, shares=tuple(way.shares[i] for i in used)) for way in ways]
    scored = scored_columns(judged, [columns[i] for i in used])
    count = partial(_count, ways=ways, classes=classes)
    counted = list(parallel_map(count, scored, label=label, workers=workers))
    return np.stack(counted)


def _count(scored: Scored, ways: Sequence[Way], classes: ClassTable) -> Matrix:
    """Count one sample."""
    truth, read = read_scored(scored, classes)
    said = read.astype(np.float32) / _FULL
    return np.stack(
        [
            confusion_matrix(truth, way.rule.decide(mixed(said, way.shares)), len(classes))
            for way in ways
        ]
    )
