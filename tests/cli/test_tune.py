"""`landseer tune`: what it asks the rooms below for, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from landseer.run import tune as tuning
from landseer.run import tune_lr
from landseer.run.context import Run
from landseer.tune.config import LrRangeConfig
from landseer.tune.lr_range import LrRange, conclude_range, ramp
from landseer.tune.ranges import Numbers
from landseer.tune.trials import Result
from landseer.tune.tuned import Tuned

Landseer = Callable[..., Any]

RECIPE = """\
name: demo
data: {adapter: kelp, root: data}
split: {kind: group_kfold, n_folds: 2}
inputs: {bands: [red, nir]}
model: {encoder: resnet18, weights: none}
tune: {search: {train.optimiser.lr: {low: 1.0e-4, high: 1.0e-2, log: true}}}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "demo.yaml").write_text(RECIPE)
    return tmp_path / "demo.yaml"


def test_options_reach_the_search_and_its_sentence_comes_first(
    landseer: Landseer, recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int, bool]] = []

    def tune(run: Run, *, fresh: bool) -> Tuned:
        config = run.recipe.tune
        asked.append((config.trials, config.workers, fresh))
        lr = {"train.optimiser.lr": 1e-3}
        results = (Result(0, "done", 0.5, lr, lr), Result(1, "failed", error="no"))
        search = {"train.optimiser.lr": Numbers(low=1e-4, high=1e-2, log=True)}
        run.path("tune").mkdir()
        run.path("tune/best.yaml").touch()
        return Tuned("demo", "dice_foreground", search, (0, 1), results, {}, None, run.path("tune"))

    monkeypatch.setattr(tuning, "tune", tune)
    answer = landseer("tune", recipe, "--trials", 7, "--workers", 2, "--fresh")
    assert asked == [(7, 2, True)]
    lines = answer.out.splitlines()
    assert lines[0].startswith("The best score chose the best recipe, so it is too good")
    assert lines[1:] == ["Written: runs/demo/tune/best.yaml"]
    found: Any = landseer("tune", recipe, "--json", "--out", "other").json
    assert (found["score"], found["trial"]) == (0.5, 0)
    assert found["trials"] == {"done": 1, "failed": 1}
    assert asked[1] == (30, 1, False)


def test_the_rate_is_tested_alone(
    landseer: Landseer, recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(run: Run) -> LrRange:
        config = LrRangeConfig()
        rates = ramp(config)
        return conclude_range(rates, list(1 / (1 + np.exp(6 * np.log10(rates / 1e-3)))), config)

    monkeypatch.setattr(tune_lr, "find_learning_rate", find)
    answer = landseer("tune", recipe, "--lr-range")
    assert "begin with train.optimiser.lr=" in answer.out
    assert landseer("tune", recipe, "--lr-range", "--json").json["suggested"] > 0


def test_wrong_ranges_are_told_before_any_work(landseer: Landseer, recipe: Path) -> None:
    answer = landseer("tune", recipe, "tune.search={train.optimiser.lrr: {choices: [1, 2]}}")
    assert answer.code == 2
    assert "tune.search.train.optimiser.lrr.choices.0: expected one of" in answer.err
    assert "did you mean 'lr'?" in answer.err
    assert not Path("runs").exists()


def test_a_recipe_without_ranges_says_how_to_write_one(landseer: Landseer, recipe: Path) -> None:
    answer = landseer("tune", recipe, "tune.search={}")
    assert answer.code == 2
    assert "expected keys to search; got none" in answer.err and "log: true" in answer.err
