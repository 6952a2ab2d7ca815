"""What a suspect hunt measures of one sample's references beside its predictions; no file is read twice in a pass."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.metrics.value_quality import (
    HIGHER,
    LOWER,
    Usual,
    contradictions,
    displacement,
    wide_parts,
)
from landseer.select.placed import Placed, place
from landseer.select.value_counts import Trial

NUMBERS = ("direction", "flow_scale", "gsd", "image_value")
"""Quantities of whole images that are compared."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What makes a region: how far edges may be off, px, how many pixels, and whether it must be wide."""

    edge_px: int
    least_px: int
    wide: bool


@dataclass(frozen=True, slots=True)
class Dense:
    """A first look at one dense target of a sample.

    Attributes:
        known, said: references and predictions of some pixels.
        rmse: of all.
        content: sum of the sizes of all known references.
        shift: rows and columns, px, by which the reference lies beside what is predicted.
    """

    known: NDArray[np.float32]
    said: NDArray[np.float32]
    rmse: float
    content: float
    shift: tuple[float, float]


@dataclass(frozen=True, slots=True)
class First:
    """A first look at a sample: its dense targets, and its numbers, true and predicted."""

    dense: Mapping[str, Dense]
    numbers: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is contradicted of one dense target on one side.

    Attributes:
        n_px: pixels in regions.
        error: sum of the sizes of their errors.
        error_any: the same of regions of any width.
        known, said: medians in the regions; NaN without any.
    """

    n_px: int
    error: float
    error_any: float
    known: float
    said: float


def first_look(position: int, trial: Trial, tta: str, dense: Sequence[str], most: int) -> First:
    """Read a sample and measure what needs no limits.

    Args:
        position: of the sample in the trial's source.
        trial: references and predictions.
        tta: the set of views.
        dense: targets that are compared pixel by pixel.
        most: pixels that are taken along of each, at most about.
    """
    placed = place(trial, position, tta)
    numbers = {
        name: (_flat(placed.known[name]), _flat(placed.said[name]))
        for name, quantity in trial.quantities.items()
        if quantity.kind in NUMBERS
    }
    return First({name: _dense(placed, name, most) for name in dense}, numbers)


def second_look(
    position: int, trial: Trial, tta: str, usual: Mapping[str, Usual], rules: Rules
) -> dict[str, dict[int, Wrong]]:
    """Read a sample and measure what is contradicted of each dense target, on either side."""
    placed = place(trial, position, tta)
    return {name: _wrong(placed, name, limits, rules) for name, limits in usual.items()}


def regions_of(placed: Placed, target: str, usual: Usual, rules: Rules) -> NDArray[np.int8]:
    """Find the regions that count: (h, w) int8 on the reference's grid, -1 too low, 1 too high."""
    known, said = (np.asarray(one[target], float) for one in (placed.known, placed.said))
    thin = contradictions(known, said, usual, edge_px=rules.edge_px, least_px=rules.least_px)
    return wide_parts(thin, rules.least_px) if rules.wide else thin


def _dense(placed: Placed, target: str, most: int) -> Dense:
    """Measure one dense target of a sample."""
    known, said = (np.asarray(one[target], np.float32) for one in (placed.known, placed.said))
    there = np.isfinite(known) & np.isfinite(said)
    y, p = known[there], said[there]
    step = max(1, y.size // most)
    rmse = float(np.sqrt(np.mean((p - y) ** 2, dtype=np.float64))) if y.size else math.nan
    content = float(np.abs(y).sum(dtype=np.float64))
    return Dense(y[::step], p[::step], rmse, content, displacement(known, said))


def _wrong(placed: Placed, target: str, usual: Usual, rules: Rules) -> dict[int, Wrong]:
    """Measure what is contradicted of one target."""
    known, said = (np.asarray(one[target], float) for one in (placed.known, placed.said))
    thin = contradictions(known, said, usual, edge_px=rules.edge_px, least_px=rules.least_px)
    kept = wide_parts(thin, rules.least_px) if rules.wide else thin
    error = np.nan_to_num(np.abs(said - known))
    found = {}
    for sign in (LOWER, HIGHER):
        mine = kept == sign
        middle = [float(np.median(one[mine])) if mine.any() else math.nan for one in (known, said)]
        parts = float(error[mine].sum()), float(error[thin == sign].sum())
        found[sign] = Wrong(int(mine.sum()), *parts, *middle)
    return found


def _flat(values: Any) -> NDArray[np.float64]:
    """Return numbers as a flat array."""
    return np.asarray(values, float).ravel()
