"""How well probabilities are calibrated: sums of each group, and figures with intervals over groups."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.core.classes import ClassTable
from landseer.core.files import json_number
from landseer.metrics.bootstrap import resample_sums
from landseer.metrics.calibration import calibration_errors, losses, reliability
from landseer.select.calibration_result import Diagram
from landseer.select.estimate import Estimate

Values = dict[str, NDArray[np.float64]]
"""Figures by name; each of one set of sums or, with a leading axis, of many."""

CHOSEN = "most probable class"
"""Name of the row of diagrams that judges the greatest probability of each pixel."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What was counted of each group under one way to calibrate.

    Attributes:
        reliability: (groups, C + 1, 3, bins), see `metrics.calibration.Reliability`.
        losses: (groups, 3), see `metrics.calibration.losses`.
    """

    reliability: NDArray[np.float64]
    losses: NDArray[np.float64]

    @classmethod
    def empty(cls, n_groups: int, n_classes: int, n_bins: int) -> Sums:
        """Return sums of nothing."""
        return cls(np.zeros((n_groups, n_classes + 1, 3, n_bins)), np.zeros((n_groups, 3)))

    def add(self, group: int, truth: NDArray[np.uint8], said: NDArray[np.float32]) -> None:
        """Count pixels of a group: (n,) class numbers and (C, n) probabilities."""
        n_bins = self.reliability.shape[-1]
        self.reliability[group] += reliability(truth[None], said[:, None], n_bins=n_bins)
        self.losses[group] += losses(truth[None], said[:, None])

    def drawn(self, n: int, seed: int) -> Sums:
        """Draw groups again n times and add them up; equal seeds draw equal groups."""
        return Sums(resample_sums(self.reliability, n, seed), resample_sums(self.losses, n, seed))

    def pooled(self) -> Sums:
        """Add up all groups, which then are one."""
        return Sums(self.reliability.sum(0, keepdims=True), self.losses.sum(0, keepdims=True))

    def figures(self, classes: ClassTable) -> Values:
        """Return the figures of each group, or of each draw."""
        pixels, log_loss, brier = self.losses.T
        some = np.where(pixels > 0, pixels, np.nan)
        errors = calibration_errors(self.reliability)
        said, right = self.reliability[:, -1, 1:].sum(axis=-1).T
        return {
            "log_loss": log_loss / some,
            "brier": brier / some,
            "ece": errors[:, -1],
            "classwise_ece": errors[:, :-1].mean(axis=-1),
            "overconfidence": (said - right) / some,
            **{f"ece_{name}": errors[:, i] for i, name in enumerate(classes.names)},
        }


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """How intervals are drawn: groups, `n` times, from this seed; `level` of them lie inside."""

    n: int
    level: float
    seed: int

    def ends(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the ends of the intervals of values that were drawn along the first axis."""
        edges = [(1 - self.level) / 2, (1 + self.level) / 2]
        is_known = np.isfinite(values).any(axis=0)
        ends = np.nanquantile(np.where(is_known, values, 0), edges, axis=0)
        low, high = np.where(is_known, ends, np.nan)
        return low, high


def judge(
    sums: Sums, plain: Sums, classes: ClassTable, bootstrap: Bootstrap
) -> tuple[dict[str, Estimate], dict[str, Estimate], tuple[Diagram, ...]]:
    """Judge one way to calibrate against doing nothing, drawing the same groups for both.

    Returns:
        Figures, their differences to those without a calibrator, and diagrams: the most probable class, then each.

    Edges: with fewer than two groups there are no intervals.
    """
    many = len(sums.losses) > 1
    own, other = (one.pooled().figures(classes) for one in (sums, plain))
    drawn = sums.drawn(bootstrap.n, bootstrap.seed) if many else None
    drawn_plain = plain.drawn(bootstrap.n, bootstrap.seed) if many else None
    draws = drawn.figures(classes) if drawn else {}
    others = drawn_plain.figures(classes) if drawn_plain else {}
    figures = {n: _figure(v, draws.get(n), bootstrap) for n, v in own.items()}
    differences = {
        n: _figure(v - other[n], draws[n] - others[n] if many else None, bootstrap)
        for n, v in own.items()
    }
    return figures, differences, _diagrams(sums, drawn, classes, bootstrap)


def _figure(
    value: NDArray[np.float64], drawn: NDArray[np.float64] | None, bootstrap: Bootstrap
) -> Estimate:
    """Put a figure and its interval together."""
    if drawn is None or not np.isfinite(drawn).any():
        return Estimate(value=json_number(value[0]))
    low, high = bootstrap.ends(drawn)
    return Estimate(value=json_number(value[0]), low=float(low), high=float(high))


def _diagrams(
    sums: Sums, drawn: Sums | None, classes: ClassTable, bootstrap: Bootstrap
) -> tuple[Diagram, ...]:
    """Return what was said and what was true, bin by bin."""
    rows = sums.reliability.sum(axis=0)
    pixels, said, true = np.moveaxis(rows, 1, 0)
    shares = _ratio(true, pixels)
    low = high = np.full_like(shares, np.nan)
    if drawn is not None:
        low, high = bootstrap.ends(_ratio(drawn.reliability[:, :, 2], drawn.reliability[:, :, 0]))
    names = (*classes.names, CHOSEN)
    order = (len(classes), *range(len(classes)))
    return tuple(
        Diagram(
            name=names[row],
            pixels=tuple(map(int, pixels[row])),
            said=_row(_ratio(said[row], pixels[row])),
            true=_row(shares[row]),
            low=_row(np.where(pixels[row] > 0, low[row], np.nan)),
            high=_row(np.where(pixels[row] > 0, high[row], np.nan)),
        )
        for row in order
    )


def _ratio(over: NDArray[np.float64], under: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide, NaN by nothing."""
    return np.divide(over, under, out=np.full_like(over, np.nan), where=under > 0)


def _row(values: NDArray[np.float64]) -> tuple[float | None, ...]:
    """Return figures, None where they are not known."""
    return tuple(map(json_number, values))


def group_numbers(groups: Sequence[Hashable]) -> tuple[NDArray[np.int64], int]:
    """Number the groups; return each sample's number, and how many there are."""
    _, numbers = np.unique(np.asarray(groups, object).astype(str), return_inverse=True)
    return numbers.astype(np.int64), int(numbers.max()) + 1
