"""Runs in MLflow, read back through its client; `run.json`; and trackers that fail."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from landseer.core.files import hash_file, read_json, write_json
from landseer.errors import StageError
from landseer.metrics.scores import score
from landseer.run import runner, track
from landseer.run.context import Run
from landseer.run.runner import run_stages
from landseer.run.track import Tracking, open_tracking, tracked
from landseer.track.mlflow_sink import MlflowSink, plain_name
from landseer.track.sink import Entry, Guarded

MATRIX = [[90, 4], [3, 30]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("store")
    return f"sqlite:///{folder / 'mlflow.db'}", folder


@pytest.fixture(scope="module")
def client(store: tuple[str, Path]) -> Any:
    sink = MlflowSink(store[0], "first", store[1] / "first")
    sink.begin(Entry("warm", {}, {}, "g"), None)
    return sink._client


@pytest.fixture
def run(open_demo: Callable[..., Run], store: tuple[str, Path], request: Any) -> Run:
    name = request.node.name[:60]
    return open_demo(
        f"track.mlflow={{uri: '{store[0]}', experiment: {name}}}", "track.aliases=kelp"
    )


def train(folder: Path, scores: Sequence[float], *, done: bool = False) -> None:
    """Leave what a training leaves after so many epochs."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "key.json", {"key": "k"})
    rows = "".join(f"{n},1.5,0.01,{v},{1 - v}\n" for n, v in enumerate(scores))
    (folder / "metrics.csv").write_text(f"epoch,seconds,lr,monitor,val/loss\n{rows}")
    if done:
        found = score(np.array(MATRIX), ("background", "kelp"))
        best = int(np.argmax(scores))
        result = {"member": folder.name, "monitor": "dice_kelp", "epoch": best, "scores": found}
        write_json(folder / "done.json", result)
        (folder / "best.safetensors").write_bytes(b"the best weights")
        for path in ("confusion", "epoch_000", "epoch_001", f"epoch_{len(scores) - 1:03d}"):
            (folder / "images").mkdir(exist_ok=True)
            (folder / f"images/{path}.png").write_bytes(b"picture")


def children(client: Any, experiment: str) -> tuple[Any, list[Any]]:
    """Return the run of the run folder, and those of its members."""
    found = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    parents = [one for one in found if "mlflow.parentRunId" not in one.data.tags]
    assert len(parents) == 1
    below = [one for one in found if one is not parents[0]]
    assert all(one.data.tags["mlflow.parentRunId"] == parents[0].info.run_id for one in below)
    return parents[0], below


def after_epoch(watchers: list[Any]) -> None:
    for watcher in watchers:
        if hasattr(watcher, "_call"):
            watcher._call()


def test_mlflow_holds_what_the_files_hold_also_after_a_kill(
    run: Run, client: Any, tmp_path: Path
) -> None:
    folder, experiment = run.path("folds/fold0_seed0"), run.recipe.track.mlflow.experiment
    train(folder, [])
    watchers = open_tracking(run).watch(folder, "fold0_seed0")
    for scores in ([0.2], [0.2, 0.6]):
        train(folder, scores)
        after_epoch(watchers)
    # Killed: another process goes on, and trains the last epoch once more.
    again = open_tracking(run)
    watchers = again.watch(folder, "fold0_seed0")
    for scores in ([0.2, 0.6], [0.2, 0.6, 0.5]):
        train(folder, scores)
        after_epoch(watchers)
    train(folder, [0.2, 0.6, 0.5], done=True)
    again.finish(folder, "fold0_seed0")
    parent, (child,) = children(client, experiment)
    for one in (parent, child):
        assert one.data.params["train.optimiser.lr"] == "0.0003"
        assert one.data.params["data.adapter"] == "kelp"
    history = client.get_metric_history(child.info.run_id, "monitor")
    assert sorted((one.step, one.value) for one in history) == [(0, 0.2), (1, 0.6), (2, 0.5)]
    assert child.info.status == "FINISHED"
    ours = score(np.array(MATRIX), ("background", "kelp"))
    assert child.data.metrics["best/dice_kelp"] == pytest.approx(ours["dice_kelp"])
    assert child.data.metrics["test/f1"] == pytest.approx(ours["dice_kelp"])
    assert child.data.metrics["test/dice"] == pytest.approx(ours["dice_macro"])
    assert child.data.metrics["test/loss"] == pytest.approx(0.4)
    names = {one.path for one in client.list_artifacts(child.info.run_id, "images")}
    assert names == {f"images/{n}.png" for n in ("confusion", "curves", "epoch_001", "epoch_002")}
    local = client.download_artifacts(child.info.run_id, "model/best.safetensors", str(tmp_path))
    assert hash_file(Path(local)) == hash_file(folder / "best.safetensors")
    beside = run.folder.resolve().parent / "mlflow"
    assert child.info.artifact_uri.startswith(beside.as_uri()), "not below the current folder"
    before = len(client.get_metric_history(child.info.run_id, "best/dice_kelp"))
    open_tracking(run).finish(folder, "fold0_seed0")
    assert len(client.get_metric_history(child.info.run_id, "best/dice_kelp")) == before == 1


def test_the_run_folder_ends_with_its_choice_and_its_files(run: Run, client: Any) -> None:
    folder = run.path("folds/fold1_seed0")
    train(folder, [0.4, 0.3], done=True)
    write_json(run.path("folds/members.json"), [{"member": "fold1_seed0"}])
    crossfit = {"value": 0.7, "low": 0.6, "high": None}
    write_json(run.path("selection.json"), {"crossfit": crossfit})
    (run.folder / "recipe.yaml").write_text("name: demo\n")
    with tracked(run, "select"):
        pass
    parent, below = children(client, run.recipe.track.mlflow.experiment)
    assert len(below) == 1, "members of earlier processes are caught up on"
    assert parent.data.metrics == {"oof/value": 0.7, "oof/low": 0.6}
    kept = {one.path for one in client.list_artifacts(parent.info.run_id)}
    assert kept == {"recipe.yaml", "run.json", "selection.json"}
    assert parent.info.status == "FINISHED"


