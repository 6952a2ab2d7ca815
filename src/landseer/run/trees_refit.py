"""One model of trees grown on the training samples of all folds, and its score on what the split put aside."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import torch
from numpy.typing import NDArray

from landseer.core.classes import IGNORE
from landseer.core.files import hash_value, json_number, read_json, write_json
from landseer.core.progress import Progress
from landseer.core.seeds import derive
from landseer.metrics.confusion import Matrix, confusion_matrix
from landseer.models.tree_files import load_trees
from landseer.models.tree_member import TreeMember
from landseer.predict.ensemble import Ensemble, Voting
from landseer.quantities import ClassMask
from landseer.run.choose_stage import held_samples
from landseer.run.trees_folds import Folds
from landseer.run.trees_table import tree_channels, uncached_source
from landseer.samples.schema import is_missing
from landseer.samples.table import read_samples, usable
from landseer.select.estimate import Estimate
from landseer.select.selection import Selection
from landseer.select.versus import Versus, compare_counts
from landseer.splits import trains
from landseer.trees.config import ModelName
from landseer.trees.delivered import Aside, refit_config, refit_rounds
from landseer.trees.grow import ENDINGS, Plot, grow


def refit_path(folds: Folds, name: ModelName) -> Path:
    """Return where the refitted trees of a kind lie."""
    return folds.run.path(f"trees/{name}/refit{ENDINGS[name]}")


def refit(folds: Folds, name: ModelName, rounds: Sequence[int]) -> dict[str, Any]:
    """Grow trees on the training samples of all folds, where they are not there already.

    Args:
        folds, name: which trees.
        rounds: of each fold's trees; their median is grown.

    Returns:
        What is known of them: `key`, `rounds`, `seconds` and `pixels`.

    Raises:
        UsageError: the library is not installed.
        WriteError: a file cannot be written.

    Edges: a sample that trains no fold, as those that lie too near to what the split put aside, trains nothing here.
    """
    path, run = refit_path(folds, name), folds.run
    wanted = _trains_any(folds.frame)
    config = refit_config(run.recipe.trees, name, refit_rounds(rounds))
    key = hash_value(
        {
            "table": folds.table.key,
            "settings": getattr(config, name).model_dump(mode="json"),
            "wanted": np.flatnonzero(wanted).tolist(),
        }
    )
    note = path.with_suffix(".json")
    if note.exists() and path.exists() and (known := read_json(note))["key"] == key:
        return dict(known)
    n = len(folds.table.labels(wanted)[0])
    sys.stderr.write(f"trees: {name}, all folds, {n:,} pixels\n")
    started = time.perf_counter()
    plot = Plot(folds.table, len(run.classes), config, derive(run.recipe.seed, "trees", "refit"))
    grown = grow(plot, name, wanted, (), path.with_suffix(""))
    seconds = time.perf_counter() - started
    known = {"key": key, "rounds": grown.rounds, "seconds": seconds, "pixels": n}
    write_json(note, known)
    return known


def _trains_any(frame: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Tell which samples train some fold."""
    numbers = sorted({int(fold) for fold in frame["fold"] if fold >= 0})
    return np.logical_or.reduce([trains(frame, number) for number in numbers])


def judge_aside(
    folds: Folds, name: ModelName, selection: Selection, rounds: Sequence[int]
) -> Aside | None:
    """Score the average of the folds' trees and the refitted ones on the samples that the split put aside.

    Args:
        folds, name: which trees; the refitted are there.
        selection: the members of the folds, and the threshold that both take.
        rounds: of each fold's trees, as `refit` took them.

    Returns:
        Both scores; None where nothing labelled was put aside. They are kept beside the trees and read when neither
        trees nor threshold changed.

    Raises:
        LandseerError: an image or a label cannot be read.
    """
    rows = _put_aside(folds)
    if not len(rows):
        return None
    note = refit_path(folds, name).with_name("aside.json")
    key = hash_value(
        {
            "trees": [refit(folds, name, rounds)["key"], *_member_keys(folds, name, selection)],
            "decision": _decision(selection),
            "metric": [folds.run.recipe_value(f"select.{k}") for k in ("metric", "resamples", "level")],
            "samples": list(rows["sample"]),
        }
    )  # fmt: skip
    if note.exists() and (known := read_json(note))["key"] == key:
        return Aside.model_validate(known["aside"])
    found = _described(_compare(folds, name, selection, rows))
    write_json(note, {"key": key, "aside": found.model_dump(mode="json")})
    return found


