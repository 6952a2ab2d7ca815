"""Nested folds: an outer fold put aside, inner folds made of the rest."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np

from landseer.errors import RecipeError
from landseer.splits.config import FixedConfig, SplitConfig
from landseer.splits.parts import TRAIN_ONLY, Folds, Parts, spread_inner

Splitter = Callable[..., Parts]


def nest(
    splitter: Splitter, rows: gpd.GeoDataFrame, config: SplitConfig, seed: int, outer: int
) -> Parts:
    """Put one outer fold aside and make the inner folds of the rest, by the same splitter.

    Args:
        splitter: the function of `config.kind`.
        rows: usable training samples, sorted by name.
        config: the splitter's settings, with `outer`.
        seed: as for the splitter.
        outer: number of the outer fold.

    Returns:
        Parts of all rows. What must not train the outer fold (too near, too late) is not used at all.

    Raises:
        RecipeError: there is no such outer fold.
        StageError: the rest cannot be split.
    """
    whole = splitter(rows, _outside(config), seed)
    count = whole.barred.shape[1]
    if outer >= count:
        raise RecipeError(
            f"expected an outer fold from 0 to {count - 1}; got {outer}", where="split.outer.fold"
        )
    kept = np.flatnonzero(
        (whole.fold >= TRAIN_ONLY) & (whole.fold != outer) & ~whole.barred[:, outer]
    )
    if isinstance(config, FixedConfig):
        fold = whole.fold[kept]
        inner = Parts(fold - (fold > outer), np.zeros((len(kept), count - 1), bool))
    else:
        inner = splitter(rows.iloc[kept], config.model_copy(update={"outer": None}), seed)
    return spread_inner(whole, inner, kept, outer)


def outer_folds(
    splitter: Splitter, rows: gpd.GeoDataFrame, config: SplitConfig, seed: int
) -> Folds:
    """Return the outer fold of each row: (n,), -1 for those that none holds out."""
    return np.maximum(splitter(rows, _outside(config), seed).fold, TRAIN_ONLY)


def _outside(config: SplitConfig) -> SplitConfig:
    """Return the settings of the outer split."""
    asked = config.outer.n_folds if config.outer is not None else None
    update: dict[str, object] = {"outer": None}
    if asked is not None and not isinstance(config, FixedConfig):
        update["n_folds"] = asked
    return config.model_copy(update=update)
