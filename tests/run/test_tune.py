"""A search from end to end on a tiny data set: folds kept apart, resumed, scored again, written down."""

from __future__ import annotations

import csv
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from landseer.core.files import read_json
from landseer.errors import RecipeError, StageError, UsageError
from landseer.metrics.scores import score
from landseer.raster.write import write_raster
from landseer.recipe.load import load_recipe
from landseer.report.lr_figure import lr_figure
from landseer.run.context import Run, open_run
from landseer.run.tune import best_recipe, make_plan, study_key, tune
from landseer.run.tune_lr import find_learning_rate
from landseer.run.tune_trial import TrialWork
from landseer.run.tune_worker import PrunedError, Task
from landseer.run.versus import count_side, side_of
from landseer.samples.table import read_samples, write_samples
from landseer.select.selection import read_selection
from landseer.tune.tuned import Tuned

SIDE = 16

RECIPE = """\
name: small
data:
  adapter: folder
  root: data
  images: images/*.tif
  labels: labels/*.tif
  bands: [{name: red, index: 1}, {name: nir, index: 2}]
  classes: [{name: land, value: 0}, {name: water, value: 1}]
same_place: {layers: [red]}
split: {kind: group_kfold, n_folds: 3}
inputs: {bands: [red, nir], normalise: {kind: zscore}}
model: {encoder: test_resnet, weights: none, depth: 2, decoder_channels: [8, 8]}
augment: {d4: false}
loss: [{kind: ce}]
train:
  {epochs: 4, batch_size: 4, samples_per_epoch: 16, precision: fp32, workers: 0, optimiser: {kind: adamw, lr: 1.0e-5}}
select: {metric: accuracy, threshold: argmax, tta: none, resamples: 50, workers: 1}
tune:
  search:
    train.optimiser.lr: {choices: [1.0e-5, 0.02, 0.03]}
    inputs.indices: {subset_of: [NDVI, SR], most: 1}
    weights: {choices: [null, {kind: balanced}]}
  trials: 3
  pruner: none
"""


def write_data(root: Path, n: int = 12) -> None:
    """Write samples in which the second band says what the label is."""
    rng = np.random.default_rng(3)
    for number in range(n):
        label = np.kron(rng.random((2, 2)) < 0.5, np.ones((8, 8))).astype(np.uint8)
        image = rng.integers(100, 900, (2, SIDE, SIDE)) + 1500 * np.stack(
            [np.zeros((SIDE, SIDE), int), label]
        )
        write_raster(root / f"images/s{number:02d}.tif", image.astype(np.int16))
        write_raster(root / f"labels/s{number:02d}.tif", label)


def open_small(folder: Path, *overrides: str) -> Run:
    if not (folder / "data").exists():
        write_data(folder / "data")
    (folder / "small.yaml").write_text(RECIPE)
    return open_run(load_recipe(folder / "small.yaml", overrides), folder / "run")


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Tuned]:
    run = open_small(tmp_path_factory.mktemp("tune"))
    return run, tune(run)


def test_the_first_trial_is_the_recipe_as_it_is(tuned: tuple[Run, Tuned]) -> None:
    _, found = tuned
    first = found.results[0].values
    assert first["train.optimiser.lr"] == 1e-5
    assert (first["inputs.indices"], first["weights"]) == ([], None)
    assert [one.state for one in found.results] == ["done"] * 3


def test_the_best_recipe_is_complete_and_runs_on_its_own(tuned: tuple[Run, Tuned]) -> None:
    run, found = tuned
    assert found.best is not None
    best = load_recipe(run.path("tune/best.yaml"))
    assert best == best_recipe(run.recipe, found.best)
    assert best.tune == type(best.tune)() and best.train.epochs == 4 and best.train.folds is None
    assert best.train.optimiser.lr == found.best.values["train.optimiser.lr"]
    assert list(best.inputs.indices) == found.best.values["inputs.indices"]


