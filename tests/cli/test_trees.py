"""`landseer trees` says in one sentence what was found, and where it is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from landseer.raster.write import write_raster

Landseer = Callable[..., Any]

RECIPE = """\
name: small
data:
  adapter: folder
  root: data
  images: images/*.tif
  labels: labels/*.tif
  bands: [{name: red, index: 1}]
  classes: [{name: land, value: 0}, {name: water, value: 1}]
same_place: {layers: [red]}
split: {kind: group_kfold, n_folds: 2}
inputs: {bands: [red]}
model: {encoder: resnet18, weights: none}
select: {metric: iou_water, resamples: 20}
trees: {models: [lightgbm], lightgbm: {rounds: 8, least_pixels: 5}, permuted_pixels: 0, threads: 1}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """Return a recipe for four images whose band says what is water."""
    for number in range(4):
        rng = np.random.default_rng(number)
        truth = (rng.random((16, 16)) < 0.3).astype(np.uint8)
        image = np.where(truth, 100, 600) + rng.integers(0, 300, truth.shape)
        write_raster(tmp_path / f"data/images/{number}.tif", image[None].astype(np.int16))
        write_raster(tmp_path / f"data/labels/{number}.tif", truth)
    path = tmp_path / "small.yaml"
    path.write_text(RECIPE)
    return path


def test_a_sentence_and_files(landseer: Landseer, recipe: Path) -> None:
    answer = landseer("trees", recipe)
    assert answer.code == 0, answer.err
    said, model, note, *written = answer.out.splitlines()
    assert said.startswith("The best trees (lightgbm) ") and "no network" in said
    assert model.startswith("Model: one lightgbm model refitted") and "not judged" in model
    assert "landseer select" in note
    assert written[0] == "Written: runs/small/trees/index.html"
    assert Path("runs/small/trees/index.html").is_file()
    answer = landseer("trees", "runs/small", "--json")
    assert answer.json["sentence"] == said and answer.json["delivered"]["members"] == 1
    assert answer.json["kinds"][0]["score"]["value"] > 0.8
    assert "fold 0" not in answer.err


def test_a_model_of_another_name_is_refused(landseer: Landseer, recipe: Path) -> None:
    answer = landseer("trees", recipe, "trees.models=[catboost]")
    assert answer.code == 2
    assert "trees.models" in answer.err
