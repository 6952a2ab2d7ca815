"""Train the best recipe and the one at the start on folds that no trial saw, and compare them."""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np

from landseer.core.files import json_number
from landseer.metrics.confusion import Matrix, confusion_matrix
from landseer.metrics.evaluation import higher_is_better
from landseer.raster.label import read_label
from landseer.recipe.schema import Recipe
from landseer.report.judged import judge_held_out
from landseer.run.choose_stage import deciding_mask, held_samples
from landseer.run.context import Run
from landseer.run.leak_runs import bring_up
from landseer.run.model_stages import members_of, trainable
from landseer.run.tune_trial import hand_over
from landseer.select.crossfit import make_parts
from landseer.select.selection import Selection, read_selection
from landseer.select.versus import compare_counts
from landseer.tune.rescored import Rescored, name_folds
from landseer.tune.trials import Result

STAGES = ("train", "oof", "select")
"""Stages of a run that is scored again."""


def rescore(
    run: Run, best: Recipe, result: Result, folds: tuple[int, ...], metric: str, n_trials: int
) -> Rescored:
    """Train and score both recipes in full on folds of their own; what is there is taken up.

    Args:
        run: the run that was tuned; its samples and statistics are there.
        best: the recipe that the study found best.
        result: its trial.
        folds: that no trial saw.
        metric: the score that decided.
        n_trials: trials that ended.

    Raises:
        LandseerError: as the stages do.
    """
    is_start = _judged(best) == _judged(run.recipe)
    start = _scored(run, "start", run.recipe, folds, metric)
    first = read_selection(start.path("selection.json"))
    sign = 1.0 if higher_is_better(metric) else -1.0
    figures = {
        "metric": metric,
        "folds": folds,
        "n_trials": n_trials,
        "trial": result.number,
        "study": json_number(sign * result.value),
        "start": json_number(first.crossfit.value),
        "level": first.crossfit.level,
        "n_groups": first.n_groups,
        "n_samples": first.n_samples,
        "is_start": is_start,
    }
    if is_start:
        same = json_number(first.crossfit.value)
        return Rescored(**figures, best=same, difference=0.0, low=None, high=None)
    second = _scored(run, "best", best, folds, metric)
    return Rescored(**{**figures, **_compared(start, second, first, metric)})


def _compared(
    start: Run, best: Run, first: Selection, metric: str
) -> dict[str, float | int | None]:
    """Compare two runs, paired by place where a class mask decides."""
    second = read_selection(best.path("selection.json"))
    if deciding_mask(start) is None:
        gain = json_number(second.crossfit.value - first.crossfit.value)
        return {
            "best": json_number(second.crossfit.value),
            "difference": gain,
            "low": None,
            "high": None,
        }
    held = held_samples(_rows(start))
    versus = compare_counts(
        (counts_of_rescored(start), counts_of_rescored(best)),
        held.samples,
        held.groups,
        start.classes,
        metric,
        resamples=start.recipe.select.resamples,
        level=start.recipe.select.level,
        seed=start.recipe.seed,
    )
    whole = versus.whole
    return {
        "best": json_number(whole.second),
        "difference": json_number(whole.difference),
        "low": json_number(whole.low),
        "high": json_number(whole.high),
        "n_groups": versus.n_groups,
    }


def counts_of_rescored(run: Run) -> Matrix:
    """Count each sample that a run held out, at what was chosen on the others: cross-fitted.

    Args:
        run: a run whose class mask decides; its stage `select` is done.

    Returns:
        (n, C, C) in the order of the sample table; their pooled score is the run's cross-fitted one.

    Edges: a single fold is judged in parts, as the stage does.
    """
    rows, selection = _rows(run), read_selection(run.path("selection.json"))
    held = held_samples(rows)
    parts = make_parts(held.folds, held.groups)
    judges = [
        selection.model_copy(update={"tta": one.tta, "threshold": one.threshold, "folds": ()})
        for one in selection.folds
    ]
    seed, classes = members_of(run)[0].seed, run.classes
    counts = []
    for row, part in zip(rows.itertuples(), parts, strict=True):
        judge = judges[part]
        oof = run.path(f"oof/{judge.tta}/seed{seed}")
        _, decided = judge_held_out(judge, oof, row.sample, int(row.fold))
        truth = read_label(Path(row.label), classes)
        counts.append(confusion_matrix(truth, decided, len(classes)))
    return np.stack(counts)


def _rows(run: Run) -> gpd.GeoDataFrame:
    """Return the samples that a run held out."""
    frame = trainable(run)
    return frame[frame["fold"].isin({member.fold for member in members_of(run)})]


def _judged(recipe: Recipe) -> Recipe:
    """Return a recipe without what does not change its score."""
    plain = {"name": "x", "tune": type(recipe.tune)()}
    return recipe.model_copy(update=plain)


def _scored(run: Run, name: str, recipe: Recipe, folds: tuple[int, ...], metric: str) -> Run:
    """Train and score one recipe."""
    what = {"start": "the recipe as it was", "best": "the best recipe"}[name]
    sys.stderr.write(f"tune: {what}, on {name_folds(folds)} that no trial saw\n")
    update = {
        "name": f"{run.recipe.name}-{name}",
        "train": recipe.train.model_copy(update={"folds": folds, "images": 0}),
        "select": recipe.select.model_copy(update={"metric": metric}),
        "tune": type(recipe.tune)(),
    }
    scored = Run(recipe.model_copy(update=update), run.path(f"tune/rescore/{name}"))
    scored.folder.mkdir(parents=True, exist_ok=True)
    if not scored.path("statistics.json").exists():
        hand_over(scored, Run(run.recipe, run.path("tune/rescore")))
    bring_up(scored, STAGES)
    return scored
