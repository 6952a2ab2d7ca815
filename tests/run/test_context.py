"""The run folder: made where it may be, and held by one process."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from landseer.core.files import write_json
from landseer.errors import WriteError
from landseer.run import report_stage
from landseer.run.context import Run, keep_recipe, locked, open_run
from landseer.run.track_record import stage_seconds

Open = Callable[..., Run]


def test_the_folder_is_runs_name_unless_another_is_given(
    open_demo: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = open_demo().recipe
    assert open_run(recipe).folder == Path("runs/demo")
    assert Path("runs/demo").is_dir()
    assert open_run(recipe, tmp_path / "x").folder == tmp_path / "x"


def test_a_folder_that_cannot_be_made_is_named(open_demo: Open, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WriteError, match="expected a run folder that can be made") as caught:
        open_run(open_demo().recipe, tmp_path / "file" / "run")
    assert caught.value.where == str(tmp_path / "file" / "run")
    with pytest.raises(WriteError), locked(Run(open_demo().recipe, tmp_path / "none")):
        pass


def test_who_takes_the_folder_clears_what_killed_processes_left(open_demo: Open) -> None:
    run = open_demo()
    weights = run.path("folds/fold0/seed0/last.safetensors")
    left, fresh = (weights.with_name(f".{weights.name}.{x * 8}.safetensors") for x in "ab")
    weights.parent.mkdir(parents=True)
    for path in (weights, left, fresh):
        path.touch()
    for path in (weights, left):
        os.utime(path, (0, 0))
    with locked(run):
        assert sorted(weights.parent.iterdir()) == [fresh, weights]


def test_half_a_stamp_of_a_killed_process_is_none(open_demo: Open) -> None:
    run = open_demo()
    write_json(run.path(".stages/audit.json"), {"seconds": 2.0})
    run.path(".stages/.audit.json.abcdefgh.json").touch()
    assert report_stage._seconds(run) == stage_seconds(run) == {"audit": 2.0}


def test_the_recipe_is_written_once(open_demo: Open) -> None:
    run = open_demo()
    keep_recipe(run)
    before = run.path("recipe.yaml").stat()
    keep_recipe(run)
    after = run.path("recipe.yaml").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_values_of_the_recipe_are_plain(open_demo: Open) -> None:
    run = open_demo()
    assert run.recipe_value("split.n_folds") == 2
    assert run.recipe_value("split")["kind"] == "group_kfold"
    assert run.recipe_value("train.epochs") == 1
    assert run.recipe_value("inputs.bands") == ["red", "nir"]
    assert [band.name for band in run.bands][:2] == ["swir", "nir"]
    assert run.classes.names == ("background", "kelp")
