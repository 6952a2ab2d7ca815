"""Splitting: give every training sample its fold, the same on every machine and in any order of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from landseer.errors import StageError
from landseer.samples.table import usable
from landseer.splits.assign import assign
from landseer.splits.config import (
    FixedConfig,
    GroupKFoldConfig,
    RandomConfig,
    SplitConfig,
    StratifiedGroupKFoldConfig,
)
from landseer.splits.fixed import HOLDOUT, fixed_folds
from landseer.splits.strata import count_matrix, stratum_keys

NO_FOLD = -1
"""Fold of samples that are never held out: other side, excluded, put aside, or trained on only."""


def split(frame: gpd.GeoDataFrame, config: SplitConfig, seed: int) -> gpd.GeoDataFrame:
    """Add the columns `fold` and `holdout`.

    Args:
        frame: sample table; grouped splitters need the column `group`, strata their columns.
        config: the splitter and its settings.
        seed: decides ties alone; equal inputs and seeds give equal folds.

    Returns:
        A copy with `fold` (int64; -1 for samples that are never held out: the test side, excluded ones, those put
        aside and those of a fixed split that are trained on only) and `holdout` (bool, True for those put aside).

    Raises:
        StageError: there is no group, or there are fewer groups than folds.
        RecipeError: a column or list is not what it should be.
    """
    rows = usable(frame, "train").sort_values("sample", kind="stable")
    folds = SPLITTERS[config.kind](rows, config, seed)
    fold = pd.Series(NO_FOLD, index=frame.index, dtype=np.int64)
    aside = pd.Series(False, index=frame.index)
    given = np.array(folds, np.int64)
    fold.loc[rows.index] = np.where(given == HOLDOUT, NO_FOLD, given)
    aside.loc[rows.index] = given == HOLDOUT
    return frame.assign(fold=fold, holdout=aside)


def group_kfold(rows: gpd.GeoDataFrame, config: GroupKFoldConfig, seed: int) -> list[int]:
    """Share groups out by size; returns the fold of each row, -2 for those put aside."""
    return _folds(rows, _groups(rows), (), config, seed)


def stratified_group_kfold(
    rows: gpd.GeoDataFrame, config: StratifiedGroupKFoldConfig, seed: int
) -> list[int]:
    """Share groups out by size and make-up; returns the fold of each row, -2 for those put aside."""
    return _folds(rows, _groups(rows), config.strata, config, seed)


def random(rows: gpd.GeoDataFrame, config: RandomConfig, seed: int) -> list[int]:
    """Share single samples out, whatever group they are of; returns the fold of each row, -2 for those put aside."""
    return _folds(rows, list(rows["sample"]), config.strata, config, seed)


def fixed(rows: gpd.GeoDataFrame, config: FixedConfig, seed: int) -> list[int]:
    """Look up the given folds; the seed has no say. Returns the fold of each row, -2 for those put aside."""
    return fixed_folds(rows, config)


SPLITTERS: dict[str, Callable[..., list[int]]] = {
    "group_kfold": group_kfold,
    "stratified_group_kfold": stratified_group_kfold,
    "fixed": fixed,
    "random": random,
}


def _groups(rows: gpd.GeoDataFrame) -> list[str]:
    """Return the group of each row."""
    if "group" not in rows.columns or rows["group"].isna().any():
        raise StageError(
            "expected a group for every training sample; got none for some",
            where="column group",
            do="run `landseer audit` first",
        )
    return [str(group) for group in rows["group"]]


def _folds(
    rows: gpd.GeoDataFrame,
    units: Sequence[str],
    strata: Sequence[str],
    config: GroupKFoldConfig | StratifiedGroupKFoldConfig | RandomConfig,
    seed: int,
) -> list[int]:
    """Put units aside first, then share the others out."""
    stratifications = stratum_keys(rows, strata)
    names = sorted(set(units))
    counts, _ = count_matrix(units, names, stratifications)
    number = dict.fromkeys(names, HOLDOUT)
    kept = list(range(len(names)))
    if config.holdout and names:
        parts = (1 - config.holdout, config.holdout)
        aside = assign(names, counts, parts, seed=seed, key="holdout")
        kept = [n for n in kept if not aside[n]]
    if len(kept) < config.n_folds:
        raise StageError(
            f"expected at least as many groups as folds; got {len(kept)} groups for {config.n_folds} folds",
            where="split",
            do="set split.n_folds lower",
        )
    chosen = [names[n] for n in kept]
    shares = (1 / config.n_folds,) * config.n_folds
    number |= dict(
        zip(chosen, assign(chosen, counts[kept], shares, seed=seed, key="fold"), strict=True)
    )
    return [number[unit] for unit in units]