def test_no_trial_sees_what_is_kept_for_the_end(tuned: tuple[Run, Tuned]) -> None:
    run, found = tuned
    every = read_samples(run.path("samples.parquet"))
    seen = read_samples(run.path("tune/samples.parquet"))
    assert found.folds == (0, 1) and found.rescored is not None and found.rescored.folds == (2,)
    assert set(seen["sample"]) == set(every["sample"][every["fold"] != 2])
    for trial in ("0000", "0001", "0002"):
        done = read_json(run.path(f"tune/trials/{trial}/folds/fold0_seed0/done.json"))
        assert done["n_train"] == (every["fold"] == 1).sum()
        assert not run.path(f"tune/trials/{trial}/folds/fold2_seed0").exists()
    shared = [read_json(p) for p in run.path("tune/statistics").glob("*/statistics.json")]
    assert len(shared) == 1, "indices are measured once for all trials"
    assert set(shared[0]["channels"]) == {"red", "nir", "NDVI", "SR"}


def test_the_honest_figures_are_those_of_the_two_runs(tuned: tuple[Run, Tuned]) -> None:
    run, found = tuned
    rescored = found.rescored
    assert rescored is not None
    for name, figure in (("start", rescored.start), ("best", rescored.best)):
        folder = run.path(f"tune/rescore/{name}")
        if not folder.exists():
            assert rescored.is_start and name == "best"
            continue
        scored = open_run(load_recipe(folder), folder)
        honest = read_selection(folder / "selection.json").crossfit.value
        side = side_of(scored)
        counts = count_side(side, list(side.rows.index))
        pooled = score(counts.sum(0), ("land", "water"))["accuracy"]
        assert pooled == pytest.approx(honest) == pytest.approx(figure)
        done = read_json(folder / "folds/fold2_seed0/done.json")
        assert done["n_train"] == (read_samples(run.path("samples.parquet"))["fold"] != 2).sum()


def test_weights_of_trials_are_gone_and_their_words_are_kept(tuned: tuple[Run, Tuned]) -> None:
    run, found = tuned
    folder = run.path("tune/trials")
    assert not [p for p in folder.rglob("*") if p.suffix in (".safetensors", ".ckpt", ".tif")]
    kept = read_json(folder / "0001/trial.json")
    assert kept["state"] == "done" and kept["score"] == pytest.approx(found.results[1].value)
    assert load_recipe(folder / "0001/recipe.yaml").select.metric == "accuracy"
    assert "train fold0_seed0 epoch 4/4" in (folder / "0001/log.txt").read_text()


def test_tables_and_page_show_every_trial(tuned: tuple[Run, Tuned]) -> None:
    run, found = tuned
    with run.path("tune/trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["score"]) for row in rows] == pytest.approx(
        [one.value for one in found.results], abs=1e-6
    )
    page = run.path("tune/index.html").read_text()
    assert found.sentence().split(":")[0][:60] in page
    assert "<svg" in page and "http://" not in page.replace("http://www.w3.org", "")
    assert "train.optimiser.lr" in page and "inputs.indices: NDVI" in page


