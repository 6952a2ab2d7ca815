"""Trees on the same folds as the network: table, trees, out-of-fold predictions, scores, and what all that says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from landseer.core.files import json_number, write_text
from landseer.errors import UsageError
from landseer.models.tree_files import tree_library
from landseer.report.trees_page import build_trees_page, importance_figure
from landseer.report.versus_page import Side
from landseer.run.choose_stage import deciding_mask
from landseer.run.context import Run, locked
from landseer.run.model_stages import members_of, trainable
from landseer.run.runner import run_stages
from landseer.run.trees_deliver import deliver
from landseer.run.trees_folds import Folds, predict_fold, train_fold
from landseer.run.trees_judge import compare, judge_kind, network_of
from landseer.run.trees_table import pixel_table, tree_channels
from landseer.samples.schema import is_missing
from landseer.select.estimate import Estimate
from landseer.select.versus import Versus
from landseer.track.figures import save_figure
from landseer.trees.config import ModelName
from landseer.trees.delivered import Delivered
from landseer.trees.result import Compared, Kind
from landseer.trees.worth import importance_table

_LIBRARIES: Mapping[str, str] = {"xgboost": "xgboost", "lightgbm": "lightgbm", "forest": "xgboost"}


@dataclass(frozen=True, slots=True)
class _Judged:
    """One kind of trees, and what is known of it."""

    name: ModelName
    side: Side
    notes: Sequence[Mapping[str, Any]]
    oof_px_s: float | None
    versus: Versus | None


def compare_with_trees(run: Run) -> Compared:
    """Train trees on the run's own folds and judge them as the network is judged.

    The run is brought up to its statistics; a network that is there is compared, none is trained. What a run that was
    stopped has left is taken up.

    Args:
        run: the run; `trees/` in its folder takes everything.

    Returns:
        What was found; `trees/trees.json` and `trees/index.html` show the same, `trees/model` is a model folder.

    Raises:
        UsageError: a score of class masks does not decide, or a library is not installed.
        StageError: another process works in the folder.
        LandseerError: as the stages do.
    """
    target = deciding_mask(run)
    if target is None:
        raise UsageError(
            f"expected a recipe that a score of class masks decides; got {run.recipe.select.metric}",
            where="select.metric",
        )
    for name in run.recipe.trees.models:
        tree_library(_LIBRARIES[name])
    run_stages(run, until="statistics")
    run.path("trees").mkdir(exist_ok=True)
    with locked(run):
        return _compare(run, target)


def _compare(run: Run, target: str) -> Compared:
    """Do all of it."""
    frame = trainable(run)
    table = pixel_table(run, frame)
    folds = Folds(run, frame, table, target)
    numbers = sorted({member.fold for member in members_of(run)})
    has_label = ~frame["label"].map(is_missing).astype(bool)
    rows = frame[frame["fold"].isin(numbers) & has_label]
    network, why_not = network_of(run, rows)
    judged = [_judge(folds, name, numbers, rows, network) for name in run.recipe.trees.models]
    best = max(judged, key=_score)
    delivered = deliver(folds, best.name, best.side.selection, best.notes)
    notes = [*([why_not] if why_not else []), *_undivided(run, judged)]
    found = _conclude(folds, judged, network, best.name, delivered, notes)
    found.write(run.path("trees/trees.json"))
    worth = {str(one.name): importance_table(one.notes) for one in judged}
    for name, one in worth.items():
        write_text(run.path(f"trees/{name}/importances.csv"), one.to_csv(index=False))
        save_figure(importance_figure(one), run.path(f"trees/{name}/importances.png"))
    sides = None if network is None else (best.side, network)
    build_trees_page(found, worth, best.versus, sides, run.path("trees/index.html"))
    return found


def _score(one: _Judged) -> float:
    """Return what decides which kind is best."""
    value = json_number(one.side.selection.crossfit.value)
    return -np.inf if value is None else value


def _undivided(run: Run, judged: Sequence[_Judged]) -> list[str]:
    """Say where boosting was not stopped although the recipe asks for it."""
    if run.recipe.trees.early_stop is None:
        return []
    boosted = [one for one in judged if one.name != "forest"]
    n = max((sum(not note["inner_parts"] for note in one.notes) for one in boosted), default=0)
    if not n:
        return []
    return [
        f"in {n} folds no part of the training places could tell how many rounds are enough (it must have two "
        "classes, and the others the same): all rounds of the recipe are grown there"
    ]


def _judge(
    folds: Folds,
    name: ModelName,
    numbers: Sequence[int],
    rows: gpd.GeoDataFrame,
    network: Side | None,
) -> _Judged:
    """Train one kind on every fold, predict, and score."""
    notes, pixels, seconds = [], 0, 0.0
    for fold in numbers:
        notes.append(train_fold(folds, name, fold))
        n, took = predict_fold(folds, name, fold, notes[-1]["key"])
        pixels, seconds = pixels + n, seconds + took
    side = judge_kind(folds, name, rows)
    versus = None if network is None else compare(folds.run, (side, network))
    return _Judged(name, side, notes, pixels / seconds if pixels else None, versus)


def _conclude(
    folds: Folds,
    judged: Sequence[_Judged],
    network: Side | None,
    best: str,
    delivered: Delivered,
    notes: Sequence[str],
) -> Compared:
    """Put together what was found."""
    run, classes = folds.run, folds.run.classes.names
    truth, weight = folds.table.labels(np.ones(len(folds.frame), bool))
    first = judged[0].side.selection
    return Compared(
        metric=first.metric,
        level=first.crossfit.level,
        network=None if network is None else _figure(network.selection.crossfit),
        kinds=tuple(map(_kind, judged)),
        best=best,
        n_samples=first.n_samples,
        n_groups=first.n_groups,
        table_px=len(truth),
        table_px_by_class={n: int((truth == i).sum()) for i, n in enumerate(classes)},
        all_px_by_class={n: float(weight[truth == i].sum()) for i, n in enumerate(classes)},
        channels=tree_channels(run).names,
        delivered=delivered,
        notes=tuple(notes),
    )


def _kind(one: _Judged) -> Kind:
    """Describe one kind."""
    selection, versus = one.side.selection, one.versus
    return Kind(
        name=one.name,
        score=_figure(selection.crossfit),
        scores={name: json_number(value) for name, value in selection.scores.items()},
        threshold=selection.threshold,
        rounds=tuple(note["rounds"] for note in one.notes),
        train_s=sum(note["seconds"] for note in one.notes),
        oof_px_s=one.oof_px_s,
        network_gain=None if versus is None else _difference(versus),
        groups_better=None if versus is None else versus.better,
        groups_worse=None if versus is None else versus.worse,
    )


def _figure(score: Any) -> Estimate:
    """Take a score with its interval."""
    return Estimate(
        value=json_number(score.value), low=json_number(score.low), high=json_number(score.high)
    )


def _difference(versus: Versus) -> Estimate:
    """Take what the network brings."""
    whole = versus.whole
    return Estimate(
        value=json_number(whole.difference),
        low=json_number(whole.low),
        high=json_number(whole.high),
    )


def trees_files(run: Run) -> dict[str, Path]:
    """Return where the results lie: `page`, `json` and `model`."""
    return {
        "page": run.path("trees/index.html"),
        "json": run.path("trees/trees.json"),
        "model": run.path("trees/model"),
    }
