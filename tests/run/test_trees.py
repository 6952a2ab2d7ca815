"""`landseer trees` from files to a page: on the run's folds, resumed, beside a network, and never on what it judges."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from landseer.core.files import read_json
from landseer.errors import UsageError
from landseer.metrics.confusion import confusion_matrix
from landseer.metrics.scores import score
from landseer.predict import PredictOptions, predict_files
from landseer.predict.oof import oof_path, read_oof
from landseer.raster.label import read_label
from landseer.raster.read import read_bands
from landseer.raster.write import write_raster
from landseer.recipe.load import load_recipe
from landseer.run import trees as work
from landseer.run import trees_judge
from landseer.run.context import Run, open_run
from landseer.run.model_stages import trainable
from landseer.run.trees import compare_with_trees, trees_files
from landseer.samples.table import read_samples
from landseer.select.selection import read_selection
from landseer.trees.result import read_compared, verdict

RECIPE = """\
name: small
data:
  adapter: folder
  root: data
  images: images/*.tif
  labels: labels/*.tif
  bands: [{name: red, index: 1, nodata: 0}, {name: nir, index: 2, nodata: 0}, {name: noise, index: 3}]
  classes: [{name: land, value: 0}, {name: water, value: 1}]
same_place: {layers: [noise]}
split: {kind: group_kfold, n_folds: 3}
inputs: {bands: [red, nir, noise], normalise: {kind: zscore}}
model: {encoder: resnet18, weights: none}
select: {metric: iou_water, resamples: 50, workers: 1}
trees:
  xgboost: {rounds: 20, least_weight: 1}
  lightgbm: {rounds: 20, least_pixels: 5}
  forest: {trees: 10, depth: 6}
  pixels: {buffer_px: 2, rest_per_sample: 60}
  early_stop: 5
  permuted_pixels: 500
  threads: 1
"""
N, SIDE, SEED = 9, 24, 0


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Open a run on images in which two bands tell water from land."""
    monkeypatch.chdir(tmp_path)
    for number in range(N):
        rng = np.random.default_rng(number)
        truth = np.zeros((SIDE, SIDE), np.uint8)
        truth[4:12, 3 : 8 + number] = 1
        image = rng.integers(200, 500, (3, SIDE, SIDE))
        image[1] += 400 * (1 - truth.astype(int)) + rng.integers(0, 150, truth.shape)
        image[:2, -3:] = 0
        write_raster(tmp_path / f"data/images/{number}.tif", image.astype(np.uint16))
        write_raster(tmp_path / f"data/labels/{number}.tif", truth)
    (tmp_path / "small.yaml").write_text(RECIPE)
    return open_run(load_recipe(tmp_path / "small.yaml", ()), tmp_path / "run")


def pooled(run: Run, name: str) -> float:
    """Score the out-of-fold predictions anew, each fold at its own threshold."""
    selection = read_selection(run.path(f"trees/{name}/selection.json"))
    limits = {fold.fold: fold.threshold for fold in selection.folds}
    total = np.zeros((2, 2), np.int64)
    for row in trainable(run).to_dict("records"):
        chance = read_oof(oof_path(run.path(f"trees/{name}/oof/none/seed0"), row["sample"]))[1]
        limit = limits[row["fold"]] or 0.5
        truth = read_label(Path(row["label"]), run.classes)
        total += confusion_matrix(truth, (chance >= limit - 1e-6).astype(np.uint8), 2)
    return score(total, run.classes.names)["iou_water"]


def test_from_files_to_a_page(run: Run, tmp_path: Path) -> None:
    found = compare_with_trees(run)
    files = trees_files(run)
    assert found == read_compared(files["json"])
    assert [kind.name for kind in found.kinds] == ["xgboost", "lightgbm", "forest"]
    for kind in found.kinds:
        assert kind.score.value == pytest.approx(pooled(run, kind.name), abs=2e-3)
        assert kind.score.value > 0.7
        assert kind.network_gain is None
    table = pd.read_parquet(sorted(run.path("trees/table.parquet").glob("*.parquet")))
    rows = trainable(run)
    water = sum((read_bands(Path(p))[0][:-3] == 1).sum() for p in rows["label"])
    assert (table["class"] == 1).sum() == found.table_px_by_class["water"] == water
    assert found.all_px_by_class["land"] == pytest.approx(N * SIDE * SIDE - water, rel=1e-4)
    assert dict(zip(rows["sample"], rows["fold"], strict=True)) == (
        table.astype({"sample": str}).groupby("sample")["fold"].first().to_dict()
    )
    worth = pd.read_csv(run.path(f"trees/{found.best}/importances.csv")).set_index("channel")
    assert worth["worth"].idxmax() == "nir" and abs(worth.loc["noise", "worth"]) < 0.1
    page = files["page"].read_text()
    assert "no network of this run is there to compare" in verdict(found)
    assert "what channels are worth" in page
    assert not re.search(r"(src|href)=.?https?:", page)
    image = Path(rows["image"].iloc[0])
    predict_files(
        files["model"], [image], tmp_path / "maps", PredictOptions(device="cpu", workers=0)
    )
    classes = read_bands(tmp_path / "maps" / image.name)[0]
    truth = read_bands(Path(rows["label"].iloc[0]))[0]
    assert (classes == truth)[:-3].mean() > 0.9
    assert (classes[-3:] == 255).all() or (classes[-3:] < 2).all()


def test_the_model_is_one_booster_of_all_folds_or_those_of_the_folds(
    run: Run, tmp_path: Path
) -> None:
    whole = run.recipe.trees.lightgbm.model_copy(update={"channel_share": 1.0})
    only = run.recipe.trees.model_copy(update={"models": ("lightgbm",), "lightgbm": whole})
    split = run.recipe.split.model_copy(update={"holdout": 0.3})
    run = Run(run.recipe.model_copy(update={"trees": only, "split": split}), run.folder)
    found = compare_with_trees(run)
    (kind,) = found.kinds
    model = run.path("trees/model")
    assert [p.name for p in (model / "members").iterdir()] == [f"fold-1_seed{SEED}.txt"]
    delivered = found.delivered
    assert delivered is not None and delivered.aside is not None
    assert delivered.rounds == sorted(kind.rounds)[1] and delivered.times_faster > 1.5
    assert read_json(model / "model.stac.json")["properties"]["mlm:framework"] == "LightGBM"

    frame = read_samples(run.path("samples.parquet"))
    aside = frame[frame["holdout"]]
    assert len(aside) == delivered.aside.n_samples > 1
    assert delivered.aside.refit == pytest.approx(mapped(run, aside, tmp_path / "refit"))
    averaged = only.model_copy(update={"deliver": "folds"})
    again = compare_with_trees(Run(run.recipe.model_copy(update={"trees": averaged}), run.folder))
    assert again.kinds[0].score == kind.score
    assert {p.name for p in (model / "members").iterdir()} == {
        f"fold{n}_seed{SEED}.txt" for n in range(3)
    }
    assert again.delivered.rounds == sum(kind.rounds) and again.delivered.times_faster is None
    assert delivered.aside.folds == pytest.approx(mapped(run, aside, tmp_path / "folds"))
    assert delivered.aside.difference.value == pytest.approx(
        delivered.aside.refit - delivered.aside.folds
    )

    table = pd.read_parquet(sorted(run.path("trees/table.parquet").glob("*.parquet")))
    assert read_json(run.path("trees/lightgbm/refit.json"))["pixels"] == len(table)
    assert not set(aside["sample"]) & set(table["sample"])


def mapped(run: Run, rows: pd.DataFrame, out: Path) -> float:
    """Make maps with the delivered model and score them."""
    images = [Path(path) for path in rows["image"]]
    predict_files(run.path("trees/model"), images, out, PredictOptions(device="cpu", workers=0))
    total = np.zeros((2, 2), np.int64)
    for row in rows.to_dict("records"):
        classes = read_bands(out / Path(row["image"]).name)[0]
        truth = np.where(classes == 255, 255, read_label(Path(row["label"]), run.classes))
        total += confusion_matrix(truth, classes, 2)
    return score(total, run.classes.names)["iou_water"]


def test_what_is_done_is_taken_up_and_what_changed_is_done_anew(run: Run) -> None:
    only = run.recipe.trees.model_copy(update={"models": ("lightgbm",)})
    run = Run(run.recipe.model_copy(update={"trees": only}), run.folder)
    first = compare_with_trees(run)
    model = run.path("trees/lightgbm/folds/fold1.txt")
    times = {
        p: p.stat().st_mtime_ns
        for p in run.path("trees").rglob("*")
        if p.is_file() and p.suffix in (".parquet", ".tif", ".txt")
    }
    lost = run.path("trees/lightgbm/folds/fold0.json")
    lost.unlink()
    again = compare_with_trees(run)
    assert again.kind("lightgbm").score == first.kind("lightgbm").score
    changed = {p for p, t in times.items() if p.exists() and p.stat().st_mtime_ns != t}
    kept = [p for p in changed if "model" not in p.parts]
    assert {p.name for p in kept} == {"fold0.txt"}
    before = model.read_bytes()
    other = only.model_copy(update={"lightgbm": only.lightgbm.model_copy(update={"leaves": 4})})
    compare_with_trees(Run(run.recipe.model_copy(update={"trees": other}), run.folder))
    assert model.read_bytes() != before
    parquet = [p for p in times if p.suffix == ".parquet"]
    assert parquet and all(p.stat().st_mtime_ns == times[p] for p in parquet)


def test_beside_a_network_both_are_paired(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    only = run.recipe.trees.model_copy(update={"models": ("lightgbm", "forest")})
    run = Run(run.recipe.model_copy(update={"trees": only}), run.folder)

    def stand_in(one: Run, rows: object) -> tuple[object, str]:
        """Take another kind's predictions for the network's."""
        found = work.train_fold, work.predict_fold
        folds = work.Folds(one, trainable(one), work.pixel_table(one, trainable(one)), "mask")
        for fold in range(3):
            found[1](folds, "xgboost", fold, found[0](folds, "xgboost", fold)["key"])
        return trees_judge.judge_kind(folds, "xgboost", rows), ""

    monkeypatch.setattr(work, "network_of", stand_in)
    found = compare_with_trees(run)
    best = found.kind(found.best)
    assert found.network is not None and best.network_gain is not None
    assert best.network_gain.value == pytest.approx(
        found.network.value - best.score.value, abs=1e-9
    )
    assert best.groups_better + best.groups_worse <= found.n_groups == N
    assert "network" in run.path("trees/index.html").read_text()
    assert verdict(found).startswith("iou_water: the network 0.")


def test_a_score_of_heights_is_refused(run: Run) -> None:
    select = run.recipe.select.model_copy(update={"metric": "rmse_height"})
    with pytest.raises(UsageError, match="class masks"):
        compare_with_trees(Run(run.recipe.model_copy(update={"select": select}), run.folder))


def test_labels_of_a_fold_never_reach_its_own_trees(run: Run) -> None:
    only = run.recipe.trees.model_copy(update={"models": ("lightgbm",), "permuted_pixels": 0})
    run = Run(run.recipe.model_copy(update={"trees": only}), run.folder)
    compare_with_trees(run)
    rows = trainable(run)
    before = {n: run.path(f"trees/lightgbm/folds/fold{n}.txt").read_text() for n in range(3)}
    for row in rows[rows["fold"] == 1].to_dict("records"):
        label = read_bands(Path(row["label"]))
        write_raster(Path(row["label"]), 1 - label[0].astype(np.uint8))
    compare_with_trees(run)
    again = trainable(run)
    assert list(again["fold"]) == list(rows["fold"])
    after = {n: run.path(f"trees/lightgbm/folds/fold{n}.txt").read_text() for n in range(3)}
    assert after[1] == before[1]
    assert after[0] != before[0] and after[2] != before[2]
    assert read_json(run.path("trees/lightgbm/folds/fold1.json"))["pixels"] > 0
