"""The sentence about a search: it claims no more than the figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from landseer.tune.rescored import Rescored, read_rescored

FIGURES: dict[str, Any] = {
    "metric": "dice_foreground", "folds": (4,), "n_trials": 30, "trial": 7, "study": 0.7, "start": 0.60,
    "best": 0.63, "difference": 0.03, "low": 0.01, "high": 0.05, "level": 0.95, "n_groups": 12, "n_samples": 40,
    "is_start": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "the search helped"),
        ({"low": -0.01}, "within noise, so nothing shows that the search helped"),
        ({"difference": -0.03, "low": -0.05, "high": -0.01}, "made it worse"),
        ({"metric": "agl_rmse", "difference": -0.03, "low": -0.05, "high": -0.01}, "the search helped"),
        ({"metric": "agl_rmse"}, "made it worse"),
        ({"low": None, "high": None}, "nothing can be said of chance"),
        ({"is_start": True}, "None of 30 trials beat the recipe as it was"),
        ({"folds": (3, 4)}, "On folds 3, 4 that no trial saw"),
    ],
    ids=str,
)  # fmt: skip
def test_the_sentence_follows_the_figures(change: dict[str, Any], said: str) -> None:
    assert said in Rescored(**(FIGURES | change)).sentence()


def test_it_is_kept(tmp_path: Path) -> None:
    found = Rescored(**FIGURES)
    found.write(tmp_path / "rescore.json")
    assert read_rescored(tmp_path / "rescore.json") == found
    assert read_rescored(tmp_path / "none.json") is None
    assert '"sentence"' in (tmp_path / "rescore.json").read_text()
