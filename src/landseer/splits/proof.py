"""The proof of a split: the figures that say whether it leaks, and how even it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class SplitProof:
    """What was found when the split was checked. A pair leaks when one of it trains what the other judges.

    Attributes:
        cross_fold_pairs: pairs of samples of one place of which one is held out by a fold that the other trains.
        holdout_pairs: pairs of samples of one place of which one is put aside and the other used.
        test_pairs: pairs of samples of one place, one of the training and one of the test side.
        straddling_groups: groups with samples that are held out (or put aside) and others that train the same fold.
        cross_fold_overlap_m2: ground that footprints of held-out and training samples share, m², summed over pairs of
            footprints, whether or not the audit called them a pair.
        cross_fold_overlap: largest such overlap, as a share of the smaller footprint, 0..1.
        holdout_overlap_m2: the same between what is put aside and what is used, m².
        test_overlap_m2: the same between the training and the test side, m².
        n_unused: samples of the training side that neither train nor judge.
        folds: per fold, and for those put aside: `name`, `held_out`, `training`, `barred` samples, and the distance
            from held-out samples to the nearest training one.
        balance: one row per stratum, samples per fold, and the largest deviation from its fair share.
        warnings: what a person should know, in sentences.
    """

    cross_fold_pairs: int
    holdout_pairs: int
    test_pairs: int
    straddling_groups: int
    cross_fold_overlap_m2: float
    cross_fold_overlap: float
    holdout_overlap_m2: float
    test_overlap_m2: float
    n_unused: int
    folds: list[dict[str, Any]]
    balance: pd.DataFrame
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the proof as plain values, for JSON."""
        plain = {name: value for name, value in vars(self).items() if name != "balance"}
        return plain | {"balance": self.balance.to_dict(orient="records")}
