"""Train the best recipe and the one at the start on folds that no trial saw, and compare them."""

from __future__ import annotations

import sys

from landseer.core.files import json_number
from landseer.metrics.evaluation import higher_is_better
from landseer.recipe.schema import Recipe
from landseer.run.choose_stage import deciding_mask, held_samples
from landseer.run.context import Run
from landseer.run.leak_runs import bring_up
from landseer.run.tune_trial import hand_over
from landseer.run.versus import count_side, side_of
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
    sides = side_of(start), side_of(best)
    held = held_samples(sides[0].rows)
    versus = compare_counts(
        (count_side(sides[0], held.samples), count_side(sides[1], held.samples)),
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
