"""The stage `suspects`, its verb, and exclusions by hand, on files made here."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from landseer.core.classes import ClassTable
from landseer.core.files import read_json
from landseer.errors import DataError, RecipeError, StageError
from landseer.raster.write import write_raster
from landseer.recipe.load import load_recipe
from landseer.run.context import Run, open_run
from landseer.run.data_stages import audit, list_samples
from landseer.run.decisions import audit_files
from landseer.run.runner import run_stages
from landseer.run.suspects_stage import write_suspects
from landseer.samples.table import read_samples, write_samples
from landseer.select.choose import select
from landseer.select.config import SelectConfig
from landseer.select.suspects import read_suspects

SIDE, N = 48, 8
RECIPE = """\
name: demo
data:
  adapter: folder
  root: data
  images: images/*.tif
  labels: labels/*.tif
  bands: [{name: red, index: 1}, {name: nir, index: 2}]
  classes: [{name: sea, value: 0}, {name: kelp, value: 1}]
quality:
  figures: {kelp_dark: {of: kelp, where: nir < 500}}
  suspects: [{name: kelp in the dark, where: kelp_dark_pct > 0.9}]
split: {kind: group_kfold, n_folds: 2}
inputs: {bands: [red, nir]}
model: {encoder: resnet18, weights: none}
suspects: {pictures: 2}
"""
CLASSES = ClassTable(("sea", "kelp"), (0, 1))
Open = Callable[..., Run]


def truth_of(number: int) -> np.ndarray:
    truth = np.zeros((SIDE, SIDE), np.uint8)
    truth[4 + 3 * number : 20 + 3 * number, 8:30] = 1
    return truth


def label_of(number: int) -> np.ndarray:
    """Sample 0 has the label upside down, sample 5 none at all, sample 1 is one row off."""
    truth = truth_of(number)
    return {0: truth[::-1], 5: 0 * truth, 1: np.roll(truth, 1, axis=0)}.get(number, truth)


@pytest.fixture
def open_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Write images and labels; return a function that opens the run with overrides."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for number in range(N):
        nir = 400 + 600 * (truth_of(number) > 0) + rng.integers(0, 30, (SIDE, SIDE))
        image = np.stack([rng.integers(90, 110, (SIDE, SIDE)), nir]).astype(np.int16)
        write_raster(tmp_path / f"data/images/s{number}.tif", image)
        write_raster(
            tmp_path / f"data/labels/s{number}.tif", np.ascontiguousarray(label_of(number))
        )
    (tmp_path / "demo.yaml").write_text(RECIPE)
    return lambda *overrides: open_run(
        load_recipe(tmp_path / "demo.yaml", ["same_place.method=none", *overrides]),
        tmp_path / "run",
    )


@pytest.fixture
def held(open_made: Open, tmp_path: Path) -> Open:
    """Also write the sample table, predictions of two seeds, and what was chosen on them."""
    run = open_made("quality.suspects=[]", "train.seeds=[0, 1]")
    list_samples(run)
    audit(run)
    frame = read_samples(run.path("audit/audited.parquet"))
    frame = frame.assign(fold=np.arange(N) % 2, holdout=False, weight=1.0)
    write_samples(run.path("samples.parquet"), frame)
    rng = np.random.default_rng(1)
    folders = {seed: run.path(f"oof/none/seed{seed}") for seed in (0, 1)}
    for folder in folders.values():
        for number in range(N):
            noise = rng.normal(0, 0.02, (SIDE, SIDE))
            share = np.clip(0.05 + 0.9 * truth_of(number) + noise, 0, 1)
            write_raster(folder / f"s{number}.tif", np.rint(share[None] * 65535).astype(np.uint16))
    config = SelectConfig(metric="dice_kelp", resamples=20, workers=1)
    selection = select(frame, {"none": folders}, CLASSES, config)
    selection.write(run.path("selection.json"))
    return lambda *overrides: open_made("train.seeds=[0, 1]", *overrides)


def rows_of(run: Run, name: str) -> list[dict[str, str]]:
    with run.path(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_wrong_labels_come_first_and_nothing_is_decided(held: Open) -> None:
    run = held()
    write_suspects(run)
    rows = rows_of(run, "audit/suspects.csv")
    assert [row["sample"] for row in rows] == ["s5", "s0"]
    assert {row["exclude"] for row in rows} == {""}
    assert [row["proposed"] for row in rows] == ["yes", "yes"]
    assert (rows[0]["given"], rows[0]["predicted"], rows[0]["region_px"]) == ("sea", "kelp", "352")
    assert rows[0]["reason"] == "label says sea, predictions kelp: 352 px in wrong regions"
    evidence = read_json(run.path("audit/suspects/evidence.json"))
    assert evidence["expected"] == pytest.approx(1.8, abs=0.15)
    assert (evidence["samples"], evidence["members"], evidence["tta"]) == (N, 2, "none")
    total = N * SIDE * SIDE
    assert np.sum(evidence["estimated"]) == pytest.approx(total, abs=1)
    pictures = sorted(p.name for p in run.path("audit/suspects").glob("*.png"))
    assert pictures == ["001_s5.png", "002_s0.png"]


def test_fewer_suspects_leave_no_picture_behind(held: Open) -> None:
    write_suspects(held())
    run = held("suspects.pictures=1", "suspects.score=softmin", "suspects.most=1")
    write_suspects(run)
    assert [p.name for p in run.path("audit/suspects").glob("*.png")] == ["001_s5.png"]
    assert len(read_suspects(run.folder).table) == 1
    run = held("suspects.pictures=0", "suspects.edge_px=20")
    write_suspects(run)
    assert read_suspects(run.folder).table.empty
    assert list(run.path("audit/suspects").glob("*.png")) == []


def test_without_predictions_the_stage_says_what_to_do(held: Open) -> None:
    run = held()
    shutil.rmtree(run.path("oof"))
    with pytest.raises(StageError, match="expected out-of-fold predictions") as caught:
        write_suspects(run)
    assert "landseer train" in caught.value.do


def test_a_formula_over_a_class_makes_a_rule(open_made: Open) -> None:
    run = open_made()
    list_samples(run)
    audit(run)
    assert rows_of(run, "audit/exclusions.csv") == [
        {"sample": "s0", "exclude": "yes", "reason": "kelp in the dark", "by": "rule"}
    ]


def test_a_person_has_the_last_word(open_made: Open, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("sample,exclude,reason\ns0,no,\ns5,yes,nothing drawn\n")
    run = open_made("quality.exclusions=mine.csv")
    list_samples(run)
    audit(run)
    frame = read_samples(run.path("audit/audited.parquet")).set_index("sample")
    assert frame["excluded"].dropna().to_dict() == {"s5": "nothing drawn"}
    findings = pd.read_csv(run.path("audit/findings.csv"), dtype=str).set_index("sample")
    assert findings.loc["s0", "action"] == "kept by hand"
    assert findings.loc["s5", "what"] == "left out by hand"
    assert [(r["sample"], r["exclude"], r["by"]) for r in rows_of(run, "audit/exclusions.csv")] == [
        ("s0", "no", "rule"),
        ("s5", "yes", "hand"),
    ]


def test_a_wrong_row_stops_the_audit_before_it_reads_a_file(
    open_made: Open, tmp_path: Path
) -> None:
    (tmp_path / "mine.csv").write_text("sample,exclude\ns00,yes\n")
    run = open_made("quality.exclusions=mine.csv")
    list_samples(run)
    for path in (tmp_path / "data/images").iterdir():
        path.write_bytes(b"")
    with pytest.raises(DataError, match=r"line 2, column sample: there is no 's00'; did you mean"):
        audit(run)


def test_the_run_s_own_file_is_no_place_for_decisions(open_made: Open) -> None:
    run = open_made()
    list_samples(run)
    audit(run)
    run = open_made(f"quality.exclusions={run.path('audit/exclusions.csv')}")
    with pytest.raises(RecipeError, match="got one that this run writes anew") as caught:
        audit(run)
    assert "copy it out" in caught.value.do


def test_a_file_of_decisions_must_be_there(open_made: Open) -> None:
    with pytest.raises(
        RecipeError, match="expected a CSV with the columns sample, exclude, reason"
    ):
        open_made("quality.exclusions=nowhere.csv")


def test_figures_are_checked_before_any_work(open_made: Open) -> None:
    with pytest.raises(RecipeError) as caught:
        open_made("quality.figures={x: {of: kelb, where: nirr < 1}}")
    assert "kelb" in str(caught.value)
    assert "nirr" in str(caught.value)
    with pytest.raises(RecipeError):
        open_made("quality.figures={'a b': {of: kelp, where: nir < 1}}")


def test_a_changed_decision_is_a_reason_to_audit_again(open_made: Open, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("sample,exclude\ns0,no\n")
    run = open_made("quality.exclusions=mine.csv")
    before = audit_files(run)
    os.utime(mine, (1, 1))
    assert audit_files(run) == before
    mine.write_text("sample,exclude\ns0,yes\n")
    assert audit_files(run) != before


def test_the_audit_runs_again_when_the_file_changes(open_made: Open, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("sample,exclude\ns0,no\n")
    run = open_made("quality.exclusions=mine.csv")
    assert run_stages(run, until="split")["audit"].startswith("done")
    assert run_stages(run, until="split")["audit"] == "up to date"
    mine.write_text("sample,exclude\ns0,yes\n")
    done = run_stages(run, until="split")
    assert (done["samples"], done["audit"][:4], done["split"][:4]) == ("up to date", "done", "done")
    assert read_samples(run.path("samples.parquet"))["excluded"].notna().sum() == 1
