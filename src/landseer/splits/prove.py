"""Proof: that no place is on two sides of the split, and that the folds are alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from landseer.errors import StageError
from landseer.samples.schema import shorten
from landseer.samples.table import usable
from landseer.splits.config import GROUPED, FixedConfig, RandomConfig, SplitConfig
from landseer.splits.strata import stratum_keys

HOLDOUT_NAME = "holdout"
TRAIN_ONLY_NAME = "train only"

_UNEVEN = 1.5


@dataclass(frozen=True)
class SplitProof:
    """What was found when the split was checked.

    Attributes:
        cross_fold_pairs: pairs of samples that show the same place and lie in different folds (or aside).
        cross_fold_overlap_m2: ground shared by footprints of different folds, m².
        straddling_groups: groups with samples in more than one fold (or aside).
        test_pairs: pairs of a training and a test sample that show the same place.
        balance: one row per stratum, samples per fold, and the largest deviation from its fair share.
        warnings: what a person should know, in sentences.
    """

    cross_fold_pairs: int
    cross_fold_overlap_m2: float
    straddling_groups: int
    test_pairs: int
    balance: pd.DataFrame
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the proof as plain values, for JSON."""
        return {
            "cross_fold_pairs": self.cross_fold_pairs,
            "cross_fold_overlap_m2": self.cross_fold_overlap_m2,
            "straddling_groups": self.straddling_groups,
            "test_pairs": self.test_pairs,
            "balance": self.balance.to_dict(orient="records"),
            "warnings": self.warnings,
        }


def prove(
    frame: gpd.GeoDataFrame, pairs: pd.DataFrame, config: SplitConfig | None = None
) -> SplitProof:
    """Check a split against the pairs that show the same place.

    Args:
        frame: sample table with `fold` and `holdout`, and `group` if there is one.
        pairs: columns `a`, `b` and, where there are footprints, `overlap_m2`.
        config: how the split was made; None checks as strictly as for a grouped one.

    Raises:
        StageError: the split promises whole groups, and a group or pair lies in two folds; or the pairs name samples
            by numbers, which would match none.
    """
    _check_names(pairs)
    rows = usable(frame, "train").sort_values("sample", kind="stable")
    place = dict(zip(rows["sample"], _compartments(rows), strict=True))
    crossing = _crossing(pairs, place)
    straddling = _straddling(rows, place)
    overlap = pairs["overlap_m2"] if "overlap_m2" in pairs else pd.Series(0.0, index=pairs.index)
    test = set(usable(frame, "test")["sample"])
    proof = SplitProof(
        cross_fold_pairs=len(_distinct(pairs[crossing])),
        cross_fold_overlap_m2=float(overlap[crossing].fillna(0).sum()),
        straddling_groups=len(straddling),
        test_pairs=len(_distinct(pairs[_between(pairs, set(place), test)])),
        balance=_balance(rows, place, getattr(config, "strata", ())),
    )
    if (config is None or isinstance(config, GROUPED)) and (crossing.any() or straddling):
        raise StageError(
            f"expected every place in one fold; got {proof.cross_fold_pairs} pairs of one place and "
            f"{len(straddling)} groups in several ({shorten(straddling)})",
            where="split",
            do="report this: a grouped splitter must never do so; or run the split again after the audit",
        )
    proof.warnings.extend(_warnings(proof, rows, config))
    return proof


def _check_names(pairs: pd.DataFrame) -> None:
    """Refuse pairs whose names became numbers on the way through a file: they would match nothing and prove nothing."""
    for name in (*pairs["a"], *pairs["b"]):
        if not isinstance(name, str):
            raise StageError(
                f"expected pairs of sample names (text); got {name!r} ({type(name).__name__})",
                where="pairs",
                do="read the file with landseer.audit.pairs.read_pairs",
            )


def _compartments(rows: gpd.GeoDataFrame) -> list[str]:
    """Name where each row is: its fold, aside, or trained on only."""
    return [
        HOLDOUT_NAME if aside else f"fold {number}" if number >= 0 else TRAIN_ONLY_NAME
        for number, aside in zip(rows["fold"], rows["holdout"], strict=True)
    ]


def _crossing(pairs: pd.DataFrame, place: dict[str, str]) -> pd.Series:
    """Tell which pairs have their samples in two compartments."""
    one, two = pairs["a"].map(place), pairs["b"].map(place)
    return (one.notna() & two.notna() & (one != two)).astype(bool)


