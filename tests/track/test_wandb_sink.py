"""Weights & Biases: wandb is not needed here, a module in its place writes down what it is asked."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from landseer.errors import UsageError
from landseer.track.sink import Entry
from landseer.track.wandb_sink import WandbSink

Calls = list[tuple[Any, ...]]


class Run:
    """Stands for wandb's run."""

    def __init__(self, calls: Calls, id: str, name: str) -> None:
        self._calls, self.id, self.name = calls, id, name
        self.summary = dict[str, float]()

    def log(self, figures: dict[str, Any], step: int | None = None) -> None:
        self._calls.append(("log", self.id, figures, step))

    def log_artifact(self, artifact: Any) -> None:
        self._calls.append(("artifact", self.id, artifact.name, artifact.kind, artifact.files))

    def finish(self, exit_code: int = 0) -> None:
        self._calls.append(("finish", self.id, exit_code))


class Artifact:
    """Stands for wandb's artifact."""

    def __init__(self, name: str, type: str) -> None:
        self.name, self.kind, self.files = name, type, list[str]()

    def add_file(self, path: str) -> None:
        self.files.append(Path(path).name)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    said: Calls = []
    fake = ModuleType("wandb")

    def init(**words: Any) -> Run:
        said.append(("init", words))
        return Run(said, words["id"], words["name"])

    fake.init, fake.Artifact, fake.Image = init, Artifact, lambda path: f"image {Path(path).name}"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wandb", fake)
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_SILENT"):
        monkeypatch.delenv(name, raising=False)
    return said


def entry(title: str) -> Entry:
    return Entry(title, {"train.epochs": "3"}, {"landseer.member": title}, "study")


def test_without_a_key_runs_stay_on_this_machine(calls: Calls, tmp_path: Path) -> None:
    sink = WandbSink("kelp", None, "auto", tmp_path)
    run = sink.begin(entry("fold0"), None)
    words = calls[0][1]
    assert words["mode"] == "offline" and words["dir"] == str(tmp_path)
    assert (words["id"], words["resume"], words["group"]) == (run, "allow", "study")
    assert words["config"] == {"train.epochs": "3"}


@pytest.mark.parametrize(
    ("names", "mode", "expected"),
    [
        ({"WANDB_API_KEY": "x"}, "auto", "online"),
        ({"WANDB_API_KEY": "x"}, "offline", "offline"),
        ({"WANDB_MODE": "disabled"}, "auto", "disabled"),
        ({}, "online", "online"),
    ],
)
def test_how_it_works_is_the_recipes_word(
    calls: Calls,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: Any,
    mode: Any,
    expected: str,
) -> None:
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    WandbSink("kelp", None, mode, tmp_path).begin(entry("fold0"), None)
    assert calls[0][1]["mode"] == expected


def test_figures_pictures_and_weights_arrive_in_their_run(calls: Calls, tmp_path: Path) -> None:
    sink = WandbSink("kelp", "team", "offline", tmp_path)
    first, second = sink.begin(entry("fold0"), None), sink.begin(entry("fold1"), "known")
    assert second == "known" and sink.where == "team/kelp"
    sink.log(second, {"val/dice": 0.5}, 4)
    sink.keep(second, tmp_path / "confusion.png", "images")
    sink.keep(second, tmp_path / "best.safetensors", "model")
    sink.keep(second, tmp_path / "recipe.yaml", "")
    sink.end(second)
    sink.log(first, {"val/dice": 0.6}, 0)
    sink.end(first, failed=True)
    assert [call[0] for call in calls if call[0] != "init"] == [
        "finish", "log", "log", "artifact", "artifact", "finish", "log", "finish",
    ]  # fmt: skip
    assert ("log", "known", {"val/dice": 0.5, "epoch": 4}, 4) in calls
    assert ("log", "known", {"images/confusion": "image confusion.png"}, None) in calls
    assert ("artifact", "known", "fold1-best.safetensors", "model", ["best.safetensors"]) in calls
    assert calls[-1] == ("finish", first, 1)


def test_figures_of_an_earlier_epoch_go_into_the_summary(calls: Calls, tmp_path: Path) -> None:
    sink = WandbSink("kelp", None, "offline", tmp_path)
    run = sink.begin(entry("fold0"), None)
    for step in (0, 1, 2):
        sink.log(run, {"monitor": step / 10}, step)
    sink.log(run, {"best/dice": 0.9}, 1)
    assert [call[3] for call in calls if call[0] == "log"] == [0, 1, 2]
    assert sink._open.summary == {"best/dice": 0.9}


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(UsageError, match=r"expected wandb for track\.wandb") as caught:
        WandbSink("kelp", None, "auto", tmp_path).begin(entry("fold0"), None)
    assert "landseer[wandb]" in str(caught.value.do)
