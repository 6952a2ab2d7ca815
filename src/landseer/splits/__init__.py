"""Splits: folds that keep every place on one side, and the proof that they do."""

from landseer.splits.config import (
    ByTimeConfig,
    FixedConfig,
    GroupKFoldConfig,
    LeaveOneSiteOutConfig,
    LocationStratifiedConfig,
    RandomConfig,
    SpatialBlocksConfig,
    SplitConfig,
    StratifiedGroupKFoldConfig,
    keeps_places_apart,
)
from landseer.splits.config_parts import OuterConfig
from landseer.splits.members import takes_part, trains
from landseer.splits.prove import SplitProof, prove
from landseer.splits.split import SPLITTERS, nested_folds, split
from landseer.splits.thin import bar_overlaps

__all__ = [
    "SPLITTERS",
    "ByTimeConfig",
    "FixedConfig",
    "GroupKFoldConfig",
    "LeaveOneSiteOutConfig",
    "LocationStratifiedConfig",
    "OuterConfig",
    "RandomConfig",
    "SpatialBlocksConfig",
    "SplitConfig",
    "SplitProof",
    "StratifiedGroupKFoldConfig",
    "bar_overlaps",
    "keeps_places_apart",
    "nested_folds",
    "prove",
    "split",
    "takes_part",
    "trains",
]