def test_a_changed_parameter_becomes_a_tag_and_a_deleted_run_a_new_one(
    client: Any, store: tuple[str, Path]
) -> None:
    sink = MlflowSink(store[0], "first", None)
    run = sink.begin(Entry("a", {"x": "1"}, {}, "g"), None)
    assert sink.begin(Entry("a", {"x": "2", "y": "3"}, {}, "g"), run) == run
    data = client.get_run(run).data
    assert data.params == {"x": "1", "y": "3"}
    assert data.tags["changed.x"] == "2"
    client.delete_run(run)
    assert sink.begin(Entry("a", {}, {}, "g"), run) != run
    assert sink.begin(Entry("a", {}, {}, "g"), "0" * 32) != "0" * 32


def test_names_that_mlflow_refuses_are_changed(client: Any, store: tuple[str, Path]) -> None:
    sink = MlflowSink(store[0], "first", None)
    run = sink.begin(Entry("a", {"k" * 300: "v" * 7000}, {}, "g"), None)
    sink.log(run, {"val/iou_wet (deep)": 0.5, "nan": float("nan")}, 0)
    assert client.get_run(run).data.metrics["val/iou_wet _deep_"] == 0.5
    assert plain_name("val/dice_kelp: 1") == "val/dice_kelp: 1"


class Dead:
    """A tracker that never answers."""

    name, where = "dead", "nowhere"

    def __getattr__(self, name: str) -> Any:
        raise TimeoutError("no answer")


def test_a_dead_tracker_ends_nothing_and_is_counted(
    open_demo: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = open_demo()
    monkeypatch.setattr(track, "open_tracking", lambda run: Tracking(run, (Guarded(Dead()),)))
    folder = run.path("folds/fold0_seed0")
    train(folder, [0.1], done=True)
    tracking = track.open_tracking(run)
    assert tracking.watch(folder, "fold0_seed0") == []
    tracking.finish(folder, "fold0_seed0")
    assert read_json(run.path("track.json"))["failures"]["dead"]["count"] == 2
    write_json(run.path("folds/members.json"), [{"member": "fold0_seed0"}])
    with tracked(run, "train"):
        pass
    assert read_json(run.path("track.json"))["failures"]["dead"]["count"] == 4
    assert "dead failed 2 times, last: TimeoutError: no answer" in capsys.readouterr().err


def test_run_json_says_on_what_a_run_ran(
    open_demo: Callable[..., Run], ran: list[str], tmp_path: Path
) -> None:
    for words in (["init", "-q"], ["add", "demo.yaml"],
                  ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]):  # fmt: skip
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    plain = open_demo()
    run_stages(Run(plain.recipe, plain.folder, tmp_path / "demo.yaml"), until="split")
    found = read_json(plain.path("run.json"))
    head = subprocess.run(
        ["git", "-C", str(tmp_path), "rev-parse", "HEAD"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found["recipe"]["git"] == {"commit": head.stdout.strip(), "recipe_changed": False}
    assert found["libraries"]["numpy"] == np.__version__
    assert found["machine"]["processors"] >= 1 and found["machine"]["memory_gb"] > 0
    assert [(one["until"], one["outcome"]) for one in found["calls"]] == [("split", "done")]
    assert set(found["stages"]) == {"samples", "audit", "split"}
    run_stages(plain, until="split")
    again = read_json(plain.path("run.json"))
    assert again["recipe"] == found["recipe"], (
        "a call without the file knows what an earlier one knew"
    )
    assert len(again["calls"]) == 2


def test_run_json_says_that_a_call_failed(
    open_demo: Callable[..., Run], ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> str:
        assert read_json(run.path("run.json"))["calls"][-1]["outcome"] == "running"
        raise StageError("expected more; got less")

    run = open_demo()
    monkeypatch.setattr(runner, "_run_one", failing)
    with pytest.raises(StageError):
        run_stages(run, until="split")
    assert read_json(run.path("run.json"))["calls"][-1]["outcome"] == "failed: StageError"


def test_tracking_changes_no_stage(open_demo: Callable[..., Run], ran: list[str]) -> None:
    run_stages(open_demo(), until="split")
    before = len(ran)
    run_stages(open_demo("track.tensorboard=off"), until="split")
    assert len(ran) == before


def test_wandb_that_is_not_installed_is_said_once_and_stops_nothing(
    open_demo: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    run = open_demo("track.wandb={project: kelp}")
    folder = run.path("folds/fold0_seed0")
    train(folder, [0.1], done=True)
    write_json(run.path("folds/members.json"), [{"member": "fold0_seed0"}])
    with tracked(run, "train"):
        said = capsys.readouterr().err
        assert open_tracking(run).watch(folder, "fold0_seed0") == []
        open_tracking(run).finish(folder, "fold0_seed0")
    assert said.count("\n") == 1 and "pip install 'landseer[wandb]'" in said
    assert "Error" not in said and capsys.readouterr().err == ""


def test_errors_of_our_own_are_said_without_their_class() -> None:
    def fail(sink: Any) -> None:
        raise StageError("expected more", do="give more")

    guarded = Guarded(Dead())
    assert not guarded.try_to(fail)
    assert guarded.last == "expected more"
