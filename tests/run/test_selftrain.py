"""Self-training on worlds where labels can be remembered but never learnt: what leaks would show as a score."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from landseer.core.files import read_json
from landseer.errors import DataError, UsageError
from landseer.feed.loader import make_batch
from landseer.models.store import load_member
from landseer.predict.ensemble import Ensemble, Voting
from landseer.raster.read import read_bands
from landseer.raster.write import write_raster
from landseer.recipe.load import load_recipe
from landseer.run.context import Run, open_run
from landseer.run.model_stages import Member, make_job, make_model, make_source, trainable
from landseer.run.runner import run_stages
from landseer.run.selftrain import find_candidates, self_train
from landseer.samples.table import read_samples
from landseer.selftrain.rounds import Rounds, read_rounds

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
split: {kind: group_kfold, n_folds: 2}
inputs: {bands: NAMES, normalise: {kind: zscore}}
model: {encoder: test_resnet, weights: none, decoder_channels: [16, 8], depth: 2}
augment: {d4: false}
loss: [{kind: ce}]
train:
  epochs: 10
  batch_size: 4
  precision: fp32
  workers: 0
  images: 0
  validate_every_epochs: 10
  optimiser: {kind: adamw, lr: 5.0e-3}
select: {metric: accuracy, threshold: argmax, resamples: 200, workers: 1, tta: [none]}
"""
RECIPE = RECIPE.replace(
    "BANDS", str([{"name": f"b{n}", "index": n + 1} for n in range(N_BANDS)])
).replace("NAMES", str([f"b{n}" for n in range(N_BANDS)]))


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


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("selftrain")
    run_stages(open_small(folder), until="select")
    return folder


def trained(world: Path, out: str, *overrides: str) -> tuple[Run, Rounds]:
    """Self-train on a copy of the run of round 0."""
    shutil.copytree(world / "run", world / out, dirs_exist_ok=True)
    run = open_small(world, *overrides, out=out)
    return run, self_train(run)


@pytest.fixture(scope="module")
def honest(world: Path) -> tuple[Run, Rounds]:
    return trained(world, "honest")


def test_a_teacher_that_saw_the_truth_passes_it_on_and_one_of_the_fold_does_not(
    world: Path, honest: tuple[Run, Rounds]
) -> None:
    _, leaking = trained(world, "leaking", "selftrain.teachers=all")
    _, fair = honest
    first, second = fair.rounds
    print(fair.rounds, leaking.rounds)
    assert second.score < 0.68
    assert leaking.rounds[1].score > 0.8
    assert "too good" in leaking.notes[0]
    assert not fair.notes
