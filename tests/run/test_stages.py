"""A stage runs when something that it depends on changed, and at no other time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from landseer.core.files import read_json
from landseer.errors import StageError
from landseer.recipe.schema import Recipe
from landseer.run import runner
from landseer.run.context import Run, locked
from landseer.run.runner import run_stages
from landseer.run.stages import STAGES, VERBS
from landseer.train.config import TrainConfig

Open = Callable[..., Run]

ALL = [
    "samples",
    "audit",
    "split",
    "statistics",
    "look",
    "train",
    "oof",
    "select",
    "calibrate",
    "suspects",
    "model",
    "maps",
    "report",
]
NAMES = {stage.name: stage for stage in STAGES}


@pytest.fixture
def run(open_demo: Open, ran: list[str]) -> Run:
    """Return a run that is up to date."""
    run = open_demo()
    run_stages(run)
    assert ran == ALL
    ran.clear()
    return run


def test_a_second_run_does_nothing(run: Run, ran: list[str]) -> None:
    done = run_stages(run)
    assert ran == []
    assert done == dict.fromkeys(ALL, "up to date") | {"folder": str(run.folder)}


def test_each_verb_goes_as_far_as_its_stage(open_demo: Open, ran: list[str]) -> None:
    for verb, stage in VERBS.items():
        assert list(run_stages(open_demo(), until=verb))[-2] == stage
    assert ran == ALL


CHANGES = {
    "name=other": ["look", "model", "report"],
    "quality.high_corrupted=0.3": ALL[1:],
    "same_place.votes=4": ALL[1:],
    "seed=7": ALL[2:],
    "split.n_folds=3": ALL[2:],
    "weights={kind: balanced}": ALL[2:],
    "inputs.bands=[red]": ALL[3:],
    "inputs.fill=zero": ALL[3:],
    "model.decoder=fpn": ALL[5:],
    "model.slices={size_px: 64}": ALL[5:],
    "loss=[{kind: ce}]": ALL[5:],
    "augment.d4=false": ALL[5:],
    "train.epochs=2": ALL[5:],
    "train.freeze=[{stages: 1}]": ALL[5:],
    "train.optimiser.lr=0.1": ALL[5:],
    "train.seeds=[0, 1]": ALL[5:],
    "train.folds=[0]": ALL[5:],
    "train.monitor=iou_kelp": ALL[5:],
    "select.metric=dice_kelp": ALL[5:],
    "select.tta=[none]": ALL[6:],
    "select.threshold=0.4": ALL[7:],
    "select.weights=fitted": ALL[7:],
    "select.resamples=99": ALL[7:],
    "calibrate.kind=none": ["calibrate", "model", "report"],
    "suspects.score=softmin": ["suspects", "report"],
    "suspects.pictures=3": ["suspects", "report"],
    "maps.tolerance_px=2": ["maps", "report"],
    "maps.window_px=256": ["model", "maps", "report"],
    "report.examples=3": ["look", "report"],
    "train.workers=1": [],
    "train.cache_gb=1": [],
    "train.images=0": [],
    "train.profile=3": [],
    "train.eval_batch_size=2": [],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_key_reruns_what_depends_on_it(
    run: Run, ran: list[str], open_demo: Open, change: str
) -> None:
    run_stages(open_demo(change))
    assert ran == CHANGES[change]
    ran.clear()
    run_stages(open_demo(change))
    assert ran == []


def test_a_key_that_is_changed_back_reruns_the_same(
    run: Run, ran: list[str], open_demo: Open
) -> None:
    run_stages(open_demo("select.threshold=0.4"))
    run_stages(open_demo())
    assert ran == [*ALL[7:], *ALL[7:]]


def test_every_key_of_the_recipe_belongs_to_a_stage_or_changes_nothing() -> None:
    used = {key for stage in STAGES for key in stage.keys}
    parts = {key.split(".")[0] for key in used}
    assert set(Recipe.model_fields) - parts == {
        "landseer", "leak", "mine", "selftrain", "track", "trees", "tune",
    }  # fmt: skip
    train = {key.removeprefix("train.") for key in NAMES["train"].keys if key.startswith("train.")}
    free = {"workers", "cache_gb", "images", "eval_batch_size", "profile"}
    assert set(TrainConfig.model_fields) == train | free


def test_every_input_is_an_output_of_an_earlier_stage() -> None:
    written: set[str] = set()
    for stage in STAGES:
        assert set(stage.inputs) <= written, stage.name
        written |= set(stage.outputs)
    assert [stage.name for stage in STAGES] == ALL


OUTPUTS = [(stage.name, name) for stage in STAGES for name in stage.outputs]


def file_of(run: Run, name: str) -> Path:
    """Return a file that belongs to an output."""
    found = [run.path(name)] if run.path(name).is_file() else sorted(run.folder.glob(name))
    return next(p for p in [*found, *found[0].rglob("*")] if p.is_file())


@pytest.mark.parametrize(("stage", "name"), OUTPUTS)
@pytest.mark.parametrize("how", ["remove", "edit"])
def test_an_output_that_is_touched_reruns_its_stage_alone(
    run: Run, ran: list[str], stage: str, name: str, how: str
) -> None:
    path = file_of(run, name)
    kept = path.read_bytes()
    if how == "remove":
        path.unlink()
    elif path.suffix != ".parquet":
        path.write_bytes(kept[:-1] + b"~")
    else:
        path.write_bytes(kept + b"~")
    done = run_stages(run)
    assert stage in ran
    assert path.read_bytes() == kept
    later = {other for other in ran if other != stage}
    assert all(name in NAMES[other].outputs or name.startswith("oof") for other in later)
    ran.clear()
    assert set(run_stages(run).values()) == {"up to date", done["folder"]}


def test_a_file_touched_without_a_change_reruns_nothing(run: Run, ran: list[str]) -> None:
    for _, name in OUTPUTS:
        os.utime(file_of(run, name))
    run_stages(run)
    assert ran == []


def test_a_moved_run_folder_stays_up_to_date(run: Run, ran: list[str], tmp_path: Path) -> None:
    run.folder.rename(tmp_path / "moved")
    run_stages(replace(run, folder=tmp_path / "moved"))
    assert ran == []


def test_a_changed_data_file_is_listed_and_audited_again(
    run: Run, ran: list[str], data: Path
) -> None:
    (data / "metadata_x.csv").write_text("tile_id\n")
    run_stages(run)
    assert ran == ["samples", "audit"]
    ran.clear()
    os.utime(data / "test_satellite/c_satellite.tif", (1, 1))
    run_stages(run)
    assert ran == ["samples", "audit"]


@pytest.mark.parametrize(
    "name", ["train_satellite/a_satellite.tif", "train_kelp/b_kelp.tif"], ids=["image", "label"]
)
def test_a_changed_training_file_reruns_all_that_reads_it(
    run: Run, ran: list[str], data: Path, name: str
) -> None:
    os.utime(data / name, (1, 1))
    run_stages(run)
    unread = {"split", "model", "report"}
    assert ran == [stage for stage in ALL if stage not in unread]


def test_a_run_folder_inside_the_data_does_not_disturb(
    ran: list[str], open_demo: Open, data: Path
) -> None:
    run = replace(open_demo(), folder=data / "runs" / "demo")
    run.folder.mkdir(parents=True)
    run_stages(run)
    other = replace(run, folder=data / "runs" / "other")
    other.folder.mkdir()
    run_stages(other)
    ran.clear()
    run_stages(run)
    run_stages(other)
    assert ran == []


def break_stage(monkeypatch: pytest.MonkeyPatch, name: str, function: Callable[[Run], Any]) -> None:
    """Let a stage do something else."""
    stages = tuple(
        replace(stage, function=function) if stage.name == name else stage
        for stage in runner.STAGES
    )
    monkeypatch.setattr(runner, "STAGES", stages)


@pytest.mark.parametrize("end", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_stage_that_dies_leaves_no_stamp_and_goes_on_next_time(
    open_demo: Open, ran: list[str], monkeypatch: pytest.MonkeyPatch, end: type[BaseException]
) -> None:
    run = open_demo()

    def die(run: Run) -> None:
        run.path("folds").mkdir()
        run.path("folds/members.json").write_text("half of it")
        raise end

    with monkeypatch.context() as patch:
        break_stage(patch, "train", die)
        with pytest.raises(end):
            run_stages(run)
    assert not run.path(".stages/train.json").exists()
    assert ran == ALL[:5]
    run_stages(run)
    assert ran == ALL


def test_a_stage_that_dies_on_a_change_runs_again_when_the_change_is_taken_back(
    run: Run, ran: list[str], open_demo: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        break_stage(patch, "train", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_stages(open_demo("train.epochs=9"))
    ran.clear()
    run_stages(open_demo())
    assert ran == ["train"]


def test_a_stage_that_writes_nothing_is_found_out(
    open_demo: Open, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    break_stage(monkeypatch, "train", lambda _: None)
    with pytest.raises(StageError, match=r"stage train to write folds/members.json, folds/\*/best"):
        run_stages(open_demo())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": 1}'])
def test_a_damaged_stamp_is_as_good_as_none(run: Run, ran: list[str], text: str) -> None:
    run.path(".stages/select.json").write_text(text)
    run.path(".hashes.json").write_text(text)
    run_stages(run)
    assert ran == ["select"]


def test_a_stamp_says_when_and_how_long(run: Run) -> None:
    stamp = read_json(run.path(".stages/train.json"))
    assert stamp["stage"] == "train"
    assert stamp["seconds"] >= 0
    assert set(stamp["outputs"]) == set(NAMES["train"].outputs)


def test_an_unknown_verb_is_refused(run: Run) -> None:
    with pytest.raises(StageError, match=r"expected one of the stages samples, .*; got 'dance'"):
        run_stages(run, until="dance")


def test_two_at_once_are_refused(run: Run, ran: list[str], open_demo: Open) -> None:
    kept = run.path("recipe.yaml").read_text()
    with locked(run), pytest.raises(StageError, match=f"holds \\(process {os.getpid()} on ") as e:
        run_stages(open_demo("train.epochs=9"))
    assert e.value.where == str(run.folder)
    assert "--out" in e.value.do
    assert run.path("recipe.yaml").read_text() == kept
    run_stages(run)
    assert ran == []


def test_another_process_is_refused_and_the_lock_goes_when_it_is_killed(run: Run) -> None:
    code = (
        "import fcntl, sys, time\n"
        f"file = open({str(run.path('.lock'))!r}, 'a+')\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(StageError, match="another process holds"):
            run_stages(run)
        process.kill()
        process.wait()
    run_stages(run)


def test_the_recipe_of_the_run_is_the_one_that_ran(run: Run, open_demo: Open) -> None:
    run_stages(open_demo("train.epochs=9"), until="samples")
    assert "  epochs: 9\n" in run.path("recipe.yaml").read_text()
