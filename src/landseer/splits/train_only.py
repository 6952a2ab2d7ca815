"""Samples that train but never judge: labels of a worse kind beside good ones."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np

from landseer.errors import RecipeError, StageError
from landseer.splits.parts import HOLDOUT, TRAIN_ONLY, UNUSED, Bars, Parts

Value = str | int | float | bool


def hold_none_of(
    parts: Parts, rows: gpd.GeoDataFrame, named: Mapping[str, Sequence[Value]]
) -> Parts:
    """Take samples out of the folds that hold them out, and bar them from these folds' training.

    They stay on their side: where a place is held out, what is known of it by such samples does not train. Folds that
    held out nothing else are gone, and the others numbered anew in their order. Such samples are not put aside either:
    they are not used then.

    Args:
        parts: a split.
        rows: its samples.
        named: column -> values; samples that have any of them are meant.

    Raises:
        RecipeError: a column is not there.
        StageError: no sample is left to hold out.
    """
    meant = _meant(rows, named)
    if not meant.any():
        return parts
    number = np.arange(parts.barred.shape[1])
    barred = parts.barred | (meant[:, None] & (parts.fold[:, None] == number))
    fold = np.where(meant & (parts.fold >= 0), TRAIN_ONLY, parts.fold)
    fold = np.where(meant & (parts.fold == HOLDOUT), UNUSED, fold)
    return _numbered_anew(Parts(fold.astype(np.int64), barred, parts.blocks), named)


def _numbered_anew(parts: Parts, named: Mapping[str, Sequence[Value]]) -> Parts:
    """Leave out folds that hold out nothing."""
    kept = np.unique(parts.fold[parts.fold >= 0])
    if len(kept) == 0:
        raise StageError(
            f"expected samples to hold out beside those that only train ({spell(named)}); got none",
            where="split.train_only",
        )
    fold = np.where(parts.fold >= 0, np.searchsorted(kept, parts.fold), parts.fold)
    return Parts(fold.astype(np.int64), parts.barred[:, kept], parts.blocks)


def _meant(rows: gpd.GeoDataFrame, named: Mapping[str, Sequence[Value]]) -> Bars:
    """Tell which samples have any of the values."""
    meant = np.zeros(len(rows), bool)
    for column, values in named.items():
        if column not in rows.columns:
            near = difflib.get_close_matches(column, map(str, rows.columns), n=3, cutoff=0.5)
            raise RecipeError(
                f"expected a column of the sample table; got {column!r}",
                where="split.train_only",
                do=f"use one of: {', '.join(near or map(str, rows.columns))}",
            )
        meant |= rows[column].isin(list(values)).to_numpy(bool)
    return meant


def spell(named: Mapping[str, Sequence[Value]]) -> str:
    """Write columns and values as in a recipe."""
    return ", ".join(f"{column}: {', '.join(map(str, values))}" for column, values in named.items())