def _put_aside(folds: Folds) -> gpd.GeoDataFrame:
    """Return the labelled samples that the split put aside."""
    frame = usable(read_samples(folds.run.path("samples.parquet")), side="train")
    has_label = ~frame["label"].map(is_missing).astype(bool)
    return frame[has_label & frame["holdout"].astype(bool)].reset_index(drop=True)


def _member_keys(folds: Folds, name: ModelName, selection: Selection) -> list[str]:
    """Return the keys of the folds' trees."""
    return [
        str(read_json(folds.file(name, one.fold).with_suffix(".json"))["key"])
        for one in selection.members
    ]


def _decision(selection: Selection) -> list[Any]:
    """Return all by which probabilities become classes."""
    return [selection.threshold, selection.class_factors, selection.class_thresholds]


def _compare(folds: Folds, name: ModelName, selection: Selection, rows: gpd.GeoDataFrame) -> Versus:
    """Predict every sample with both, and compare, paired by group."""
    run = folds.run
    members = [(folds.file(name, one.fold), one.weight) for one in selection.members]
    both = [
        _ensemble(folds, selection, members),
        _ensemble(folds, selection, [(refit_path(folds, name), 1.0)]),
    ]
    first, second = _counts(folds, both, rows)
    return compare_counts(
        (first, second),
        list(rows["sample"]),
        held_samples(rows).groups,
        run.classes,
        run.recipe.select.metric,
        resamples=run.recipe.select.resamples,
        level=run.recipe.select.level,
        seed=run.recipe.seed,
    )


def _ensemble(
    folds: Folds, selection: Selection, members: Sequence[tuple[Path, float]]
) -> Ensemble:
    """Put trees together as the model folder does."""
    channels = tree_channels(folds.run)
    modules = [TreeMember(channels, load_trees(path), folds.target) for path, _ in members]
    threshold, factors, limits = _decision(selection)
    voting = Voting(
        weights=tuple(weight for _, weight in members),
        threshold=threshold,
        class_factors=factors,
        class_thresholds=limits,
    )
    return Ensemble(modules, {folds.target: ClassMask(len(folds.run.classes))}, voting).eval()


def _counts(folds: Folds, both: Sequence[Ensemble], rows: gpd.GeoDataFrame) -> list[Matrix]:
    """Count the pixels of each sample by truth and decision, of each model."""
    source, n = uncached_source(folds.run, rows), len(folds.run.classes)
    counts = np.zeros((len(both), len(rows), n, n), np.int64)
    with Progress("samples put aside", len(rows)) as progress:
        for position in range(len(rows)):
            tile = source.read(position)
            truth = np.full(tile.image.shape[1:], IGNORE) if tile.label is None else tile.label
            x_bchw = torch.from_numpy(tile.image.astype(np.float32, copy=False))[None]
            for place, ensemble in enumerate(both):
                decided = ensemble.decide(ensemble(x_bchw)[folds.target], folds.target)[0]
                counts[place, position] = confusion_matrix(truth, decided.numpy(), n)
            progress.advance(1)
    return list(counts)


def _described(versus: Versus) -> Aside:
    """Keep the score that decides."""
    whole = versus.whole
    low, high = json_number(whole.low), json_number(whole.high)
    return Aside(
        n_samples=len(versus.samples),
        n_groups=versus.n_groups,
        folds=json_number(whole.first),
        refit=json_number(whole.second),
        difference=Estimate(value=json_number(whole.difference), low=low, high=high),
    )
