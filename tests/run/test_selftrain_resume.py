"""Self-training that was stopped goes on to the same bytes; its stages, mixing and bars, in a small world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from landseer.errors import DataError, RecipeError, UsageError
from landseer.run import model_stages
from landseer.run.mine import mine
from landseer.run.selftrain import find_candidates, self_train, student_recipe

from .selftrain_world import copy_of, open_small, without_page


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all that must not depend on when a run was stopped."""
    kept = ("*.tif", "chosen.csv", "sureness.csv", "best.safetensors")
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for pattern in kept
        for path in sorted(folder.rglob(pattern))
    }


@pytest.mark.gpu
def test_a_stopped_self_training_goes_on_to_the_same_bytes(
    tmp_path: Path, small_round: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_page(monkeypatch)
    options = ("selftrain.student={model.dropout: 0.1}", "selftrain.warm_start=true")
    whole = self_train(copy_of(small_round, tmp_path, "whole", *options))
    stopped = copy_of(small_round, tmp_path, "stopped", *options)

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(model_stages, "fit_member", stop)
        with pytest.raises(KeyboardInterrupt):
            self_train(stopped)
    labels = stopped.path("selftrain/round1/labels/fold0")
    lost = min(labels.glob("*.tif"))
    lost.unlink()
    again = self_train(stopped)
    assert lost.exists()
    assert files_of(tmp_path / "whole") == files_of(tmp_path / "stopped")
    assert [one.score for one in again.rounds] == [one.score for one in whole.rounds]
    assert again.rounds[1].gain == whole.rounds[1].gain
    start = stopped.path("selftrain/round1/labels/start/fold0_seed0.safetensors")
    assert start.read_bytes() == stopped.path("folds/fold0_seed0/best.safetensors").read_bytes()


def test_students_differ_from_the_run_only_where_the_recipe_says(tmp_path: Path) -> None:
    run = open_small(tmp_path, "selftrain.student={model.dropout: 0.25, train.epochs: 7}")
    student = student_recipe(run.recipe, 2)
    assert (student.name, student.model.dropout, student.train.epochs) == ("small-round2", 0.25, 7)
    back = student.model_dump()
    back["name"], back["model"]["dropout"], back["train"]["epochs"] = "small", 0.0, 1
    assert back == run.recipe.model_dump()
    wrong = open_small(tmp_path, "selftrain.student={model.no_such_key: 1}")
    with pytest.raises(RecipeError, match="no_such_key"):
        student_recipe(wrong.recipe, 1)


def test_what_cannot_teach_is_said_before_anything_is_trained(
    tmp_path: Path, small_round: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_page(monkeypatch)
    nobody = copy_of(small_round, tmp_path, "run", "selftrain.unlabelled.test=false")
    with pytest.raises(DataError, match="may teach fold 0; got none"):
        self_train(nobody)
    judging = copy_of(small_round, tmp_path, "run", "selftrain.unlabelled.weak={sample: [p00]}")
    with pytest.raises(UsageError, match="to judge no fold"):
        find_candidates(judging)
    unsure = copy_of(small_round, tmp_path, "run", "selftrain.pick.probability_at_least=1.0")
    with pytest.raises(DataError, match="sure enough to teach fold 0"):
        self_train(unsure)
    with pytest.raises(RecipeError, match="agrees with itself"):
        copy_of(small_round, tmp_path, "run", "selftrain.pick.disagreement_at_most=0.1")


def test_what_the_sample_table_tells_is_said_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_page(monkeypatch)

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("a member is trained")

    monkeypatch.setattr(model_stages, "fit_member", never)
    nobody = open_small(tmp_path, "selftrain.unlabelled.test=false")
    with pytest.raises(DataError, match="may teach fold 0; got none"):
        self_train(nobody)
    nowhere = open_small(tmp_path, "selftrain.unlabelled.weak={groop: [2]}")
    with pytest.raises(UsageError, match="got 'groop'; did you mean 'group'"):
        self_train(nowhere)
    undeclared = open_small(tmp_path, "mine.empty={nocol: [1]}")
    with pytest.raises(UsageError, match="column of the sample table; got 'nocol'"):
        mine(undeclared)
