"""Made places whose labels can be remembered but never learnt, and a look-alike without label for each."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from landseer.raster.write import write_raster
from landseer.recipe.load import load_recipe
from landseer.run import runner
from landseer.run.context import Run, open_run
from landseer.run.stages import STAGES

SIDE, N_BANDS = 16, 12

RECIPE = """\
name: small
data:
  adapter: folder
  root: data
  images: images/*.tif
  labels: labels/*.tif
  test_images: test/*.tif
  bands: BANDS
  classes: [{name: land, value: 0}, {name: water, value: 1}]
same_place: {layers: [b0]}
split: {kind: group_kfold, n_folds: 3}
inputs: {bands: NAMES, normalise: {kind: zscore}}
model: {encoder: test_resnet, weights: none, decoder_channels: [16, 8], depth: 2}
augment: {d4: false}
loss: [{kind: ce}]
train:
  epochs: 1
  samples_per_epoch: 480
  batch_size: 16
  precision: fp32
  deterministic: ON_GPU
  workers: 0
  images: 0
  optimiser: {kind: adamw, lr: 1.0e-2}
suspects: {pictures: 0}
selftrain: {pictures: 1}
select: {metric: accuracy, threshold: argmax, resamples: 20, workers: 1, tta: [none]}
"""
RECIPE = RECIPE.replace(
    "BANDS", str([{"name": f"b{n}", "index": n + 1} for n in range(N_BANDS)])
).replace("NAMES", str([f"b{n}" for n in range(N_BANDS)]))
RECIPE = RECIPE.replace("ON_GPU", str(torch.cuda.is_available()))

SMALL = (
    "train.samples_per_epoch=16",
    "train.batch_size=4",
    "train.folds=[0]",
    "selftrain.pictures=0",
)
"""What makes a round quick: one fold, four steps."""


def write_data(root: Path, n_places: int = 24) -> None:
    """Write places whose label nothing foretells, and for each a sample without label of the same colour.

    The colour says which place it is, and a network can remember its label. Pixels are noise of their own in every
    image, so that the audit finds no shared ground: only the teacher could know what the look-alike's label is.
    """
    rng = np.random.default_rng(5)
    for place in range(n_places):
        colour = rng.integers(100, 1000, N_BANDS)[:, None, None]
        for folder in ("images", "test"):
            image = colour + rng.integers(0, 60, (N_BANDS, SIDE, SIDE))
            name = f"p{place:02d}" if folder == "images" else f"u{place:02d}"
            write_raster(root / f"{folder}/{name}.tif", image.astype(np.int16))
        label = np.full((SIDE, SIDE), place % 2, np.uint8)
        write_raster(root / f"labels/p{place:02d}.tif", label)


def open_small(folder: Path, *overrides: str, out: str = "run") -> Run:
    if not (folder / "data").exists():
        write_data(folder / "data")
    (folder / "small.yaml").write_text(RECIPE)
    return open_run(load_recipe(folder / "small.yaml", overrides), folder / out)


def without_page(patch: pytest.MonkeyPatch) -> None:
    """Leave out the page of the data, which takes longer than all the rest."""
    patch.setattr(runner, "STAGES", tuple(one for one in STAGES if one.name != "look"))


def copy_of(world: Path, folder: Path, out: str, *overrides: str) -> Run:
    """Open a copy of the run of round 0 that the fixture `small_round` made, or go on with one that is there."""
    if not (folder / out).exists():
        shutil.copytree(world / "run", folder / out)
    (folder / "small.yaml").write_text(RECIPE)
    root = f"data.root={world / 'data'}"
    return open_run(load_recipe(folder / "small.yaml", (*SMALL, root, *overrides)), folder / out)
