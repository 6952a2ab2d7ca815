"""The small runs behind the leak: alike in all but who shares a fold with whom."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from landseer.augment import AugmentConfig
from landseer.errors import StageError
from landseer.models.config import ModelConfig
from landseer.predict.oof import oof_path
from landseer.recipe.schema import Recipe
from landseer.run.context import Run, keep_recipe
from landseer.run.hashes import FileHashes
from landseer.run.leak_time import expected_seconds, in_words
from landseer.run.ledger import Ledger
from landseer.run.model_stages import trainable
from landseer.run.stages import STAGES
from landseer.samples.table import read_samples, write_samples
from landseer.select.counts import Scored, Trial, count_samples
from landseer.select.leak_config import LeakConfig
from landseer.select.selection import read_selection
from landseer.splits import FixedConfig
from landseer.track.config import TrackConfig
from landseer.train.config import AdamW, OneCycle

SMALL_STAGES = ("train", "oof", "select")
"""Stages of a small run; samples and statistics are handed over."""


@dataclass(frozen=True, slots=True)
class Small:
    """One small run: how samples were dealt, which repeat, its folder and recipe."""

    kind: str
    repeat: int
    run: Run

    @property
    def is_done(self) -> bool:
        """Whether it looks finished; its stamps have the last word."""
        return self.run.path("selection.json").exists()


def small_recipe(recipe: Recipe, name: str, seed: int, side_px: int) -> Recipe:
    """Return the recipe of a small run: the inputs, losses and score of the whole one, and a small model.

    No epoch is chosen on held-out samples (the last is kept), and there is no test-time augmentation.

    Args:
        recipe: the whole recipe.
        name: of the small run.
        seed: root of its random numbers; the same for both splits of a repeat.
        side_px: longest side of the samples.
    """
    leak = recipe.leak
    scale = min(recipe.model.scale, leak.side_px / side_px)
    return recipe.model_copy(
        update={
            "name": name,
            "seed": seed,
            "track": TrackConfig(),
            "split": FixedConfig(column="fold"),
            "model": ModelConfig(
                encoder=leak.encoder,
                weights="none",
                decoder="unet",
                depth=len(leak.decoder_channels),
                decoder_channels=leak.decoder_channels,
                scale=round(scale, 4),
                activation=recipe.model.activation,
            ),
            "augment": _augment(recipe),
            "train": recipe.train.model_copy(update=_training(leak)),
            "select": recipe.select.model_copy(
                update={"tta": ["none"], "weights": "equal", "vote": "soft"}
            ),
        }
    )


def _augment(recipe: Recipe) -> AugmentConfig:
    """Return how samples of a small training vary; it sees whole samples where the whole run sees slices."""
    if recipe.leak.augment != "recipe":
        return AugmentConfig(d4=False)
    is_sliced = recipe.model.slices is not None
    return recipe.augment.model_copy(update={"crop_px": None}) if is_sliced else recipe.augment


def _training(leak: LeakConfig) -> dict[str, object]:
    """Return what a small training does differently."""
    return {
        "epochs": leak.epochs, "validate_every_epochs": leak.epochs, "samples_per_epoch": None,
        "batch_size": leak.batch_size, "eval_batch_size": None, "accumulate": 1,
        "optimiser": AdamW(lr=leak.lr, weight_decay=0.01), "schedule": OneCycle(), "clip_norm": 1.0,
        "ema_decay": None, "average": None, "soup": None, "early_stop": None, "freeze": (),
        "seeds": (0,), "folds": None, "images": 0, "profile": 0,
    }  # fmt: skip


def bring_up(run: Run, stages: Sequence[str]) -> None:
    """Run some of the stages, where they are not up to date.

    Raises:
        StageError: a stage left an output out.
    """
    keep_recipe(run)
    ledger = Ledger(run, FileHashes(run.folder))
    for stage in (stage for stage in STAGES if stage.name in stages):
        key = ledger.key_of(stage)
        if ledger.is_current(stage, key):
            continue
        ledger.forget(stage)
        started = time.perf_counter()
        stage.function(run)
        missing = ledger.missing(stage)
        if missing:
            raise StageError(
                f"expected stage {stage.name} to write {', '.join(missing)}, got nothing"
            )
        ledger.note(stage, key, time.perf_counter() - started)
    ledger.hashes.save()


def hand_over(shared: Run, small: Small, folds: NDArray[np.int64]) -> None:
    """Give a small run its samples with their folds, and the statistics that all of them share."""
    rows = read_samples(shared.path("samples.parquet"))
    small.run.folder.mkdir(parents=True, exist_ok=True)
    write_samples(small.run.path("samples.parquet"), rows.assign(fold=folds, holdout=False))
    shutil.copyfile(shared.path("statistics.json"), small.run.path("statistics.json"))


def train_all(smalls: Sequence[Small]) -> None:
    """Train and judge the small runs, saying beforehand how long it takes.

    Raises:
        LandseerError: as the stages do.
    """
    waiting = [small for small in smalls if not small.is_done]
    if waiting:
        expected = expected_seconds(waiting[0].run) * len(waiting)
        _say(f"{len(waiting)} small runs to train, about {in_words(expected)} on this machine")
    started, trained = time.perf_counter(), 0
    for number, small in enumerate(smalls, start=1):
        left = ""
        if trained:
            left_s = (time.perf_counter() - started) / trained * (len(waiting) - trained)
            left = f", about {in_words(left_s)} left"
        _say(f"{small.kind} folds, repeat {small.repeat + 1}: run {number} of {len(smalls)}{left}")
        bring_up(small.run, SMALL_STAGES)
        trained += small in waiting


def counts_of(run: Run) -> NDArray[np.int64]:
    """Count each sample of a small run at the threshold that judged its fold.

    Returns:
        (n, C, C) int64 in the order of the sample table; their pooled score is the run's cross-fitted one.

    Raises:
        StageError: a fold was not judged.
    """
    frame, selection = trainable(run), read_selection(run.path("selection.json"))
    folder = run.path(f"oof/{selection.tta}/seed{run.recipe.train.seeds[0]}")
    options = {fold.fold: fold.threshold for fold in selection.folds}
    unjudged = sorted(set(frame["fold"]) - set(options))
    if unjudged:
        raise StageError(f"expected every fold to be judged; {unjudged} were not", where=run.folder)
    result = np.zeros((len(frame), len(run.classes), len(run.classes)), np.int64)
    for fold, option in options.items():
        mine = np.flatnonzero(frame["fold"].to_numpy() == fold)
        scored = [
            Scored(row.sample, Path(row.label), (oof_path(folder, row.sample),))
            for row in frame.iloc[mine].itertuples()
        ]
        trial = Trial(run.classes, ((1.0,),), (option,))
        stream = count_samples(scored, trial, label="", workers=run.recipe.select.workers)
        for position, counts in zip(mine, stream, strict=True):
            result[position] = counts[0, 0]
    return result


def longest_side(rows: gpd.GeoDataFrame) -> int:
    """Return the longest side of all samples, px."""
    return int(rows[["height", "width"]].to_numpy().max())


def _say(text: str) -> None:
    """Tell people how far it is."""
    sys.stderr.write(f"leak: {text}\n")
    sys.stderr.flush()
