"""`landseer suspects` prints the most suspect labels, as words or as JSON."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from landseer.core.files import write_json, write_text

ROWS = [
    {"sample": "b", "exclude": "", "reason": "label says sea, predictions kelp", "rank": 1, "proposed": "yes",
     "score": 0.91, "given": "sea", "predicted": "kelp", "region_px": 1203},
    {"sample": "007", "exclude": "", "reason": "x", "rank": 2, "proposed": "no", "score": 0.2, "given": "kelp",
     "predicted": "sea", "region_px": 40},
]  # fmt: skip


@pytest.fixture
def recipe(landseer: Any, data: Path) -> Path:
    """Return a recipe for a small data set."""
    answer = landseer("init", "kelp", "--data", data, "--out", "demo.yaml", "--name", "demo")
    assert answer.code == 0, answer.err
    return Path("demo.yaml")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the stages only write what the verb reads; return the verbs that were asked for."""
    asked: list[str] = []

    def run_stages(run: Any, until: str) -> dict[str, Any]:
        asked.append(until)
        write_text(run.path("audit/suspects.csv"), pd.DataFrame(ROWS).to_csv(index=False))
        write_json(run.path("audit/suspects/evidence.json"), {"samples": 8, "expected": 1.42})
        return {}

    runner = types.SimpleNamespace(run_stages=run_stages)
    monkeypatch.setitem(sys.modules, "landseer.run.runner", runner)
    return asked


def test_the_most_suspect_are_printed(landseer: Any, recipe: Path, done: list[str]) -> None:
    answer = landseer("suspects", recipe, "--top", 1)
    assert answer.code == 0, answer.err
    assert done == ["suspects"]
    lines = answer.out.splitlines()
    assert lines[0].split()[:3] == ["rank", "sample", "score"]
    assert lines[1].split()[:4] == ["1", "b", "0.91", "yes"]
    assert (
        lines[2]
        == "8 labels compared; the wrong regions add up to 1.4 whole labels: 1 proposed for a look"
    )
    assert "quality.exclusions" in lines[-1]


def test_the_same_as_json(landseer: Any, recipe: Path, done: list[str]) -> None:
    found = landseer("suspects", recipe, "--json").json
    assert [row["sample"] for row in found["suspects"]] == ["b", "007"]
    assert (found["samples"], found["expected"], found["proposed"]) == (8, 1.42, 1)
    assert found["table"] == "runs/demo/audit/suspects.csv"
