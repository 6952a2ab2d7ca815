"""Told: what a person should know of a split, in sentences."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from landseer.splits.config import (
    ByTimeConfig,
    LocationStratifiedConfig,
    RandomConfig,
    SplitConfig,
    keeps_places_apart,
)
from landseer.splits.proof import SplitProof

_UNEVEN = 1.5
_SLIVER = 0.01
"""Overlaps of neighbours whose edges were rounded or reprojected stay below this share of a footprint."""


def warnings_of(found: SplitProof, rows: gpd.GeoDataFrame, config: SplitConfig | None) -> list[str]:
    """Put into sentences what a person should know; the weightiest first.

    Args:
        found: the figures of the proof.
        rows: usable training samples of the split table.
        config: how the split was made.
    """
    return [
        *_nature(config),
        *_leaks(found),
        *_empty_strata(found.balance),
        *(_giants(rows) if keeps_places_apart(config) else []),
    ]


def _nature(config: SplitConfig | None) -> list[str]:
    """Say what the splitter itself does to scores."""
    if isinstance(config, RandomConfig):
        return [
            "the split is random: samples of one place are trained on and scored on, so scores come out too high; "
            "use group_kfold or stratified_group_kfold"
        ]
    if isinstance(config, LocationStratifiedConfig):
        return [
            f"the split leaks on purpose: every fold holds samples of every {config.column}, so scores hold for known "
            "places only and come out too high for new ones; use leave_one_site_out for those"
        ]
    if isinstance(config, ByTimeConfig) and config.same_place == "allowed":
        return [
            "places that are held out may be trained on at earlier dates: scores hold for known places at a later time"
        ]
    return []


def _leaks(found: SplitProof) -> list[str]:
    """Count what leaks."""
    told = []
    if found.cross_fold_pairs:
        told.append(
            f"{found.cross_fold_pairs} pairs of samples of one place are trained on and held out by the same fold "
            f"({found.straddling_groups} groups)"
        )
    if found.holdout_pairs:
        told.append(
            f"{found.holdout_pairs} pairs of a used sample and one put aside show the same place"
        )
    if found.test_pairs:
        told.append(f"{found.test_pairs} pairs of a training and a test sample show the same place")
    if found.cross_fold_overlap > _SLIVER:
        told.append(
            f"footprints of held-out and training samples share {found.cross_fold_overlap_m2:,.0f} m² "
            f"(up to {found.cross_fold_overlap:.0%} of one)"
        )
    if found.n_unused:
        told.append(
            f"{found.n_unused} samples are not used at all: too near in space or time to, or of one place with, what "
            "is put aside or held out by every fold that they could train"
        )
    return told


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
