"""The stages `suspects` and `report` of a run without class labels, and the verb, on files made here."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from landseer.cli.suspects import HEADS
from landseer.core.files import read_json, write_json
from landseer.predict.oof import numbers_path, oof_path
from landseer.raster.write import write_raster
from landseer.recipe.load import load_recipe
from landseer.run.calibrate_stage import calibrate_probabilities
from landseer.run.choose_stage import choose
from landseer.run.context import Run, keep_recipe, open_run
from landseer.run.data_stages import audit, list_samples
from landseer.run.held_out import held_out_trial, reference_paths
from landseer.run.report_stage import write_report
from landseer.run.suspects_stage import write_suspects
from landseer.samples.table import read_samples, write_samples

SIDE, N, LOST = 48, 12, 4
RECIPE = """\
name: views
data:
  adapter: folder
  root: data
  images: images/*.tif
  bands: [{name: red}, {name: green}, {name: blue}]
  values:
    - {name: agl, files: agl/*.tif, unit: m, minimum: 0}
  numbers:
    - {name: angle, table: numbers.csv, column: angle, kind: angle}
    - {name: scale, table: numbers.csv, column: scale, unit: px/m}
same_place: {method: none}
split: {kind: group_kfold, n_folds: 2}
inputs: {bands: [red, green, blue]}
model: {encoder: resnet18, weights: none}
targets:
  agl: {quantity: height, loss: [{kind: huber, delta: 5}]}
  direction: {quantity: direction, reference: angle, head: {kind: pooled}, loss: [{kind: cosine}]}
  scale: {quantity: flow_scale, head: {kind: pooled}, loss: [{kind: huber}]}
select: {metric: geopose_r2, tta: none, resamples: 20}
suspects: {pictures: 2, edge_px: 1}
report: {examples: 1, contact_sheet: 2, groups: 1}
"""


def truth_of(i: int) -> np.ndarray:
    truth = np.zeros((SIDE, SIDE), np.float32)
    truth[6:24, 4 + i : 20 + i] = 8
    truth[30:42, 20:40] = 5
    return truth


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Write data whose fifth reference lacks a block, predictions, and what was chosen on them."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    rows = ["sample,angle,scale"]
    for i in range(N):
        name, truth = f"s{i:02d}", truth_of(i)
        image = 60 + 12 * truth + rng.normal(0, 4, (3, SIDE, SIDE))
        write_raster(Path(f"data/images/{name}.tif"), np.clip(image, 1, 255).astype(np.uint8))
        known = truth.copy()
        if i == LOST:
            known[30:42, 20:40] = 0
        write_raster(Path(f"data/agl/{name}.tif"), known)
        rows.append(f"{name},{0.3 * i:.3f},{0.8 + 0.02 * i:.3f}")
    Path("data/numbers.csv").write_text("\n".join(rows) + "\n")
    Path("views.yaml").write_text(RECIPE)
    run = open_run(load_recipe(Path("views.yaml")), tmp_path / "run")
    keep_recipe(run)
    list_samples(run)
    audit(run)
    frame = read_samples(run.path("audit/audited.parquet"))
    write_samples(
        run.path("samples.parquet"), frame.assign(fold=np.arange(N) % 2, holdout=False, weight=1.0)
    )
    for i in range(N):
        said = ndimage.gaussian_filter(truth_of(i), 1) + rng.normal(0, 0.2, (SIDE, SIDE))
        folder, turned = run.path("oof/none/seed0"), 0.3 * i + rng.normal(0, 0.05)
        write_raster(oof_path(folder, f"s{i:02d}", "agl"), said[None].astype(np.float32))
        numbers = {"direction": [math.sin(turned), math.cos(turned)], "scale": [0.8 + 0.021 * i]}
        write_json(numbers_path(folder, f"s{i:02d}"), numbers)
    choose(run)
    return run


def test_references_are_ranked_and_drawn(run: Run) -> None:
    write_suspects(run)
    with run.path("audit/suspects.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert set(HEADS) <= rows[0].keys()
    assert (rows[0]["sample"], rows[0]["exclude"], rows[0]["proposed"]) == (
        f"s{LOST:02d}",
        "",
        "yes",
    )
    assert rows[0]["reason"].startswith("agl lower than predicted: 0 m where ")
    assert rows[0]["label"].endswith(f"data/agl/s{LOST:02d}.tif")
    pictures = sorted(run.path("audit/suspects").glob("*.png"))
    assert pictures[0].name == f"001_s{LOST:02d}.png" and len(pictures) == min(2, len(rows))
    with Image.open(pictures[0]) as picture:
        assert picture.width > 3 * 384
        colours = {tuple(c) for c in np.asarray(picture.convert("RGB")).reshape(-1, 3)}
    assert (255, 47, 192) in colours
    evidence = read_json(run.path("audit/suspects/evidence.json"))
    assert (evidence["kind"], evidence["samples"], evidence["tta"]) == ("values", N, "none")


def test_the_report_follows(run: Run) -> None:
    write_suspects(run)
    calibrate_probabilities(run)
    write_json(run.path("audit/proof.json"), {})
    write_json(run.path("statistics.json"), {"channels": {}})
    members = [
        {"member": f"fold{fold}_seed0", "epoch": 0, "score": 0.5, "n_train": 6, "n_held_out": 6, "counts": {}}
        for fold in range(2)
    ]  # fmt: skip
    write_json(run.path("folds/members.json"), members)
    for member in members:
        path = run.path(f"folds/{member['member']}/metrics.csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("epoch,seconds,monitor,train/loss,train/loss_agl\n0,1,0.5,2,2\n")
    write_report(run)
    text = run.path("report/index.html").read_text(encoding="utf-8")
    assert '<section id="values">' in text and '<section id="rectified">' in text
    assert f"1 · s{LOST:02d}" in text
    assert len(text) < 1_000_000


def test_held_out_samples_and_where_references_lie(run: Run) -> None:
    trial, held = held_out_trial(run)
    assert held.samples == tuple(f"s{i:02d}" for i in range(N))
    assert set(trial.specs) == {"agl", "direction", "scale"}
    frame = read_samples(run.path("samples.parquet")).set_index("sample")
    paths = reference_paths(run, frame)
    assert set(paths["s03"]) == {"agl"}
    assert Path(paths["s03"]["agl"]).name == "s03.tif"
    frame.loc["s03", "ref_agl"] = None
    assert reference_paths(run, frame)["s03"] == {}


def test_settings_of_regions_count(run: Run) -> None:
    write_suspects(run)
    first = json.loads(run.path("audit/suspects/evidence.json").read_text())
    changed = open_run(
        load_recipe(Path("views.yaml"), ["suspects.region_px=2000", "suspects.pictures=0"]),
        run.folder,
    )
    write_suspects(changed)
    with run.path("audit/suspects.csv").open(encoding="utf-8", newline="") as file:
        assert all(int(row["region_px"]) == 0 for row in csv.DictReader(file))
    assert list(run.path("audit/suspects").glob("*.png")) == []
    assert first["region_px"] == 9
