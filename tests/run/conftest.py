"""A run whose stages only write down what they were given: quick, and wired as the real ones are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from landseer.core.files import hash_value
from landseer.raster.write import write_raster
from landseer.recipe.load import load_recipe
from landseer.run import runner
from landseer.run.context import Run, open_run
from landseer.run.hashes import FileHashes
from landseer.run.stage import Stage
from landseer.samples.table import make_samples, write_samples

from .selftrain_world import SMALL, open_small, without_page

RECIPE = """\
name: demo
data: {adapter: kelp, root: data}
split: {kind: group_kfold, n_folds: 2}
inputs: {bands: [red, nir]}
model: {encoder: resnet18, weights: none}
train: {epochs: 1}
"""

CONCRETE = {
    "folds/*/best.safetensors": "folds/fold0_seed0/best.safetensors",
    "oof": "oof/none/seed0/a.tif",
    "audit/suspects": "audit/suspects/evidence.json",
    "model/members": "model/members/fold0_seed0.safetensors",
}
"""One file for each folder or pattern among the outputs."""

Open = Callable[..., Run]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data set of two training tiles and a test tile."""
    root = tmp_path / "data"
    for name in ("train_satellite/a_satellite.tif", "train_satellite/b_satellite.tif"):
        write_raster(root / name, np.ones((7, 4, 4), np.int16))
        mask = name.replace("satellite", "kelp")
        write_raster(root / mask, np.zeros((4, 4), np.uint8))
    write_raster(root / "test_satellite/c_satellite.tif", np.ones((7, 4, 4), np.int16))
    return root


@pytest.fixture
def open_demo(tmp_path: Path, data: Path) -> Open:
    """Return a function that opens the run with overrides laid over its recipe."""
    path = tmp_path / "demo.yaml"
    path.write_text(RECIPE)
    return lambda *overrides: open_run(load_recipe(path, overrides), tmp_path / "run")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, data: Path) -> list[str]:
    """Put quick stages in the place of the real ones; return the list to which each adds its name when it runs."""
    names: list[str] = []
    stages = tuple(replace(stage, function=_quick(stage, names, data)) for stage in runner.STAGES)
    monkeypatch.setattr(runner, "STAGES", stages)
    return names


def _quick(stage: Stage, names: list[str], data: Path) -> Callable[[Run], None]:
    """Return what writes a stage's outputs: equal for equal keys and inputs."""

    def function(run: Run) -> None:
        names.append(stage.name)
        hashes = FileHashes(run.folder)
        given = [
            {key: run.recipe_value(key) for key in stage.keys},
            [hashes.state(name) for name in stage.inputs],
        ]
        for name in stage.outputs:
            path = run.path(CONCRETE.get(name, name))
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.name == "samples.parquet":
                write_samples(path, _table(data, hash_value(given)))
            else:
                path.write_text(hash_value(given))

    return function


def _table(data: Path, note: str) -> object:
    """Make a table of the training tiles that carries what the split was given."""
    records = [
        {
            "sample": name,
            "side": "train",
            "image": str(data / f"train_satellite/{name}_satellite.tif"),
            "label": str(data / f"train_kelp/{name}_kelp.tif"),
            "height": 4,
            "width": 4,
        }
        for name in "ab"
    ]
    return make_samples(records).assign(note=note)


@pytest.fixture(scope="session")
def small_round(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with made data and the run from which a quick self-training starts; for copies, not to write."""
    folder = tmp_path_factory.mktemp("small_round")
    with pytest.MonkeyPatch.context() as patch:
        without_page(patch)
        root = f"data.root={folder / 'data'}"
        runner.run_stages(open_small(folder, *SMALL, root), until="select")
    return folder
