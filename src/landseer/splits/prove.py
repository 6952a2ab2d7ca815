"""Proof: that no place is on two sides of the split, and that the folds are alike."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from landseer.errors import StageError
from landseer.samples.schema import shorten
from landseer.samples.table import usable
from landseer.splits.balance import UNUSED_NAME, balance
from landseer.splits.config import ByTimeConfig, SplitConfig, keeps_places_apart
from landseer.splits.dates import day_spans
from landseer.splits.leaks import (
    JUDGED_BY_FOLDS,
    JUDGED_BY_HOLDOUT,
    JUDGED_BY_TEST,
    Sides,
    fold_records,
    ground_shared,
    shared_groups,
    sides_of,
)
from landseer.splits.proof import SplitProof
from landseer.splits.told import warnings_of


def prove(
    frame: gpd.GeoDataFrame, pairs: pd.DataFrame, config: SplitConfig | None = None
) -> SplitProof:
    """Check a split against the pairs that show the same place, and against the footprints themselves.

    Args:
        frame: sample table with `fold`, `holdout` and, where there is one, `barred` and `group`.
        pairs: columns `a` and `b`.
        config: how the split was made; None checks as strictly as for a grouped one.

    Raises:
        StageError: the split promises whole groups, and a group or pair leaks; or a buffer or the order of time, and
            breaks it; or the pairs name samples by numbers, which would match none.
    """
    _check_names(pairs)
    sides, rows = sides_of(frame), usable(frame, "train")
    ground = ground_shared(sides)
    table = balance(rows, tuple(getattr(config, "strata", ())))
    straddling = shared_groups(sides)
    proof = SplitProof(
        cross_fold_pairs=_count(pairs, sides, JUDGED_BY_FOLDS),
        holdout_pairs=_count(pairs, sides, JUDGED_BY_HOLDOUT),
        test_pairs=_count(pairs, sides, JUDGED_BY_TEST),
        straddling_groups=len(straddling),
        cross_fold_overlap_m2=ground[JUDGED_BY_FOLDS][0],
        cross_fold_overlap=ground[JUDGED_BY_FOLDS][1],
        holdout_overlap_m2=ground[JUDGED_BY_HOLDOUT][0],
        test_overlap_m2=ground[JUDGED_BY_TEST][0],
        n_unused=int(table[UNUSED_NAME].iloc[0]) if UNUSED_NAME in table else 0,
        folds=fold_records(sides),
        balance=table,
    )
    _check_trained(proof)
    _keep_promises(proof, straddling, sides, config)
    proof.warnings.extend(warnings_of(proof, rows, config))
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


def _count(pairs: pd.DataFrame, sides: Sides, kind: str) -> int:
    """Count the pairs that leak, each once, by whatever method it was found."""
    position = {name: n for n, name in enumerate(sides.rows["sample"])}
    known = {(a, b) for a, b in zip(pairs["a"], pairs["b"], strict=True) if a != b}
    known = {(a, b) for a, b in known if a in position and b in position}
    places = np.array([(position[a], position[b]) for a, b in sorted(known)], np.intp)
    one, two = places.reshape(-1, 2).T
    return int(sides.leaking(one, two, kind).sum())


def _check_trained(proof: SplitProof) -> None:
    """Refuse folds that bars have left without training samples."""
    for fold in proof.folds:
        if not fold["training"]:
            raise StageError(
                f"expected samples to train {fold['name']}; got none: {fold['barred']} are barred from it",
                where="split",
                do="make fewer folds, or loosen what bars them: split.buffer_m, overlaps of neighbours",
            )


def _keep_promises(
    proof: SplitProof, straddling: list[str], sides: Sides, config: SplitConfig | None
) -> None:
    """Raise where the split breaks what its splitter promises."""
    n_pairs = proof.cross_fold_pairs + proof.holdout_pairs
    if keeps_places_apart(config) and (n_pairs or straddling):
        named = f" ({shorten(straddling)})" if straddling else ""
        raise StageError(
            f"expected every place on one side; got {n_pairs} pairs of one place and {len(straddling)} groups"
            f"{named} that train what they judge",
            where="split",
            do="report this: a grouped splitter must never do so; or run the split again after the audit",
        )
    buffer_m = getattr(config, "buffer_m", 0)
    gaps = [fold["nearest_training_m"]["min"] for fold in proof.folds if fold["nearest_training_m"]]
    if buffer_m and gaps and min(gaps) < buffer_m - 0.01:
        raise StageError(
            f"expected {buffer_m:g} m between held-out and training samples; got {min(gaps):g} m",
            where="split.buffer_m",
            do="report this: a buffer must never be broken",
        )
    if isinstance(config, ByTimeConfig):
        _check_time(sides, config)


def _check_time(sides: Sides, config: ByTimeConfig) -> None:
    """Refuse training samples that are not earlier than what their fold holds out."""
    train_side = ~sides.test
    first, last = day_spans(sides.rows[train_side], config.date_format)
    for number, (held, train) in enumerate(zip(sides.held.T, sides.train.T, strict=True)):
        held, train = held[train_side], train[train_side]
        if held.any() and train.any() and last[train].max() + config.gap_days >= first[held].min():
            raise StageError(
                f"expected fold {number} to be trained on dates more than {config.gap_days} days before those held out",
                where="split",
                do="report this: a split by time must never do so",
            )
