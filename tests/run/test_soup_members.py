"""A soup over seeds: every seed is trained from the same weights, in a folder of its own, into one member."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from landseer.core.files import write_json
from landseer.run import model_stages
from landseer.run.context import Run
from landseer.run.model_stages import Member, member_key, members_of
from landseer.train.job import Job


def test_all_seeds_of_a_soup_start_alike_and_learn_apart(
    open_demo: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = open_demo("train.seeds=[0, 1, 5]", "train.soup={kind: uniform, over: seeds}")
    started: list[int] = []
    trained: list[tuple[Path, int]] = []
    cooked: list[list[Path]] = []
    monkeypatch.setattr(model_stages, "make_model", lambda run, seed, **_: started.append(seed))
    monkeypatch.setattr(model_stages, "start_warm", lambda run, member, model: model, raising=False)
    monkeypatch.setattr(model_stages, "weighed_losses", lambda run, frame: {})

    def fit(job: Job, *rest: Any, **words: Any) -> None:
        trained.append((job.folder, job.seed))

    def cook(
        job: Job, model: Any, losses: Any, augment: Any, config: Any, folders: list[Path]
    ) -> None:
        cooked.append(folders)

    monkeypatch.setattr(model_stages, "fit_member", fit)
    monkeypatch.setattr(model_stages, "cook_member", cook)
    folder = tmp_path / "fold0_seed0"
    write_json(folder / "key.json", {"key": "k"})
    job = Job("fold0_seed0", folder, None, (), (1,), None, (), None, "x", 7)  # type: ignore[arg-type]
    frame: Any = type("Frame", (), {"iloc": {slice: None}, "__len__": lambda self: 0})()
    frame.iloc = type("Rows", (), {"__getitem__": lambda self, rows: None})()
    model_stages._train_member(run, frame, job, [])
    assert started == [7, 7, 7, 7], "the soup's network is built alike too"
    assert [place for place, _ in trained] == [
        folder, folder / "ingredients/seed1", folder / "ingredients/seed5",
    ]  # fmt: skip
    assert len({seed for _, seed in trained}) == 3
    assert cooked == [[place for place, _ in trained]]


def test_a_soup_over_seeds_is_one_member_a_fold_and_depends_on_its_seeds(
    open_demo: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    import pandas as pd

    frame = pd.DataFrame({"sample": ["a", "b"], "fold": [0, 1], "weight": 1.0, "barred": ""})
    monkeypatch.setattr(model_stages, "trainable", lambda run: frame)
    monkeypatch.setattr(model_stages, "training_files", lambda run: [])

    def key(*words: str) -> str:
        run = open_demo(*words)
        write_json(run.path("statistics.json"), {})
        return member_key(run, Member(0, 0))

    soup = "train.soup={kind: uniform, over: seeds}"
    run = open_demo("train.seeds=[0, 1]", soup)
    assert members_of(run) == [Member(0, 0), Member(1, 0)]
    assert key("train.seeds=[0, 1]") == key("train.seeds=[0]")
    assert key("train.seeds=[0, 1]", soup) != key("train.seeds=[0, 2]", soup)