def _between(pairs: pd.DataFrame, train: set[str], test: set[str]) -> pd.Series:
    """Tell which pairs join the two sides of the data set."""
    one = pairs["a"].isin(train) & pairs["b"].isin(test)
    return one | (pairs["a"].isin(test) & pairs["b"].isin(train))


def _distinct(pairs: pd.DataFrame) -> set[tuple[str, str]]:
    """Return the pairs, each once, by whatever method it was found."""
    return set(zip(pairs["a"], pairs["b"], strict=True))


def _straddling(rows: gpd.GeoDataFrame, place: dict[str, str]) -> list[str]:
    """List the groups that lie in several compartments."""
    if "group" not in rows.columns:
        return []
    held: dict[str, set[str]] = {}
    for name, group in zip(rows["sample"], rows["group"], strict=True):
        held.setdefault(str(group), set()).add(place[name])
    return sorted(group for group, places in held.items() if len(places) > 1)


def _balance(
    rows: gpd.GeoDataFrame, place: dict[str, str], strata: tuple[str, ...]
) -> pd.DataFrame:
    """Count samples, groups and strata per compartment, with the largest deviation among folds."""
    where = pd.Series([place[name] for name in rows["sample"]], dtype=object)
    names = sorted(set(where), key=lambda one: (not one.startswith("fold"), len(one), one))
    keys = {"samples": ["samples"] * len(rows)} | stratum_keys(rows, strata)
    records: list[dict[str, Any]] = []
    for values in keys.values():
        column = pd.Series(values, dtype=object)
        for key in sorted(set(values)):
            inside = where[column == key]
            records.append({"stratum": key} | {name: int((inside == name).sum()) for name in names})
    if "group" in rows.columns:
        groups = rows["group"].reset_index(drop=True)
        count = {name: int(groups[where == name].nunique()) for name in names}
        records.insert(1, {"stratum": "groups", **count})
    table = pd.DataFrame(records, columns=["stratum", *names])
    return table.assign(deviation=_deviation(table, [n for n in names if n.startswith("fold")]))


def _deviation(table: pd.DataFrame, folds: list[str]) -> list[float]:
    """Return how far the worst fold is from its fair share, relative to that share, per stratum."""
    counts = table[folds].to_numpy(float)
    fair = counts.mean(axis=1, keepdims=True) if folds else np.ones((len(table), 1))
    worst = np.abs(counts - fair).max(axis=1, initial=0) / np.maximum(fair[:, 0], 1e-9)
    return [round(float(value), 6) for value in worst]


def _warnings(proof: SplitProof, rows: gpd.GeoDataFrame, config: SplitConfig | None) -> list[str]:
    """Put into sentences what a person should know."""
    found = []
    if isinstance(config, RandomConfig):
        found.append(
            "the split is random: samples of one place are trained on and scored on, so scores come out too high; "
            "use group_kfold or stratified_group_kfold"
        )
    if isinstance(config, FixedConfig | RandomConfig) and proof.cross_fold_pairs:
        found.append(
            f"{proof.cross_fold_pairs} pairs of samples of one place lie in different folds "
            f"({proof.straddling_groups} groups)"
        )
    if proof.test_pairs:
        found.append(
            f"{proof.test_pairs} pairs of a training and a test sample show the same place"
        )
    return found + _empty_strata(proof.balance) + _giants(rows)


def _empty_strata(balance: pd.DataFrame) -> list[str]:
    """Name the strata that a fold lacks."""
    folds = [name for name in balance.columns if name.startswith("fold")]
    return [
        f"{name} has no sample of {row['stratum']}"
        for _, row in balance.iterrows()
        for name in folds
        if row[name] == 0
    ]


def _giants(rows: gpd.GeoDataFrame) -> list[str]:
    """Name the groups that are too large for even folds."""
    if "group" not in rows.columns:
        return []
    held = rows[rows["fold"] >= 0]
    sizes = held["group"].value_counts()
    fair = len(held) / max(held["fold"].nunique(), 1)
    return [
        f"group {name} holds {size} of {len(held)} samples, a fold should hold {fair:.0f}: folds are uneven"
        for name, size in sorted(sizes.items())
        if size > _UNEVEN * fair
    ]
