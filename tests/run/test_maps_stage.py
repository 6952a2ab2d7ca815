"""Maps of held-out scenes: nothing of a map comes from a member that saw the place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rasterio.crs import CRS
from rasterio.transform import Affine

from landseer.core.classes import IGNORE
from landseer.core.files import read_json
from landseer.raster.read import read_bands
from landseer.raster.write import write_raster
from landseer.recipe.load import load_recipe
from landseer.run.context import Run, open_run
from landseer.run.leak_runs import bring_up
from landseer.run.maps_stage import scenes_of, write_maps
from landseer.select.selection import read_selection

SIDE, WINDOW = 64, 32

RECIPE = """\
name: small
data:
  adapter: scenes
  root: data
  images: images/*.tif
  labels: labels/{scene}.tif
  bands: [{name: red, index: 1}, {name: nir, index: 2}]
  classes: [{name: land, value: 0}, {name: water, value: 1}]
  windows: {window_px: 32}
same_place: {layers: [red]}
split: {kind: random, n_folds: 2}
inputs: {bands: [red, nir], normalise: {kind: zscore}}
model: {encoder: test_resnet, weights: none, depth: 2, decoder_channels: [8, 8]}
augment: {d4: false}
loss: [{kind: ce}]
train: {epochs: 1, batch_size: 4, samples_per_epoch: 8, precision: fp32, workers: 0}
select: {metric: accuracy, threshold: argmax, tta: none, resamples: 50, workers: 1}
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of four windows each, 10 m a pixel: a block is a window."""
    root = tmp_path_factory.mktemp("scenes")
    rng = np.random.default_rng(5)
    for number in range(2):
        place = {
            "crs": CRS.from_epsg(32633),
            "transform": Affine(10, 0, 5e5 + 640 * number, 0, -10, 5e6),
        }
        label = rng.integers(0, 2, (SIDE, SIDE), np.uint8)
        image = rng.integers(100, 900, (2, SIDE, SIDE)) + label * np.int64(900)
        write_raster(root / f"data/images/s{number}.tif", image.astype(np.int16), **place)
        write_raster(root / f"data/labels/s{number}.tif", label, **place)
    (root / "small.yaml").write_text(RECIPE)
    return root


def mapped(root: Path, name: str, *overrides: str) -> Run:
    run = open_run(load_recipe(root / "small.yaml", overrides), root / name)
    bring_up(run, ("samples", "audit", "split", "statistics", "train", "oof", "select"))
    write_maps(run)
    return run


@pytest.mark.parametrize("folds", ["[0]", "[0, 1]"])
def test_windows_that_trained_are_no_part_of_a_map(data: Path, folds: str) -> None:
    """Also where one fold alone is trained, and all that is left of a scene was held out by it."""
    run = mapped(data, f"run{len(folds)}", f"train.folds={folds}")
    selection = read_selection(run.path("selection.json"))
    scenes = scenes_of(run)
    assert scenes and not any(scene.is_apart for scene in scenes), "each scene lies in both folds"
    held = 0
    for scene in scenes:
        there = read_bands(run.path(f"maps/{scene.name}.tif"))[0] != IGNORE
        assert there.sum() == len(scene.rows) * WINDOW**2
        held += int(there.sum())
    assert held == selection.n_samples * WINDOW**2
    assert read_json(run.path("maps/scores.json"))["classes"]["water"]["iou"]["value"] is not None
