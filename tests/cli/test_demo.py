"""`landseer demo` from made data to a scored submission; training and prediction are stood in for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from landseer.core.files import read_json
from landseer.recipe.template import fill_template
from landseer.run import runner
from landseer.run.data_stages import list_samples
from landseer.synth import KelpSynthConfig, Summary

Landseer = Callable[..., Any]


def test_the_demo_ends_with_a_score_and_pictures(
    landseer: Landseer, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make_kelp(out: Path, config: KelpSynthConfig) -> Summary:
        shutil.copytree(data, out)
        shutil.copytree(data / "truth", out / "truth" / "test_kelp")
        return Summary(out, config.train, config.test, 2, 0.1, 0.2, 0.3, True)

    def run_stages(run: Any) -> None:
        list_samples(run)
        run.path("audit/listed.parquet").rename(run.path("samples.parquet"))

    def predict_files(model: Path, inputs: list[Path], out: Path, options: Any) -> None:
        shutil.copytree(inputs[0].parent / "truth" / "test_kelp", out)

    monkeypatch.setattr(runner, "run_stages", run_stages)
    monkeypatch.setattr("landseer.predict.predict_files", predict_files)
    monkeypatch.setattr("landseer.synth.make_kelp", make_kelp)
    answer = landseer("demo", "kelp", "--out", "d", "--train", 2, "--test", 2, "--json")
    assert answer.code == 0, answer.err
    assert answer.json["submission"] == "d/submission/submission.tar"
    assert answer.json["data"] == "2 tiles for training, 2 of other places to be judged on"
    assert answer.json["kelp-dice"] == 1.0
    assert Path(answer.json["preview"]).stat().st_size > 1000
    assert Path("d/kelp.yaml").read_text() == fill_template(
        "kelp", name="kelp-demo", root=Path("d/data").resolve()
    )
    shown = landseer("demo", "kelp", "--out", "e", "--train", 2, "--test", 2).out.splitlines()
    assert shown[0].split() == ["kelp-dice", "1"]
    assert read_json(Path("d/result.json"))["submission"] == answer.json["submission"]


def test_the_demo_knows_its_task(landseer: Landseer) -> None:
    answer = landseer("demo", "weeds")
    assert (answer.code, answer.err) == (
        2,
        "landseer: expected one of kelp, geopose, landcover, buildings; got 'weeds'\n",
    )
