"""`landseer synth`: each task takes its own options and nothing else's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from landseer.cli import synth as verb
from landseer.synth import SYNTH_CONFIGS, SYNTHS


def test_tasks_are_the_familys() -> None:
    assert verb.TASKS == tuple(SYNTHS) == tuple(SYNTH_CONFIGS)


def test_options_of_one_task_are_fields_of_its_settings_alone() -> None:
    for name, tasks in verb.ONLY.items():
        knowing = {task for task, config in SYNTH_CONFIGS.items() if name in config.model_fields}
        assert knowing == set(tasks)


def test_geopose_is_made(landseer: Any, tmp_path: Path) -> None:
    out = tmp_path / "data"
    arguments = ("synth", "geopose", out, "--train", 1, "--test", 1, "--size-px", 32)
    options = ("--image-format", "png", "--acquisitions", 1, "--workers", 1)
    made = landseer(*arguments, *options, "--json").json
    assert (made["n_train"], made["n_test"], made["made"]) == (1, 1, True)
    assert len(list(out.glob("*/ARG_*_RGB.png"))) == 2
    again = landseer(*arguments, *options)
    assert again.code == 0
    assert "was already there" in again.out


@pytest.mark.parametrize(
    ("task", "option", "value"),
    [
        ("geopose", "--places", 4),
        ("kelp", "--acquisitions", 2),
        ("kelp", "--image-format", "png"),
        ("geopose", "--image-format", "jpg"),
        ("geopose", "--size-px", 8),
        ("towers", "--train", 2),
    ],
)
def test_wrong_options_are_refused_by_name(
    landseer: Any, tmp_path: Path, task: str, option: str, value: object
) -> None:
    answer = landseer("synth", task, tmp_path / "data", option, value)
    assert answer.code == 2
    assert (option if task != "towers" else "expected one of kelp, geopose") in answer.err
    assert not (tmp_path / "data").exists()
