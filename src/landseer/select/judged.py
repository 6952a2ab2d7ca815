"""Which samples are judged, and where each one's predictions lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from landseer.errors import StageError, UsageError
from landseer.predict.oof import oof_path
from landseer.samples.schema import is_missing, shorten
from landseer.samples.table import usable
from landseer.select.config import SelectConfig
from landseer.select.counts import Scored

OofFolders = Mapping[str, Mapping[int, Path]]
"""Out-of-fold predictions: name of the set of symmetries -> seed -> folder of `<sample>.tif`."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The samples that are judged.

    Attributes:
        samples: their ids.
        labels: their labels.
        folds: the fold that held each out.
        groups: the group of each.
        oof: the folders that are judged.
        seeds: the seeds, rising.
        notes: what was left out.
        n_epochs: how many epochs each member keeps, for what predictions cost.
    """

    samples: tuple[str, ...]
    labels: tuple[Path, ...]
    folds: tuple[int, ...]
    groups: tuple[str, ...]
    oof: OofFolders
    seeds: tuple[int, ...]
    notes: tuple[str, ...]
    n_epochs: int = 1

    def scored(self, tta: str) -> list[Scored]:
        """Return label and predictions of every sample under one set of symmetries."""
        folders = [self.oof[tta][seed] for seed in self.seeds]
        return [
            Scored(sample, label, tuple(oof_path(folder, sample) for folder in folders))
            for sample, label in zip(self.samples, self.labels, strict=True)
        ]


def find_judged(frame: gpd.GeoDataFrame, oof: OofFolders, config: SelectConfig) -> Judged:
    """Find the samples that were held out, are labelled and have predictions.

    Raises:
        UsageError: the recipe asks for symmetries for which nothing was predicted.
        StageError: no sample can be judged, or a fold was predicted in part only.
    """
    oof = _judged_sets(oof, config)
    seeds = _seeds(oof)
    rows = usable(frame)
    rows = rows[(rows["fold"] >= 0) & ~rows["label"].map(is_missing).astype(bool)]
    kept, left_out = _with_predictions(rows, [oof[tta][seed] for tta in oof for seed in seeds])
    if not len(kept):
        raise StageError(
            "expected out-of-fold predictions of labelled samples; got none",
            where=", ".join(str(folder) for folders in oof.values() for folder in folders.values()),
            do="run `landseer train` first",
        )
    groups = kept["group"] if "group" in kept else pd.Series(None, index=kept.index, dtype=object)
    return Judged(
        samples=tuple(kept["sample"]),
        labels=tuple(Path(label) for label in kept["label"]),
        folds=tuple(int(fold) for fold in kept["fold"]),
        groups=tuple(
            str(sample if is_missing(group) else group)
            for sample, group in zip(kept["sample"], groups, strict=True)
        ),
        oof=oof,
        seeds=seeds,
        notes=left_out,
    )


def _judged_sets(oof: OofFolders, config: SelectConfig) -> OofFolders:
    """Keep the sets of symmetries that the recipe wants judged, cheapest first as given."""
    if config.tta == "auto":
        wanted = list(oof)
    else:
        wanted = [config.tta] if isinstance(config.tta, str) else list(config.tta)
    if config.tta != "auto" and (config.scales or config.checkpoints != "all"):
        starts = tuple(f"{name}{mark}" for name in wanted for mark in "@+")
        wanted = [name for name in oof if name in wanted or name.startswith(starts)]
    missing = [name for name in wanted if name not in oof]
    if missing or not wanted:
        raise UsageError(
            f"expected out-of-fold predictions under {', '.join(wanted) or 'any symmetries'}; got them under "
            f"{', '.join(oof) or 'none'}",
            where="select.tta",
            do="run `landseer train` again: it predicts under each set that the recipe names",
        )
    return {name: oof[name] for name in wanted}


def _seeds(oof: OofFolders) -> tuple[int, ...]:
    """Return the seeds, which must be the same under all symmetries."""
    seeds = {tuple(sorted(folders)) for folders in oof.values()}
    if len(seeds) != 1 or not next(iter(seeds)):
        raise StageError(
            f"expected the same seeds under all symmetries; got {sorted(seeds)}",
            do="run `landseer train` again",
        )
    return seeds.pop()


def _with_predictions(
    rows: gpd.GeoDataFrame, folders: Sequence[Path]
) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """Leave out folds without any prediction; refuse folds with only some."""
    there = rows["sample"].map(
        lambda sample: all(oof_path(folder, sample).is_file() for folder in folders)
    )
    there = there.astype(bool)
    predicted = rows["fold"].isin(set(rows["fold"][there]))
    lost = rows["sample"][predicted & ~there]
    if len(lost):
        raise StageError(
            f"expected out-of-fold predictions of every sample of a fold; {len(lost)} are missing: {shorten(lost)}",
            where=", ".join(map(str, folders)),
            do="run `landseer train` again: it goes on where it stopped",
        )
    absent = sorted({int(fold) for fold in rows["fold"][~predicted]})
    notes = (f"folds without predictions are left out: {', '.join(map(str, absent))}",)
    return rows[predicted], notes if absent else ()
