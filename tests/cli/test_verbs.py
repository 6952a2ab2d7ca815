"""Verbs on tiny data: what they print, as text and as one JSON object."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from landseer.cli import score as score_verb
from landseer.cli import submit as submit_verb
from landseer.cli import synth as synth_verb
from landseer.core.files import write_json
from landseer.predict.options import Failure, PredictOptions, PredictSummary
from landseer.raster.write import write_raster
from landseer.submit import METRICS, SUBMITTERS
from landseer.synth import SYNTHS

Landseer = Callable[..., Any]


@pytest.fixture
def recipe(landseer: Landseer, data: Path) -> Path:
    """Return the kelp recipe for the data."""
    answer = landseer("init", "kelp", "--data", data, "-o", "kelp.yaml", "--name", "demo")
    assert (answer.code, answer.out) == (0, "kelp.yaml: now `landseer run kelp.yaml`\n")
    return Path("kelp.yaml")


def test_init_does_not_write_over_a_recipe(landseer: Landseer, recipe: Path, data: Path) -> None:
    answer = landseer("init", "kelp", "--data", data)
    assert answer.code == 2
    assert "expected a new file, got one that exists" in answer.err
    answer = landseer("init", "kelp", "--data", data, "--force", "--json")
    assert answer.json == {"recipe": "kelp.yaml", "task": "kelp"}


def test_check_prints_the_resolved_recipe_which_checks_again(
    landseer: Landseer, recipe: Path, data: Path
) -> None:
    answer = landseer("check", recipe, "train.epochs=7")
    assert answer.code == 0
    assert "\n  epochs: 7\n" in answer.out
    Path("again.yaml").write_text(answer.out)
    assert landseer("check", "again.yaml").out == answer.out
    assert landseer("check", "again.yaml", "--json").json["data"]["root"] == str(data)


def test_advice_comes_first(landseer: Landseer, recipe: Path) -> None:
    """What is allowed but seldom meant is said by `check`, and by a stage before it starts."""
    odd = ("model.slices={size_px: 64}", "augment.crop_px=32")
    said = "recipe: augment.crop_px: expected 64, the size of model.slices; training sees crops of 32 px\n"
    answer = landseer("check", recipe, *odd)
    assert (answer.code, answer.err) == (0, said) and "recipe: " not in answer.out
    assert landseer("samples", recipe, *odd).err.startswith(f"{said}samples …\n")
    assert landseer("check", recipe).err == ""


def test_check_lists_every_error(landseer: Landseer, recipe: Path) -> None:
    answer = landseer("check", recipe, "train.epochs=0", "spilt=1")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines()[0] == "landseer: the recipe has 2 errors"


def test_a_stage_runs_once_and_in_a_run_folder_again(
    landseer: Landseer, recipe: Path, tmp_path: Path
) -> None:
    answer = landseer("samples", recipe, "--json")
    assert answer.code == 0, answer.err
    assert answer.json["folder"] == "runs/demo"
    assert answer.json["samples"].startswith("done in ")
    assert answer.err.startswith("samples …\n")
    for arguments in (["samples", recipe], ["samples", "runs/demo"]):
        answer = landseer(*arguments)
        assert answer.out.splitlines()[0] == "samples  up to date"
    Path("runs/demo").rename("moved")
    assert landseer("samples", "moved", "--json").json == {
        "samples": "up to date",
        "folder": "moved",
    }
    assert not (tmp_path / "runs" / "demo").exists()


def test_a_run_ends_with_its_honest_score(
    landseer: Landseer, recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = {"value": 0.61234, "low": None, "high": 0.7, "level": 0.95, "counts": "all pixels"}

    def run_stages(run: Any, until: str) -> dict[str, Any]:
        write_json(run.path("selection.json"), {"metric": "dice_kelp", "crossfit": figures})
        return {"select": "up to date", "folder": str(run.folder)}

    runner = types.SimpleNamespace(run_stages=run_stages)
    monkeypatch.setitem(sys.modules, "landseer.run.runner", runner)
    assert landseer("run", recipe, "--json").json == {
        "select": "up to date",
        "folder": "runs/demo",
        "score": {"metric": "dice_kelp", **figures},
        "model": "runs/demo/model",
        "report": "runs/demo/report/index.html",
    }
    assert landseer("run", recipe).out.splitlines()[2] == (
        "score   dice_kelp 0.6123 (undefined to 0.7000 at 95%; all pixels)"
    )


def test_submit_packs_and_draws(landseer: Landseer, recipe: Path, data: Path) -> None:
    assert landseer("samples", recipe).code == 0
    Path("runs/demo/audit/listed.parquet").rename("runs/demo/samples.parquet")
    arguments = ["submit", "kelp", data / "truth", "--samples", "runs/demo", "-o", "s/x.tar"]
    answer = landseer(*arguments, "--preview", 1)
    assert answer.code == 0, answer.err
    assert answer.out.splitlines() == [
        "s/x.tar: 2 masks, 300 kelp pixels, 0 without kelp, 0 pixels outside the data written as 0",
        "preview: s/x_preview.png",
    ]
    assert Path("s/x_preview.png").stat().st_size > 1000
    assert landseer(*arguments, "--json").json == {
        "path": "s/x.tar",
        "n_files": 2,
        "n_positive_pixels": 300,
        "n_filled_pixels": 0,
        "n_empty": 0,
        "thing": "kelp",
    }
    answer = landseer("score", "s/x.tar", data / "truth", "--metric", "kelp-dice")
    assert answer.out.splitlines()[0].split() == ["kelp-dice", "1"]


def test_submit_says_what_it_lacks(landseer: Landseer, recipe: Path, data: Path) -> None:
    answer = landseer("submit", "kelp", data / "truth", "--samples", "none", "-o", "x.tar")
    assert answer.code == 2
    assert "expected a run folder or a sample table; got neither" in answer.err
    assert landseer("submit", "kelb", "p", "--samples", "s", "-o", "x.tar").code == 2
    landseer("samples", recipe)
    Path("runs/demo/audit/listed.parquet").rename("table.parquet")
    arguments = ("--samples", "table.parquet", "-o", "x.tar")
    answer = landseer("submit", "kelp", data / "truth", *arguments, "--preview", 2)
    assert "expected a run folder, whose recipe names bands and classes" in answer.err
    assert not Path("x.tar").exists()
    answer = landseer("submit", "kelp", data / "train_kelp", *arguments)
    assert answer.code == 1
    assert "expected one mask _kelp.tif for each of 2 test ids" in answer.err


def test_score_says_what_it_counts(landseer: Landseer, data: Path) -> None:
    truth = np.zeros((10, 10), np.uint8)
    truth[:5] = 1
    prediction = truth.copy()
    prediction[4], prediction[9] = 0, 255
    write_raster(Path("t/a.tif"), truth)
    write_raster(Path("p/a.tif"), prediction)
    answer = landseer("score", "p", "t", "--metric", "kelp-dice")
    assert answer.out.splitlines() == [
        "kelp-dice                      0.8889",
        "counts                         Dice of class 1, all pixels pooled",
        "files                          1",
        "pixels                         100",
        "outside the prediction's data  10",
    ]
    found = landseer("score", "p", "t", "--metric", "kelp-dice", "--json").json
    assert found == {
        "metric": "kelp-dice",
        "value": pytest.approx(8 / 9),
        "counts": "Dice of class 1, all pixels pooled",
        "n_files": 1,
        "n_pixels": 100,
        "n_outside": 10,
    }
    write_raster(Path("t/a.tif"), np.zeros((10, 10), np.uint8))
    write_raster(Path("p/a.tif"), np.zeros((10, 10), np.uint8))
    assert landseer("score", "p", "t", "--metric", "kelp-dice", "--json").json["value"] is None
    assert "undefined" in landseer("score", "p", "t", "--metric", "kelp-dice").out
    assert landseer("score", "p", "t", "--metric", "dise").code == 2
    assert landseer("score", "p", "nowhere", "--metric", "dice").code == 1


def test_helps_list_what_there_is() -> None:
    assert score_verb.METRICS == tuple(METRICS)
    assert submit_verb.CONTESTS == tuple(SUBMITTERS)
    assert synth_verb.TASKS == tuple(SYNTHS)


@pytest.mark.parametrize(("failures", "code"), [((), 0), ((Failure(Path("b.tif"), "no"),), 1)])
def test_predict_passes_options_on_and_fails_with_its_files(
    landseer: Landseer, monkeypatch: pytest.MonkeyPatch, failures: Any, code: int
) -> None:
    seen: list[Any] = []

    def predict_files(*arguments: Any) -> PredictSummary:
        seen[:] = arguments
        return PredictSummary(Path("out"), 3, 1, failures, 2_000_000, 4.0)

    monkeypatch.setattr("landseer.predict.predict_files", predict_files)
    arguments = ["predict", "model", "a.tif", "b*", "-o", "out", "--batch", 2, "--strict"]
    answer = landseer(*arguments)
    assert answer.code == code
    assert answer.out.splitlines() == [
        f"3 maps written to out, 1 kept, {len(failures)} failed (4.0 s on cpu, 0.50 Mpx/s)",
        *(["  b.tif: no"] if failures else []),
    ]
    assert seen == [
        Path("model"),
        ["a.tif", "b*"],
        Path("out"),
        PredictOptions(batch=2, strict=True),
    ]
    answer = landseer(*arguments, "--json")
    assert (answer.code, answer.json["written"]) == (code, 3)
    assert answer.json["failed"] == {str(failure.path): "no" for failure in failures}


def test_wrong_options_are_listed_by_their_names(landseer: Landseer) -> None:
    answer = landseer("predict", "m", "a", "-o", "o", "--batch", 0, "--window-px", 0)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines() == [
        "landseer: --window-px: expected a number of at least 1; got 0",
        "  --batch: expected a number of at least 1; got 0",
    ]
    answer = landseer("predict", "m", "a", "-o", "o", "--overlap-px", 900)
    assert answer.err == (
        "landseer: expected overlap_px of at most half of window_px (1024); got 900\n"
    )


def test_synth_makes_a_data_set_once(landseer: Landseer) -> None:
    arguments = ["synth", "kelp", "out", "--train", 1, "--test", 1, "--places", 2, "--workers", 0]
    answer = landseer(*arguments, "--size-px", 32)
    assert answer.code == 0, answer.err
    assert answer.out.startswith("out: made; 1 training and 1 test tiles of 2 places\n")
    answer = landseer(*arguments, "--size-px", 32)
    assert answer.out.startswith("out: was already there, nothing written; 1 training")
    found = landseer(*arguments, "--size-px", 32, "--json").json
    assert (found["root"], found["n_train"], found["made"]) == ("out", 1, False)
    assert landseer(*arguments, "--size-px", 64).code == 1
    assert landseer(*arguments, "--size-px", 1).code == 2