def test_a_second_call_trains_nothing_and_more_trials_go_on(
    tuned: tuple[Run, Tuned], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, found = tuned

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("nothing is left to train")

    monkeypatch.setattr("landseer.run.tune_drive._Crew._begin", never)
    assert tune(run).results == found.results


def test_another_search_is_refused_until_it_begins_anew(tuned: tuple[Run, Tuned]) -> None:
    run, _ = tuned
    other = open_small(run.folder.parent, "tune.trial={train.epochs: 1}")
    with pytest.raises(StageError, match="with which this study was begun"):
        tune(other)


def test_labels_that_were_edited_in_place_are_of_another_study(tuned: tuple[Run, Tuned]) -> None:
    """Files tell it on one machine; the counts of the audit where machines have copies of their own."""
    plan = make_plan(tuned[0])
    config = plan.run.recipe.tune.model_copy(update={"storage": "postgresql://one/place"})
    recipe = plan.run.recipe.model_copy(update={"tune": config})
    shared = replace(plan, run=Run(recipe, plan.run.folder))
    samples = plan.home.path("samples.parquet")
    seen = read_samples(samples)
    label = Path(seen["label"].iloc[0])
    keys, times = (study_key(plan), study_key(shared)), label.stat()
    os.utime(label, ns=(times.st_atime_ns, times.st_mtime_ns + 10**9))
    assert study_key(plan) != keys[0] and study_key(shared) == keys[1]
    os.utime(label, ns=(times.st_atime_ns, times.st_mtime_ns))
    write_samples(samples, seen.assign(class_water_pixels=seen["class_water_pixels"] + 1))
    assert study_key(plan) != keys[0] and study_key(shared) != keys[1]
    write_samples(samples, seen)
    assert (study_key(plan), study_key(shared)) == keys


def test_a_recipe_without_ranges_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected keys to search"):
        tune(open_small(tmp_path, "tune.search={}"))


def test_folds_must_leave_something_to_train_on(tuned: tuple[Run, Tuned]) -> None:
    folder = tuned[0].folder.parent
    with pytest.raises(UsageError, match="another that they train on"):
        make_plan(open_small(folder, "tune.folds=[0]"))
    with pytest.raises(RecipeError, match=r"tune\.folds\.1: expected a fold from 0 to 2; got 7"):
        open_small(folder, "tune.folds=[0, 7]")
    run = open_small(folder)
    gone = run.recipe.tune.model_copy(update={"folds": (7,)})
    unknown = Run(run.recipe.model_copy(update={"tune": gone}), run.folder)
    with pytest.raises(UsageError, match="expected folds among"):
        make_plan(unknown)
    plan = make_plan(open_small(folder, "tune.folds=[0]", "tune.rescore_folds=[1]"))
    assert (plan.folds, plan.rescored) == ((0,), (1,))


def test_epochs_are_reported_and_a_trial_can_end_at_one(
    tuned: tuple[Run, Tuned], tmp_path: Path
) -> None:
    """In this process: the second epoch's report says stop."""
    run = open_small(tuned[0].folder.parent, "tune.prune_by=epoch")
    plan = make_plan(run)
    work = TrialWork(plan.home, plan.folds, plan.metric, 1)
    reports: list[tuple[int, float]] = []

    def report(step: int, value: float) -> bool:
        reports.append((step, value))
        return step == 5

    folds: dict[str, float] = {}
    values = {"train.optimiser.lr": 1e-2}
    with pytest.raises(PrunedError):
        work(Task(9, values, tmp_path), report, folds)
    assert [step for step, _ in reports] == [1, 2, 3, 4, 5]
    assert set(folds) == {"0"}
    assert all(0 <= value <= 1 for _, value in reports)
    assert not list(tmp_path.rglob("*.safetensors"))


def test_values_that_do_not_fit_together_fail_the_trial(
    tuned: tuple[Run, Tuned], tmp_path: Path
) -> None:
    plan = make_plan(tuned[0])
    work = TrialWork(plan.home, plan.folds, plan.metric, 1)
    with pytest.raises(UsageError, match=r"trial 4: model\.decoder_channels"):
        work.recipe({"model.depth": 3, "model.decoder_channels": [8]}, "trial 4")


def test_the_learning_rate_is_found(tuned: tuple[Run, Tuned]) -> None:
    run = open_small(
        tuned[0].folder.parent,
        "tune.lr_range={low: 1.0e-5, high: 10.0, steps: 40}",
        "train.accumulate=1",
    )
    found = find_learning_rate(run)
    assert len(found.rates) == len(found.losses) <= 40
    assert 1e-4 < found.suggested < 1
    assert 0.2 < found.losses[0] < 2
    kept = read_json(run.path("tune/lr_range.json"))
    assert kept["suggested"] == found.suggested and len(kept["losses"]) == len(found.losses)
    assert run.path("tune/lr_range.png").read_bytes()[:4] == b"\x89PNG"
    assert lr_figure(found).axes[0].get_xscale() == "log"
