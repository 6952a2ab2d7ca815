"""Splitting: give every training sample its fold, the same on every machine and in any order of rows."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd

from landseer.errors import StageError
from landseer.samples.table import usable
from landseer.splits.blocks import spatial_blocks
from landseer.splits.buffer import deal_apart
from landseer.splits.by_time import by_time
from landseer.splits.config import (
    FixedConfig,
    GroupKFoldConfig,
    RandomConfig,
    SplitConfig,
    StratifiedGroupKFoldConfig,
)
from landseer.splits.config_parts import OuterConfig
from landseer.splits.fixed import fixed_folds
from landseer.splits.members import spell_barred, takes_part
from landseer.splits.outer import nest, outer_folds
from landseer.splits.parts import HOLDOUT, TRAIN_ONLY, UNUSED, Parts, unbarred
from landseer.splits.sites import leave_one_site_out, location_stratified
from landseer.splits.thin import bar_overlaps
from landseer.splits.train_only import hold_none_of
from landseer.splits.units import deal, groups_of, put_aside

NO_FOLD = TRAIN_ONLY
"""Fold of samples that are never held out: other side, excluded, put aside, not used, or trained on only."""


def split(frame: gpd.GeoDataFrame, config: SplitConfig, seed: int) -> gpd.GeoDataFrame:
    """Add the columns `fold`, `holdout` and `barred`, and `block` where there are blocks of ground.

    Args:
        frame: sample table; grouped splitters need the column `group`, strata and sites their columns.
        config: the splitter and its settings.
        seed: decides ties alone; equal inputs and seeds give equal folds.

    Returns:
        A copy with `fold` (int64; -1 for samples that are never held out: the test side, excluded ones, those put
        aside or not used, and those that are trained on only), `holdout` (bool, True for those put aside) and
        `barred` (text: numbers of the folds that the sample must not train, separated by spaces; all of them for
        samples that are not used).

    Raises:
        StageError: there is no group, site, date or footprint, there is too little to make so many folds of, or a
            fold has nothing to train on.
        DataError: dates cannot be read.
        RecipeError: a column or list is not what it should be.
    """
    rows = usable(frame, "train").sort_values("sample", kind="stable")
    splitter = SPLITTERS[config.kind]
    if config.outer is None:
        parts = splitter(rows, config, seed)
    else:
        parts = nest(splitter, rows, config, seed, config.outer.fold)
    parts = hold_none_of(parts, rows, getattr(config, "train_only", {}))
    _check_trained(parts)
    return _write(frame, rows.index, parts)


def nested_folds(
    frame: gpd.GeoDataFrame, config: SplitConfig, seed: int, pairs: pd.DataFrame | None = None
) -> pd.DataFrame:
    """List all outer folds and, for each, the inner folds that a run with it put aside gets.

    Args:
        frame, config, seed: as for `split`; the config has `outer`.
        pairs: samples that share ground, for `thin.bar_overlaps`; None bars nothing.

    Returns:
        One row per usable training sample: `sample`; `outer`, the outer fold that holds it out (-1: none does); and
        for each outer fold a column `inner_N` with the inner fold while outer fold N is put aside (-1: trained on
        only; empty: put aside or not used).

    Raises:
        As for `split`, for any of the outer folds.
    """
    rows = usable(frame, "train").sort_values("sample", kind="stable")
    outer = outer_folds(SPLITTERS[config.kind], rows, config, seed)
    table = pd.DataFrame({"sample": list(rows["sample"]), "outer": outer})
    for number in range(int(outer.max(initial=-1)) + 1):
        asked = (config.outer or OuterConfig()).model_copy(update={"fold": number})
        done = split(rows, config.model_copy(update={"outer": asked}), seed)
        done = done if pairs is None else bar_overlaps(done, pairs)
        inner = pd.Series(done["fold"].to_numpy(), dtype="Int64")
        table[f"inner_{number}"] = inner.where(takes_part(done), pd.NA)
    return table


def whole_groups(
    rows: gpd.GeoDataFrame, config: GroupKFoldConfig | StratifiedGroupKFoldConfig, seed: int
) -> Parts:
    """Share groups out by size and, where there are strata, by make-up; and keep the buffer."""
    return deal_apart(rows, groups_of(rows), config, n_folds=config.n_folds, seed=seed)


def random(rows: gpd.GeoDataFrame, config: RandomConfig, seed: int) -> Parts:
    """Share single samples out, whatever group they are of."""
    units = list(rows["sample"])
    fold = np.full(len(rows), HOLDOUT, np.int64)
    kept = np.flatnonzero(~put_aside(rows, units, config, seed=seed)).tolist()
    names, n_folds = [units[n] for n in kept], config.n_folds
    fold[kept] = deal(rows.iloc[kept], names, config, n_folds=n_folds, seed=seed, noun="sample")
    return unbarred(fold)


def fixed(rows: gpd.GeoDataFrame, config: FixedConfig, seed: int) -> Parts:
    """Look up the given folds; the seed has no say."""
    return unbarred(np.array(fixed_folds(rows, config), np.int64))


SPLITTERS: dict[str, Callable[..., Parts]] = {
    "group_kfold": whole_groups,
    "stratified_group_kfold": whole_groups,
    "spatial_blocks": spatial_blocks,
    "leave_one_site_out": leave_one_site_out,
    "location_stratified": location_stratified,
    "by_time": by_time,
    "fixed": fixed,
    "random": random,
}
"""Splitters by name: (usable training rows sorted by name, config, seed) -> parts."""


def _check_trained(parts: Parts) -> None:
    """Refuse folds that hold nothing out, or that nothing trains."""
    for number in range(parts.barred.shape[1]):
        can_train = (parts.fold >= TRAIN_ONLY) & (parts.fold != number)
        left = int((can_train & ~parts.barred[:, number]).sum())
        held = int((parts.fold == number).sum())
        if left and held:
            continue
        lost = int((parts.fold == UNUSED).sum())
        what = "to train" if held else "held out by"
        raise StageError(
            f"expected samples {what} fold {number}; got none ({int(can_train.sum()) - left} are barred from it, "
            f"{lost} are not used at all)",
            where="split",
            do="lower split.buffer_m or split.gap_days, allow known places by split.same_place, or make fewer folds",
        )


def _write(frame: gpd.GeoDataFrame, index: pd.Index, parts: Parts) -> gpd.GeoDataFrame:
    """Write parts into the columns of the whole table."""
    fold = pd.Series(NO_FOLD, index=frame.index, dtype=np.int64)
    aside = pd.Series(False, index=frame.index)
    every = range(parts.barred.shape[1])
    fold.loc[index] = np.maximum(parts.fold, NO_FOLD)
    aside.loc[index] = parts.fold == HOLDOUT
    spelled = [
        spell_barred(every if number == UNUSED else np.flatnonzero(bars))
        for number, bars in zip(parts.fold, parts.barred, strict=True)
    ]
    barred = pd.Series(spelled, index=index, dtype=object).reindex(frame.index, fill_value="")
    frame = frame.assign(fold=fold, holdout=aside, barred=barred)
    if parts.blocks is None:
        return frame
    named = pd.Series(list(parts.blocks), index=index, dtype=object)
    return frame.assign(block=named.reindex(frame.index, fill_value=""))
