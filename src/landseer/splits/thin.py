"""Thin overlaps: samples that share a strip of ground but no group are kept out of each other's training."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from landseer.samples.table import usable
from landseer.splits.members import read_barred, spell_barred

NO_FOLD = -1


def bar_overlaps(frame: gpd.GeoDataFrame, pairs: pd.DataFrame) -> gpd.GeoDataFrame:
    """Bar from each fold's training what shares ground with a sample that the fold holds out.

    Tiles cut with a margin overlap their neighbours by a strip. Were such strips to link groups, one chain would hold
    the whole scene. Barred instead, a neighbour across the border of two folds is left out of one training each way,
    and both are still held out once. What shares ground with a sample that is put aside is not used at all.

    Args:
        frame: a split table with `group`.
        pairs: columns `a` and `b`; pairs inside a group change nothing.

    Returns:
        A copy with more in `barred`, and fold -1 for samples that are no longer used.

    Edges: pairs with the test side, with excluded samples or with samples that take no part are left alone.
    Source: own; a buffer as in spatial cross-validation (Roberts et al. 2017, doi:10.1111/ecog.02881), of pairs.
    """
    rows = usable(frame, "train")
    group = dict(zip(rows["sample"], rows["group"], strict=True))
    fold = dict(zip(rows["sample"], rows["fold"].astype(int), strict=True))
    aside = dict(zip(rows["sample"], rows["holdout"].astype(bool), strict=True))
    barred = {
        name: set(read_barred(text))
        for name, text in zip(rows["sample"], rows["barred"], strict=True)
    }
    every = range(max(fold.values(), default=NO_FOLD) + 1)
    for a, b in zip(pairs["a"], pairs["b"], strict=True):
        if a not in group or b not in group or group[a] == group[b]:
            continue
        for one, other in ((a, b), (b, a)):
            if aside[other] and not aside[one]:
                fold[one] = NO_FOLD
                barred[one].update(every)
            elif fold[other] >= 0 and fold[other] != fold[one]:
                barred[one].add(fold[other])
    frame = frame.copy()
    frame.loc[rows.index, "fold"] = [fold[name] for name in rows["sample"]]
    frame.loc[rows.index, "barred"] = [spell_barred(barred[name]) for name in rows["sample"]]
    return frame
