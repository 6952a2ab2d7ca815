"""The model folder of the best trees: one booster refitted on all folds, or the boosters of the folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from landseer.core.seeds import generator
from landseer.models.config import ModelConfig
from landseer.models.tree_config import TreeSpec
from landseer.models.tree_files import load_trees
from landseer.predict.model_folder import MemberSource, save_model_folder
from landseer.predict.spec import ModelSpec
from landseer.predict.stac_model import write_model_item
from landseer.run.deliver import spec_of
from landseer.run.trees_folds import Folds
from landseer.run.trees_refit import judge_aside, refit, refit_path
from landseer.select.selection import Selection
from landseer.trees.config import ModelName
from landseer.trees.delivered import Delivered, as_scores, delivered_words, pixels_a_second
from landseer.trees.worth import sample_block

_TIMED_PX = 1 << 16
NO_FOLD = -1
"""What `fold` of a member says that held nothing out."""


def deliver(
    folds: Folds, name: ModelName, selection: Selection, notes: Sequence[Mapping[str, Any]]
) -> Delivered:
    """Write the model folder and its STAC item.

    Args:
        folds, name: which trees.
        selection: how the folds' trees were judged, and the threshold that is taken.
        notes: of `train_fold`, one for each fold.

    Returns:
        What the folder holds.

    Raises:
        UsageError: the library is not installed.
        WriteError: a file cannot be written.
        LandseerError: a sample that the split put aside cannot be read.
    """
    rounds = [int(note["rounds"]) for note in notes]
    members = [
        MemberSource(folds.file(name, one.fold), one.fold, one.seed, weight=one.weight)
        for one in selection.members
    ]
    if folds.run.recipe.trees.deliver == "folds":
        found = _averaged(folds, members, rounds)
    else:
        found = _refitted(folds, name, selection, members, rounds)
        members = [MemberSource(refit_path(folds, name), NO_FOLD, selection.members[0].seed)]
    folder = folds.run.path("trees/model")
    save_model_folder(folder, _spec(folds, name, selection, found), members)
    write_model_item(folder, recipe=folds.run.path("recipe.yaml"), weights="none")
    return found


def _averaged(folds: Folds, members: Sequence[MemberSource], rounds: Sequence[int]) -> Delivered:
    """Describe the boosters of the folds."""
    (px_s,) = _speeds(folds, [members])
    return Delivered(deliver="folds", members=len(members), rounds=sum(rounds), px_s=px_s)


def _refitted(
    folds: Folds,
    name: ModelName,
    selection: Selection,
    members: Sequence[MemberSource],
    rounds: Sequence[int],
) -> Delivered:
    """Grow one booster on all folds and describe it."""
    note = refit(folds, name, rounds)
    one = MemberSource(refit_path(folds, name), NO_FOLD, 0)
    px_s, slower = _speeds(folds, [[one], members])
    return Delivered(
        deliver="refit",
        members=1,
        rounds=note["rounds"],
        px_s=px_s,
        times_faster=px_s / slower,
        aside=judge_aside(folds, name, selection, rounds),
    )


def _speeds(folds: Folds, shapes: Sequence[Sequence[MemberSource]]) -> list[float]:
    """Measure trees alone on pixels of the table."""
    random = generator(folds.run.recipe.seed, "trees", "speed")
    block = sample_block(folds.table, np.ones(len(folds.frame), bool), _TIMED_PX, random)
    scorers = [[load_trees(member.path) for member in shape] for shape in shapes]
    return pixels_a_second(scorers, block.channels)


def _spec(folds: Folds, name: ModelName, selection: Selection, found: Delivered) -> ModelSpec:
    """Say what the model folder says of everything but the members."""
    run, spec = folds.run, spec_of(folds.run, selection)
    seen = TreeSpec(kind=name, neighbourhood=run.recipe.trees.neighbourhood)
    is_refit = found.deliver == "refit"
    update = {
        "name": f"{run.recipe.name}-{name}",
        "targets": {folds.target: spec.targets[folds.target]},
        "model": ModelConfig(weights="none"),
        "trees": seen,
        "precision": "float32",
        "reach_px": seen.reach_px,
        "scores": as_scores(spec.scores, found.aside) if is_refit else spec.scores,
        "notes": {**spec.notes, "trees": delivered_words(found, name, selection.metric)},
    }
    return spec.model_copy(update=update)
