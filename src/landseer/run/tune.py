"""Tune a recipe: a study over its keys on some folds, and an honest score of what it found on the others."""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import dataclass
from typing import Any

from landseer.core.files import hash_value, json_number, write_json, write_text
from landseer.errors import LandseerError, StageError, UsageError
from landseer.recipe.load import dump_recipe, validate
from landseer.recipe.schema import Recipe
from landseer.recipe.tune_checks import SEARCHED, lay_values
from landseer.report.parts import seconds_text
from landseer.report.tune_page import build_tune_page
from landseer.run.context import Run, keep_recipe, locked
from landseer.run.losses import class_pixels
from landseer.run.model_stages import trainable
from landseer.run.outside import training_files
from landseer.run.runner import run_stages
from landseer.run.tune_drive import drive, trial_folder
from landseer.run.tune_rescore import rescore
from landseer.run.tune_trial import TrialWork
from landseer.samples.table import read_samples, write_samples
from landseer.tune.importance import importance_of
from landseer.tune.rescored import Rescored
from landseer.tune.space import Parameters, parameters_at
from landseer.tune.study import Study, forget_study, open_study
from landseer.tune.trials import Outcome, Result, best_of, counted, shown, write_trials
from landseer.tune.tuned import Tuned


@dataclass(frozen=True, slots=True)
class Plan:
    """What a study is made of.

    Attributes:
        run: the run that is tuned.
        home: its recipe, and its folder `tune`.
        folds: that score trials.
        rescored: folds that no trial sees.
        metric: the score that decides.
    """

    run: Run
    home: Run
    folds: tuple[int, ...]
    rescored: tuple[int, ...]
    metric: str


def tune(run: Run, *, fresh: bool = False) -> Tuned:
    """Search a recipe's keys, or go on where an earlier search stopped.

    Args:
        run: the run; `tune/` in its folder takes everything.
        fresh: whether what an earlier search left is deleted.

    Returns:
        What was found; `tune/` has it as `trials.csv`, `best.yaml`, `rescore.json` and `index.html`.

    Raises:
        UsageError: the recipe searches nothing, Optuna is missing, or folds do not fit.
        StageError: the study was begun with something else, no trial is done, or another process works in the folder.
        LandseerError: as the stages do.
    """
    if not run.recipe.tune.search:
        raise UsageError(
            "expected keys to search; got none",
            where="tune.search",
            do="write e.g. tune: {search: {train.optimiser.lr: {low: 1e-4, high: 1e-2, log: true}}}",
        )
    run_stages(run, until="statistics")
    plan = make_plan(run)
    plan.home.folder.mkdir(parents=True, exist_ok=True)
    with locked(plan.home):
        if fresh:
            _forget(plan)
        keep_recipe(plan.home)
        _share_samples(plan)
        with _open(plan) as study:
            _drive(plan, study)
            results = study.results()
        return _conclude(plan, results)


def make_plan(run: Run) -> Plan:
    """Say which folds score trials, and which are left for the end.

    Raises:
        UsageError: folds are named that are not there, or nothing is left to train on.
    """
    config = run.recipe.tune
    there = sorted(int(fold) for fold in trainable(run)["fold"].unique() if fold >= 0)
    folds, rescored = config.folds_of(there)
    unknown = sorted({*folds, *rescored} - set(there))
    if unknown:
        raise UsageError(f"expected folds among {there}; got {unknown}", where="tune.folds")
    trained = [fold for fold in there if fold not in rescored]
    if not folds or len(trained) < 2:
        raise UsageError(
            f"expected a fold that scores trials and another that they train on; got {list(folds)} to score on and "
            f"{trained} in all, for {list(rescored)} are left for the end",
            where="tune.folds, tune.rescore_folds",
            do="name fewer rescore_folds, or split into more folds",
        )
    home = Run(run.recipe, run.path("tune"))
    return Plan(run, home, folds, rescored, config.metric or run.recipe.select.metric)


def _share_samples(plan: Plan) -> None:
    """Write the samples that trials may see, and those of the recipes that are scored at the end."""
    frame = read_samples(plan.run.path("samples.parquet"))
    seen = frame[~frame["fold"].isin(plan.rescored)].reset_index(drop=True)
    write_samples(plan.home.path("samples.parquet"), seen)
    write_samples(plan.home.path("rescore/samples.parquet"), frame)


def _open(plan: Plan) -> Study:
    """Open the study, with the recipe as it is for its first trial."""
    recipe, config = plan.run.recipe, plan.run.recipe.tune
    return open_study(
        config,
        config.study or recipe.name,
        plan.home.path("study.log"),
        key=study_key(plan),
        seed=recipe.seed,
        start=_start(recipe) if config.start else None,
    )


def study_key(plan: Plan) -> str:
    """Return the hash of all that trials have in common: scores of one key can be compared.

    Edges: sizes and times of images and labels are part of it, but not where a database keeps the study, for another
        machine's copy of the data has other times; the audit's counts of pixels of each class stand for labels there.
    """
    recipe, config = plan.run.recipe.model_dump(mode="json"), plan.run.recipe.tune
    frame = read_samples(plan.home.path("samples.parquet"))
    rows = frame[["sample", "fold", "barred", "weight"]]
    return hash_value(
        {
            "recipe": {key: recipe[key] for key in ("seed", *SEARCHED)},
            "search": {key: one.model_dump(mode="json") for key, one in config.search.items()},
            "trial": config.trial,
            "folds": plan.folds,
            "metric": plan.metric,
            "samples": rows.sort_values("sample").to_json(),
            "class_px": class_pixels(plan.run, frame).tolist(),
            "files": training_files(plan.home) if config.storage is None else None,
        }
    )


