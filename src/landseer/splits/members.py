"""Members of a fold: which samples of a split table it holds out, and which train it."""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from landseer.errors import DataError
from landseer.samples.schema import is_missing

Mask = NDArray[np.bool_]


def spell_barred(folds: Iterable[int]) -> str:
    """Write the folds that a sample must not train, as in the column `barred`: `0 3`; empty for none."""
    return " ".join(str(int(fold)) for fold in sorted(folds))


def read_barred(text: object) -> frozenset[int]:
    """Read one cell of the column `barred`.

    Raises:
        DataError: it is not a list of fold numbers separated by spaces.
    """
    if is_missing(text):
        return frozenset()
    words = str(text).split()
    if not all(word.isascii() and word.isdigit() for word in words):
        raise DataError(
            f"expected numbers of folds separated by spaces; got {text!r}",
            where="column barred",
            do="run `landseer split` again",
        )
    return frozenset(map(int, words))


def held_out(frame: gpd.GeoDataFrame, fold: int) -> Mask:
    """Tell which rows a fold holds out: (n,) bool."""
    return np.asarray((frame["fold"] == fold) & ~frame["holdout"].astype(bool), bool)


def trains(frame: gpd.GeoDataFrame, fold: int) -> Mask:
    """Tell which rows of a split table may train a fold.

    Args:
        frame: usable training samples with `fold`, `holdout` and, where there is one, `barred`.
        fold: number of the fold.

    Returns:
        (n,) bool: True for rows that are not put aside, not held out by this fold and not barred from it.

    Edges: sides, exclusions and labels are not looked at.
    """
    aside = frame["holdout"].to_numpy(bool)
    return ~aside & (frame["fold"].to_numpy() != fold) & ~_is_barred(frame, fold)


def takes_part(frame: gpd.GeoDataFrame) -> Mask:
    """Tell which rows train or are held out by any fold: (n,) bool; those put aside or not used are not."""
    fold = frame["fold"].to_numpy(np.int64)
    is_held = (fold >= 0) & ~frame["holdout"].to_numpy(bool)
    return np.logical_or.reduce([is_held, *(trains(frame, k) for k in range(_count(fold)))])


def membership(frame: gpd.GeoDataFrame) -> tuple[Mask, Mask]:
    """Return (n, n_folds) what each fold holds out, and (n, n_folds) what trains it."""
    folds = range(_count(frame["fold"].to_numpy(np.int64)))
    shape = (len(frame), len(folds))
    held = [held_out(frame, fold) for fold in folds]
    train = [trains(frame, fold) for fold in folds]
    empty = np.zeros(shape, bool)
    return (np.stack(held, axis=1), np.stack(train, axis=1)) if held else (empty, empty)


def _count(fold: NDArray[np.int64]) -> int:
    """Return the number of folds."""
    return int(fold.max(initial=-1)) + 1


def _is_barred(frame: gpd.GeoDataFrame, fold: int) -> Mask:
    """Tell which rows are barred from a fold's training."""
    if "barred" not in frame.columns:
        return np.zeros(len(frame), bool)
    known = {text: read_barred(text) for text in frame["barred"].unique()}
    return np.array([fold in known[text] for text in frame["barred"]], bool)
