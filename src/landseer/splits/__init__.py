"""Splits: folds that keep every place on one side, and the proof that they do."""

from landseer.splits.config import (
    FixedConfig,
    GroupKFoldConfig,
    RandomConfig,
    SplitConfig,
    StratifiedGroupKFoldConfig,
)
from landseer.splits.prove import SplitProof, prove
from landseer.splits.split import SPLITTERS, split

__all__ = [
    "SPLITTERS",
    "FixedConfig",
    "GroupKFoldConfig",
    "RandomConfig",
    "SplitConfig",
    "SplitProof",
    "StratifiedGroupKFoldConfig",
    "prove",
    "split",
]