def _start(recipe: Recipe) -> Parameters | None:
    """Return the parameters that leave the recipe as it is; None where the ranges do not hold it."""
    plain = recipe.model_dump(mode="json")

    def current(key: str) -> Any:
        value: Any = plain
        for part in key.split("."):
            inside = isinstance(value, list) and part.isdecimal() and int(part) < len(value)
            if inside:
                value = value[int(part)]
            else:
                value = value.get(part) if isinstance(value, dict) else None
        return value

    def is_same(key: str, value: Any) -> bool:
        try:
            return validate(lay_values(recipe, {key: value}), {}, key) == recipe
        except LandseerError:
            return False

    return parameters_at(recipe.tune.search, current, is_same)


def best_recipe(recipe: Recipe, result: Result) -> Recipe:
    """Return the recipe with a trial's values, complete and without a search, ready for `landseer run`.

    Raises:
        RecipeError: the values are not valid together.
    """
    values = lay_values(recipe, {"name": f"{recipe.name}-best", **result.values})
    return validate({**values, "tune": {}}, {}, f"trial {result.number}")


def _drive(plan: Plan, study: Study) -> None:
    """Run the trials that are left, and say how each ended."""
    config, metric = plan.run.recipe.tune, plan.metric
    work = TrialWork(plan.home, plan.folds, metric, config.workers)
    left, before = study.left(config.trials), counted(study.results())
    if before:
        _say(f"{before} of {config.trials} trials are there")
    started, ended = time.perf_counter(), 0

    def told(number: int, outcome: Outcome) -> None:
        nonlocal ended
        ended += 1
        results = study.results()
        _note_trial(plan, results[number], outcome)
        _write_state(plan, results)
        seconds = (time.perf_counter() - started) / ended * (left - ended)
        after = f", about {seconds_text(seconds)} left" if left > ended else ""
        _say(
            f"{before + ended} of {config.trials}: {_ended(results, number, outcome, metric)}{after}"
        )

    try:
        drive(
            study, work, plan.home.path("trials"), n_trials=config.trials, n_workers=config.workers, told=told
        )  # fmt: skip
    finally:
        _write_state(plan, study.results())


def _ended(results: list[Result], number: int, outcome: Outcome, metric: str) -> str:
    """Say how a trial ended, and which is the best so far."""
    result, best = results[number], best_of(results)
    how = {
        "done": f"{metric} {shown(result.value, metric):.4f}",
        "pruned": f"ended early on fold {list(outcome.folds)[-1]}"
        if outcome.folds
        else "ended early",
    }.get(outcome.state, f"failed: {outcome.error.partition(chr(10))[0]}")
    top = "" if best is None else f" (best {shown(best.value, metric):.4f}, trial {best.number})"
    return f"trial {number} {how}{top}, {seconds_text(outcome.seconds)}"


def _note_trial(plan: Plan, result: Result, outcome: Outcome) -> None:
    """Write what became of a trial into its folder."""
    figures = {
        "trial": result.number,
        "state": result.state,
        "metric": plan.metric,
        "score": json_number(shown(result.value, plan.metric)),
        "folds": {fold: json_number(value) for fold, value in outcome.folds.items()},
        "values": {key: value for key, value in result.values.items()},
        "seconds": round(outcome.seconds, 1),
        "error": outcome.error,
        "again_of": result.again_of,
    }
    write_json(trial_folder(plan.home.path("trials"), result.number) / "trial.json", figures)


def _write_state(plan: Plan, results: list[Result]) -> None:
    """Write the table of trials, and the best recipe so far."""
    write_trials(plan.home.path("trials.csv"), results, plan.metric)
    best = best_of(results)
    if best is not None:
        text = dump_recipe(best_recipe(plan.run.recipe, best))
        path = plan.home.path("best.yaml")
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)


def _conclude(plan: Plan, results: list[Result]) -> Tuned:
    """Score what was found on folds that no trial saw, and write the page.

    Raises:
        StageError: no trial is done.
    """
    best = best_of(results)
    if best is None:
        errors = {one.error.partition("\n")[0] for one in results if one.error}
        raise StageError(
            f"expected a trial with a score; all {len(results)} failed: {'; '.join(sorted(errors))[:300]}",
            where=plan.home.path("trials"),
            do="read log.txt in a trial's folder",
        )
    found = _rescored(plan, best, counted(results)) if plan.rescored else None
    path = plan.home.path("rescore.json")
    if found is not None:
        found.write(path)
    else:
        path.unlink(missing_ok=True)
    tuned = Tuned(
        name=plan.run.recipe.name,
        metric=plan.metric,
        search=plan.run.recipe.tune.search,
        folds=plan.folds,
        results=tuple(results),
        importance=importance_of(plan.run.recipe.tune.search, results),
        rescored=found,
        folder=plan.home.folder,
    )
    build_tune_page(tuned, plan.home.path("index.html"))
    return tuned


def _rescored(plan: Plan, best: Result, n_trials: int) -> Rescored:
    """Score the best recipe and the one at the start on the folds that are left."""
    recipe = best_recipe(plan.run.recipe, best)
    return rescore(plan.run, recipe, best, plan.rescored, plan.metric, n_trials)


def _forget(plan: Plan) -> None:
    """Delete what an earlier search left."""
    config = plan.run.recipe.tune
    forget_study(config, config.study or plan.run.recipe.name)
    for name in ("study.log", "trials.csv", "best.yaml", "rescore.json", "index.html"):
        plan.home.path(name).unlink(missing_ok=True)
    for name in ("trials", "rescore", "statistics"):
        shutil.rmtree(plan.home.path(name), ignore_errors=True)


def _say(text: str) -> None:
    """Tell people how far it is."""
    sys.stderr.write(f"tune: {text}\n")
    sys.stderr.flush()
