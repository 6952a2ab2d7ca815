"""Balance: how many samples, groups and strata each fold holds, and how far the worst is from its fair share."""

from __future__ import annotations

from collections import Counter
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from landseer.splits.members import takes_part
from landseer.splits.strata import stratum_keys

HOLDOUT_NAME = "holdout"
TRAIN_ONLY_NAME = "train only"
UNUSED_NAME = "not used"

_UNITS = {"group": "groups", "block": "blocks"}


def compartments(rows: gpd.GeoDataFrame) -> list[str]:
    """Name where each row is: its fold, aside, trained on only, or not used."""
    return [
        HOLDOUT_NAME
        if aside
        else f"fold {number}"
        if number >= 0
        else TRAIN_ONLY_NAME
        if used
        else UNUSED_NAME
        for number, aside, used in zip(rows["fold"], rows["holdout"], takes_part(rows), strict=True)
    ]


def balance(rows: gpd.GeoDataFrame, strata: tuple[str, ...]) -> pd.DataFrame:
    """Count samples, groups, blocks and strata per compartment.

    Args:
        rows: usable training samples of a split table.
        strata: columns whose values, and their combinations, are counted.

    Returns:
        One row per stratum: `stratum`, a column per compartment, and `deviation`: how far the worst fold is from
        the mean of all folds, as a share of that mean.
    """
    where = pd.Series(compartments(rows), dtype=object)
    names = sorted(set(where), key=lambda one: (not one.startswith("fold"), len(one), one))
    keys = {"samples": ["samples"] * len(rows)} | stratum_keys(rows, strata)
    records: list[dict[str, Any]] = []
    for values in keys.values():
        counts = Counter(zip(values, where, strict=True))
        for key in sorted(set(values)):
            records.append({"stratum": key} | {name: counts[key, name] for name in names})
    for column in [name for name in reversed(_UNITS) if name in rows.columns]:
        units = rows[column].reset_index(drop=True)
        count = {name: int(units[where == name].nunique()) for name in names}
        records.insert(1, {"stratum": _UNITS[column], **count})
    table = pd.DataFrame(records, columns=["stratum", *names])
    return table.assign(deviation=_deviation(table, [n for n in names if n.startswith("fold")]))


def _deviation(table: pd.DataFrame, folds: list[str]) -> list[float]:
    """Return how far the worst fold is from its fair share, relative to that share, per stratum."""
    counts = table[folds].to_numpy(float)
    fair = counts.mean(axis=1, keepdims=True) if folds else np.ones((len(table), 1))
    worst = np.abs(counts - fair).max(axis=1, initial=0) / np.maximum(fair[:, 0], 1e-9)
    return [round(float(value), 6) for value in worst]
