"""What speaks against references: regions on either side, a displacement, numbers far from the predicted ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landseer.metrics.pose import angle_error_deg
from landseer.metrics.value_quality import HIGHER, LOWER, in_mads, stands_out
from landseer.quantities import Quantity
from landseer.select.value_looks import First, Wrong

_PRIOR_SHARE = 0.003
_FLOOR_PX = 0.1
_LEAST_OF_NUMBERS = 0.5


@dataclass(frozen=True, slots=True)
class Charge:
    """What speaks against a reference.

    Attributes:
        score: how far it stands out among the samples, in usual spreads.
        target: whose reference it is.
        reason: in words.
        given, predicted: what the reference says, and what is predicted.
        region_px: pixels in regions.
        region_share: their errors as a share of what the reference holds; 0 to 1.
        wrong_share: the same of regions of any width.
    """

    score: float
    target: str
    reason: str
    given: str
    predicted: str
    region_px: int = 0
    region_share: float = 0.0
    wrong_share: float = 0.0


NOTHING = Charge(-math.inf, "", "", "", "")
"""What is said of a sample against which nothing speaks."""


def strongest_charges(
    quantities: Mapping[str, Quantity],
    sites: Sequence[str],
    first: Sequence[First],
    second: Sequence[Mapping[str, Mapping[int, Wrong]]],
) -> list[Charge]:
    """Return the charge that stands out most against each sample.

    Args:
        quantities: by target.
        sites: the site of each sample.
        first, second: what was measured of each sample.

    Edges: on the side on which predictions are often wrong regions stand out less, for each side is measured against
        what is usual on it.
    """
    every: list[list[Charge]] = [[NOTHING] for _ in first]
    for target in first[0].dense if first else ():
        unit = quantities[target].unit
        columns = [
            *_regions(target, unit, first, second),
            _shifts(target, [one.dense[target].shift for one in first], sites),
        ]
        _add(every, columns)
    for target in first[0].numbers if first else ():
        _add(every, [_numbers(target, quantities[target], [one.numbers[target] for one in first])])
    return [max(mine, key=lambda one: one.score) for mine in every]


def _add(every: list[list[Charge]], columns: Sequence[Sequence[Charge]]) -> None:
    """Add charges, one of each column per sample."""
    for column in columns:
        for mine, one in zip(every, column, strict=True):
            mine.append(one)


def _regions(
    target: str,
    unit: str,
    first: Sequence[First],
    second: Sequence[Mapping[str, Mapping[int, Wrong]]],
) -> list[list[Charge]]:
    """Charge references with regions on either side, as a share of what they hold."""
    content = np.array([one.dense[target].content for one in first])
    holds = np.maximum(content, np.median(content))
    return [
        _side(target, unit, words, [one[target][sign] for one in second], holds)
        for sign, words in ((LOWER, "lower"), (HIGHER, "higher"))
    ]


def _side(
    target: str, unit: str, words: str, wrong: Sequence[Wrong], holds: NDArray[np.float64]
) -> list[Charge]:
    """Charge references with regions on one side."""
    shares = _share(np.array([one.error for one in wrong]), holds)
    any_width = _share(np.array([one.error_any for one in wrong]), holds)
    charges = []
    for one, score, share, any_share in zip(
        wrong, stands_out(shares, _PRIOR_SHARE), shares, any_width, strict=True
    ):
        given, said = (with_unit(value, unit) for value in (one.known, one.said))
        reason = (
            f"{target} {words} than predicted: {given} where {said} is predicted, {one.n_px} px"
        )
        own = float(score) if one.n_px else -math.inf
        parts = one.n_px, float(share), float(any_share)
        charges.append(Charge(own, target, reason, given, said, *parts))
    return charges


def _shifts(
    target: str, shifts: Sequence[tuple[float, float]], sites: Sequence[str]
) -> list[Charge]:
    """Charge references with lying beside what is predicted, more than is usual at their site."""
    keys = np.array(list(sites))
    moved = np.array(shifts, float).reshape(-1, 2)
    for site in np.unique(keys):
        mine = (keys == site) & np.isfinite(moved).all(axis=1)
        if mine.any():
            moved[mine] -= np.median(moved[mine], axis=0)
    scores = in_mads(np.hypot(*moved.T), keys, _FLOOR_PX)
    return [
        Charge(float(score), target, f"{target} lies {where} of what is predicted", where, "in place")
        for score, where in ((score, _where(*shift)) for score, shift in zip(scores, moved, strict=True))
    ]  # fmt: skip


def _where(down: float, right: float) -> str:
    """Write a displacement in words."""
    parts = [(down, "down", "up"), (right, "right", "left")]
    said = [
        f"{abs(px):.1f} px {one if px > 0 else two}" for px, one, two in parts if abs(px) >= 0.05
    ]
    return ", ".join(said) or "0 px"


def _numbers(
    target: str,
    quantity: Quantity,
    pairs: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> list[Charge]:
    """Charge numbers of whole images with being far from what is predicted."""
    unit = quantity.unit
    known, said = (np.array([pair[i] for pair in pairs], float) for i in (0, 1))
    if quantity.kind == "direction":
        angles = [np.arctan2(*one.T) for one in (known, said)]
        errors, unit = angle_error_deg(*angles), "°"
        shown = [np.rad2deg(angle) % 360 for angle in angles]
    else:
        shown = [known[:, 0], said[:, 0]]
        errors = shown[1] - shown[0]
    there = np.abs(errors[np.isfinite(errors)])
    prior = max(float(np.median(there)) if there.size else 1.0, 1e-9)
    scores = stands_out(np.abs(errors), prior, least=_LEAST_OF_NUMBERS)
    charges = []
    for score, *values in zip(scores, *shown, strict=True):
        given, predicted = (with_unit(float(value), unit) for value in values)
        reason = f"{target} {given}, predicted {predicted}"
        charges.append(Charge(float(score), target, reason, given, predicted))
    return charges


def _share(wrong: NDArray[np.float64], content: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return wrong content as a share of itself and what the reference holds."""
    total = wrong + content
    return np.divide(wrong, total, out=np.zeros_like(total), where=total > 0)


def with_unit(value: float, unit: str) -> str:
    """Write a value with its unit."""
    if not math.isfinite(value):
        return "–"
    return f"{value:.3g}{'' if unit == '°' else ' '}{unit}".strip()
