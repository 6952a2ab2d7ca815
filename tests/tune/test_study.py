"""A study that several machines share: they propose different trials, and leave each other's alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from landseer.tune import process, study
from landseer.tune.config import TuneConfig
from landseer.tune.storage import open_storage
from landseer.tune.study import Study, open_study

SEARCH = {"train.optimiser.lr": {"low": 1e-4, "high": 1e-1, "log": True}}


@pytest.fixture
def open_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that opens the study as a process of another machine would; a file stands for the database."""
    monkeypatch.setattr(study, "open_storage", lambda url, log: open_storage(None, log))

    def opened(host: str, **config: Any) -> Study:
        monkeypatch.setattr("socket.gethostname", lambda: host)
        made = TuneConfig.model_validate(
            {"search": SEARCH, "trials": 9, "storage": "postgresql://one/place"} | config
        )
        return open_study(made, "shared", tmp_path / "study.log", key="k", seed=42)

    return opened


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_machines_that_begin_together_propose_other_trials(open_shared: Any, sampler: str) -> None:
    studies = [open_shared(host, sampler=sampler) for host in ("one", "two")]
    asked = [one.ask() for _ in range(3) for one in studies]
    rates = {found.values["train.optimiser.lr"] for found in asked}
    assert len(rates) == 6
    assert sorted(found.number for found in asked) == list(range(6))


def test_a_study_of_one_machine_proposes_the_same_again(tmp_path: Path) -> None:
    config = TuneConfig.model_validate({"search": SEARCH, "sampler": "random"})
    found = []
    for name in ("a.log", "b.log"):
        with open_study(config, "own", tmp_path / name, key="k", seed=42) as one:
            asked = [one.ask() for _ in range(3)]
        found.append([trial.values for trial in asked if trial is not None])
    assert found[0] == found[1] and len(found[0]) == 3


def test_a_trial_that_has_just_begun_is_left_alone(
    open_shared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its beginning and its mark another machine opens the study."""
    first, second = (open_shared(host) for host in ("one", "two"))
    stopped: list[list[int]] = []
    really = study.draw

    def draw(*given: Any) -> Any:
        stopped.append(second.stop_stale(alone=False))
        return really(*given)

    monkeypatch.setattr(study, "draw", draw)
    asked = first.ask()
    assert asked is not None and stopped == [[]]
    assert [one.state for one in second.results()] == ["running"]


def test_a_trial_without_a_mark_is_stopped_in_the_end(
    open_shared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (open_shared(host) for host in ("one", "two"))
    first.kept.ask()
    assert second.stop_stale(alone=False) == []
    monkeypatch.setattr(process, "SILENT_S", 0.0)
    assert second.stop_stale(alone=False) == [0]
