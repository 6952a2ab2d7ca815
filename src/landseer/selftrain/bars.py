"""Whom a sample without a label may teach: never a fold that holds out its own place."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from landseer.errors import StageError
from landseer.samples.schema import is_missing, shorten
from landseer.samples.table import usable
from landseer.splits import ByTimeConfig, LeaveOneSiteOutConfig, SplitConfig, takes_part, trains
from landseer.splits.blocks import block_names
from landseer.splits.buffer import has_footprint, near
from landseer.splits.dates import day_spans

Mask = NDArray[np.bool_]


def may_teach(frame: gpd.GeoDataFrame, pairs: pd.DataFrame, split: SplitConfig) -> Mask:
    """Tell which folds each sample may help to train, were its label known.

    A sample of the train side follows the split. One of the test side is kept out of a fold's training where it shows
    a place that the fold holds out: it is of one group with it, or shares ground with it (a pair of the audit); with
    folds of sites it is of one site; with blocks in one block; with a buffer nearer than that; with folds by time not
    earlier by more than the gap. What shows a place that is put aside teaches no fold.

    Args:
        frame: the split table with the column `group`, both sides.
        pairs: columns `a` and `b`, samples that share ground.
        split: how the folds were made.

    Returns:
        (n, n_folds) bool, rows as in the frame; excluded rows teach none.

    Raises:
        StageError: the table has no groups.
        DataError: dates cannot be read.

    Edges: a sample of which the group is not known teaches none, for nobody knows what it shows; nor does one without
        footprint, site or date where the split is made of these.
    """
    if "group" not in frame.columns:
        raise StageError(
            "expected the column group, which tells samples of one place; got none",
            where="samples.parquet",
            do="run `landseer audit` again",
        )
    rows = usable(frame, "train")
    n_folds = int(rows["fold"].max()) + 1 if len(rows) else 0
    result = np.zeros((len(frame), n_folds), bool)
    position = {name: number for number, name in enumerate(frame["sample"])}
    mine = [position[name] for name in rows["sample"]]
    is_test = usable(frame, None)["side"] == "test"
    others = usable(frame, None)[is_test & usable(frame, None)["group"].notna()]
    theirs = [position[name] for name in others["sample"]]
    for fold in range(n_folds):
        result[mine, fold] = trains(rows, fold) & takes_part(rows)
        held = rows[(rows["fold"].to_numpy() == fold) | rows["holdout"].to_numpy(bool)]
        result[theirs, fold] = ~_meets(others, held, pairs, split)
    return result


def without_group(frame: gpd.GeoDataFrame) -> list[str]:
    """List usable samples of which nobody knows what place they show."""
    rows = usable(frame, None)
    return [] if "group" not in rows else list(rows["sample"][rows["group"].map(is_missing)])


def _meets(
    others: gpd.GeoDataFrame, held: gpd.GeoDataFrame, pairs: pd.DataFrame, split: SplitConfig
) -> Mask:
    """Tell which samples show what is held out."""
    names = set(held["sample"])
    linked = {a for a, b in zip(pairs["a"], pairs["b"], strict=True) if b in names}
    linked |= {b for a, b in zip(pairs["a"], pairs["b"], strict=True) if a in names}
    found = np.array(others["group"].isin(set(held["group"])) | others["sample"].isin(linked), bool)
    if isinstance(split, LeaveOneSiteOutConfig):
        found |= _same(others, held, split.column)
    if "block" in held.columns:
        found |= _same_block(others, held)
    if getattr(split, "buffer_m", 0.0):
        found |= _too_near(others, held, split.buffer_m)  # type: ignore[union-attr]
    if isinstance(split, ByTimeConfig):
        found |= _too_late(others, held, split)
    return found


def _same(others: gpd.GeoDataFrame, held: gpd.GeoDataFrame, column: str) -> Mask:
    """Tell which are of a site that is held out, or of none."""
    return np.array(others[column].isna() | others[column].isin(set(held[column])), bool)


def _same_block(others: gpd.GeoDataFrame, held: gpd.GeoDataFrame) -> Mask:
    """Tell which lie in a block that is held out, or nowhere."""
    found = np.ones(len(others), bool)
    blocks = {str(block) for block in held["block"] if block}
    placed = np.flatnonzero(has_footprint(others))
    if len(blocks) and len(placed):
        side_m = float(min(blocks).split("m/")[0])
        bounds = others.geometry.iloc[placed].bounds.to_numpy()
        middles = np.stack([bounds[:, [0, 2]].mean(1), bounds[:, [1, 3]].mean(1)], axis=1)
        found[placed] = [name in blocks for name in block_names(middles, side_m)]
    return found


def _too_near(others: gpd.GeoDataFrame, held: gpd.GeoDataFrame, buffer_m: float) -> Mask:
    """Tell which are nearer than the buffer to what is held out, or nowhere."""
    found = ~has_footprint(others)
    both = gpd.GeoDataFrame(pd.concat([others[~found], held]), crs=others.crs)
    judged = np.arange(len(both)) >= int((~found).sum())
    found[np.flatnonzero(~found)] = near(both, judged, buffer_m)[~judged]
    return found


def _too_late(others: gpd.GeoDataFrame, held: gpd.GeoDataFrame, split: ByTimeConfig) -> Mask:
    """Tell which are not earlier than all that is held out by more than the gap, or have no date."""
    found = np.array(others["date"].isna(), bool)
    dated = np.flatnonzero(~found)
    if len(dated) and len(held):
        _, last = day_spans(others.iloc[dated], split.date_format)
        first, _ = day_spans(held, split.date_format)
        found[dated] = last + split.gap_days >= first.min()
    return found


def describe_unknown(names: list[str]) -> str:
    """Say that samples are left out because nobody knows what place they show."""
    return f"{len(names)} samples have no group and are left out: {shorten(names)}"
