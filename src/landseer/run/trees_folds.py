"""Trees of each fold: grown on the other folds' pixels, and asked about every pixel of their own."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from landseer.core.files import hash_value, read_json, write_json
from landseer.core.progress import Progress
from landseer.core.seeds import derive, generator
from landseer.errors import DataError
from landseer.feed.loader import Loader
from landseer.models.tree_files import load_trees
from landseer.models.tree_member import TreeMember
from landseer.predict.ensemble import Ensemble
from landseer.predict.oof import OofBatch, write_oof
from landseer.quantities import ClassMask
from landseer.run.choose_stage import held_samples
from landseer.run.context import Run
from landseer.run.trees_table import tree_channels, uncached_source
from landseer.splits import trains
from landseer.trees.config import ModelName
from landseer.trees.grow import ENDINGS, Plot, grow
from landseer.trees.inner import inner_parts
from landseer.trees.table import PixelTable
from landseer.trees.worth import by_source, permutation_worth, sample_block


@dataclass(frozen=True)
class Folds:
    """What all kinds of trees of a run share.

    Attributes:
        run: the run.
        frame: rows of the sample table, in the order of the table's samples.
        table: their pixels.
        target: name of the class mask.
    """

    run: Run
    frame: gpd.GeoDataFrame
    table: PixelTable
    target: str

    def file(self, name: ModelName, fold: int) -> Path:
        """Return where the trees of a fold lie."""
        return self.run.path(f"trees/{name}/folds/fold{fold}{ENDINGS[name]}")

    def oof(self, name: ModelName) -> Path:
        """Return the folder of a kind's out-of-fold predictions."""
        return self.run.path(f"trees/{name}/oof/none/seed0")

    @cached_property
    def class_px(self) -> NDArray[np.float64]:
        """How many pixels of each class those of each sample stand for, (samples, classes)."""
        return self.table.class_px(len(self.run.classes))

    def held(self, fold: int) -> NDArray[np.bool_]:
        """Tell which samples a fold holds out."""
        return np.asarray(self.frame["fold"].to_numpy() == fold)


def train_fold(folds: Folds, name: ModelName, fold: int) -> dict[str, Any]:
    """Grow the trees of one fold, where they are not there already.

    Returns:
        What is known of them: rounds, seconds, gain and worth by channel.

    Raises:
        DataError: there is not one pixel to learn from.
        UsageError: the library is not installed.
        WriteError: a file cannot be written.
    """
    note = folds.file(name, fold).with_suffix(".json")
    wanted = trains(folds.frame, fold)
    inners = _inners(folds, wanted, fold)
    key = _key(folds, name, fold, wanted, inners)
    if note.exists() and folds.file(name, fold).exists():
        known: dict[str, Any] = read_json(note)
        if known["key"] == key:
            return known
    truth, _ = folds.table.labels(wanted)
    if not len(truth):
        raise DataError(
            "expected pixels of known class in the other folds; got none", where=f"fold {fold}"
        )
    sys.stderr.write(f"trees: {name}, fold {fold}, {len(truth):,} pixels\n")
    run, started = folds.run, time.perf_counter()
    plot = Plot(folds.table, len(run.classes), run.recipe.trees, _seed(folds, fold))
    path = folds.file(name, fold).with_suffix("")
    path.parent.mkdir(parents=True, exist_ok=True)
    grown = grow(plot, name, wanted, inners, path)
    seconds = time.perf_counter() - started
    known = {
        "key": key,
        "rounds": grown.rounds,
        "inner_parts": len(inners),
        "seconds": seconds,
        "pixels": len(truth),
        "gain": by_source(grown.gain, tree_channels(run).sources),
        "worth": _worth(folds, name, fold),
    }
    write_json(note, known)
    return known


def _seed(folds: Folds, fold: int) -> int:
    """Return the seed of a fold's trees."""
    return derive(folds.run.recipe.seed, "trees", fold)


def _inners(folds: Folds, wanted: NDArray[np.bool_], fold: int) -> tuple[NDArray[np.bool_], ...]:
    """Return the parts of a fold's training that tell how many rounds are enough."""
    config = folds.run.recipe.trees
    if config.early_stop is None:
        return ()
    groups = held_samples(folds.frame).groups
    return inner_parts(groups, wanted, folds.class_px, config.inner_share, _seed(folds, fold))


def _key(
    folds: Folds,
    name: ModelName,
    fold: int,
    wanted: NDArray[np.bool_],
    inners: Sequence[NDArray[np.bool_]],
) -> str:
    """Hash all that the trees of a fold depend on."""
    shared = ("early_stop", "inner_share", "refit", "permuted_pixels")
    return hash_value(
        {
            "table": folds.table.key,
            "settings": folds.run.recipe_value(f"trees.{name}"),
            "shared": [folds.run.recipe_value(f"trees.{key}") for key in shared],
            "fold": fold,
            "wanted": np.flatnonzero(wanted).tolist(),
            "inner": [np.flatnonzero(inner).tolist() for inner in inners],
        }
    )


def _worth(folds: Folds, name: ModelName, fold: int) -> dict[str, float]:
    """Shuffle channels on pixels of the fold that is held out."""
    most = folds.run.recipe.trees.permuted_pixels
    if not most:
        return {}
    random = generator(folds.run.recipe.seed, "worth", fold)
    block = sample_block(folds.table, folds.held(fold), most, random)
    scorer, sources = load_trees(folds.file(name, fold)), tree_channels(folds.run).sources
    return permutation_worth(scorer, block, sources, random, folds.run.recipe.trees.threads or 0)


def predict_fold(folds: Folds, name: ModelName, fold: int, key: str) -> tuple[int, float]:
    """Ask the trees about every pixel of the samples that they never saw, where that is not done.

    Args:
        folds, name: which trees.
        fold: the one that is held out.
        key: of its trees.

    Returns:
        How many pixels were predicted, and in how many seconds; of predictions that were there, in how many they were.

    Raises:
        WriteError: the disk is full or the folder cannot be written.
    """
    mark = folds.run.path(f"trees/{name}/oof/fold{fold}.json")
    if mark.exists() and (done := read_json(mark))["key"] == key:
        return done["pixels"], done["seconds"]
    mark.unlink(missing_ok=True)
    member = TreeMember(tree_channels(folds.run), load_trees(folds.file(name, fold)), folds.target)
    quantities = {folds.target: ClassMask(len(folds.run.classes))}
    positions = np.flatnonzero(folds.held(fold)).tolist()
    started = time.perf_counter()
    batches = _batches(folds, positions, f"predict {name} fold {fold}")
    write_oof(Ensemble([member], quantities).eval(), batches, folds.oof(name))
    seconds = time.perf_counter() - started
    rows = folds.frame.iloc[positions]
    pixels = int((rows["height"] * rows["width"]).sum())
    write_json(mark, {"key": key, "pixels": pixels, "seconds": seconds})
    return pixels, seconds


def _batches(folds: Folds, positions: list[int], label: str) -> Iterator[OofBatch]:
    """Read samples one by one, with progress."""
    source = uncached_source(folds.run, folds.frame)
    with Progress(label, len(positions)) as progress:
        for batch in Loader(source, positions, batch_size=1):
            yield OofBatch(batch["samples"], batch["image"], batch["sizes"])
            progress.advance(1)
