"""Leaks: pairs of samples of which one trains what the other judges, bars counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from landseer.samples.table import usable
from landseer.splits.buffer import has_footprint
from landseer.splits.ground import lay_out, nearest_m, overlapping_pairs, shared_m2
from landseer.splits.members import Mask, membership

Rows = NDArray[np.intp]

JUDGED_BY_FOLDS, JUDGED_BY_HOLDOUT, JUDGED_BY_TEST = "folds", "holdout", "test"


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Who judges and who trains, for all usable samples.

    Attributes:
        rows: usable samples of both sides, sorted by name.
        held: (n, n_folds) what each fold holds out.
        train: (n, n_folds) what trains each fold.
        aside: (n,) what is put aside.
        used: (n,) what trains a fold or is held out by one.
        test: (n,) the test side.
    """

    rows: gpd.GeoDataFrame
    held: Mask
    train: Mask
    aside: Mask
    used: Mask
    test: Mask

    def leaking(self, one: Rows, two: Rows, kind: str) -> Mask:
        """Tell which pairs leak: (p,) bool.

        Args:
            one, two: positions of each pair's samples.
            kind: `folds`: one is held out by a fold that the other trains; `holdout`: one is put aside, the other used;
                `test`: one is of the test side, the other used or put aside.
        """
        if kind == JUDGED_BY_FOLDS:
            crossed = self.held[one] & self.train[two] | self.held[two] & self.train[one]
            return np.asarray(crossed.any(axis=1))
        judge = self.aside if kind == JUDGED_BY_HOLDOUT else self.test
        other = self.used if kind == JUDGED_BY_HOLDOUT else self.used | self.aside
        return np.asarray(judge[one] & other[two] | judge[two] & other[one])


def sides_of(frame: gpd.GeoDataFrame) -> Sides:
    """Work out who judges and who trains.

    Args:
        frame: a split table.
    """
    rows = usable(frame, None).sort_values("sample", kind="stable")
    test = (rows["side"] == "test").to_numpy(bool)
    held, train = membership(rows)
    held, train = held & ~test[:, None], train & ~test[:, None]
    aside = rows["holdout"].to_numpy(bool) & ~test
    return Sides(rows, held, train, aside, held.any(axis=1) | train.any(axis=1), test)


def shared_groups(sides: Sides) -> list[str]:
    """List the groups of which samples are held out (or put aside) and others train the same fold."""
    if "group" not in sides.rows.columns:
        return []
    numbers, names = sides.rows["group"].factorize()
    leaking: set[int] = set()
    for held, train in [*zip(sides.held.T, sides.train.T, strict=True), (sides.aside, sides.used)]:
        leaking |= set(numbers[held]) & set(numbers[train])
    return sorted(str(names[number]) for number in leaking if number >= 0)


def ground_shared(sides: Sides) -> dict[str, tuple[float, float]]:
    """Measure the ground that footprints on two sides share, pair by pair, from the footprints themselves.

    Returns:
        kind of leak -> (sum over the pairs, m²; largest share of a pair's smaller footprint).
    """
    kinds = (JUDGED_BY_FOLDS, JUDGED_BY_HOLDOUT, JUDGED_BY_TEST)
    placed = np.flatnonzero(has_footprint(sides.rows))
    if not len(placed):
        return dict.fromkeys(kinds, (0.0, 0.0))
    geometry = sides.rows.geometry.iloc[placed]
    one, two = overlapping_pairs(geometry)
    leaks = {kind: sides.leaking(placed[one], placed[two], kind) for kind in kinds}
    some = np.logical_or.reduce(list(leaks.values()))
    area, share = (np.zeros(len(one)), np.zeros(len(one)))
    area[some], share[some] = shared_m2(geometry, one[some], two[some])
    return {
        kind: (float(area[leak].sum()), float(share[leak].max(initial=0)))
        for kind, leak in leaks.items()
    }


def fold_records(sides: Sides) -> list[dict[str, Any]]:
    """Describe each fold, and what is put aside: how many samples, and how far they are from what trains.

    Returns:
        Records of `name`, `held_out`, `training`, `barred` (neither held out nor put aside, and still not training),
        and `nearest_training_m` with `min` and `median` (None where there are no footprints).
    """
    placed = np.flatnonzero(has_footprint(sides.rows))
    ground = lay_out(sides.rows.geometry.iloc[placed]) if len(placed) else None
    columns = [*zip(sides.held.T, sides.train.T, strict=True)]
    names = [f"fold {number}" for number in range(len(columns))]
    if sides.aside.any():
        columns.append((sides.aside, sides.used))
        names.append("holdout")
    out_of_use = sides.test | sides.aside
    records = []
    for name, (held, train) in zip(names, columns, strict=True):
        gaps = np.zeros(0)
        if ground is not None:
            there = (np.flatnonzero(side[placed]) for side in (held, train))
            gaps = nearest_m(ground, *there)
        records.append(
            {
                "name": name,
                "held_out": int(held.sum()),
                "training": int(train.sum()),
                "barred": int((~held & ~train & ~out_of_use).sum()),
                "nearest_training_m": _spread(gaps),
            }
        )
    return records


def _spread(gaps_m: Sequence[float] | NDArray[np.float64]) -> dict[str, float] | None:
    """Return the least and the middle distance, None where there is none."""
    known = np.asarray(gaps_m)[np.isfinite(gaps_m)]
    if not len(known):
        return None
    return {"min": round(float(known.min()), 2), "median": round(float(np.median(known)), 2)}
