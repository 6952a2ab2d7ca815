"""A tiny data set of oblique views, and trainings of several targets on it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from scipy import ndimage

from landseer.augment import AugmentConfig
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.references import Reference
from landseer.feed.source import Item, Source
from landseer.feed.targets import make_evaluation
from landseer.losses.config import BinaryCrossEntropy, Dice
from landseer.losses.value_config import Cosine, Huber, UnitNorm
from landseer.models.config import ModelConfig, PreprocessConfig
from landseer.models.model import Model, build_model
from landseer.models.targets import TargetSpec
from landseer.raster.write import write_raster
from landseer.train import fit
from landseer.train.config import AdamW, TrainConfig
from landseer.train.job import Job
from landseer.train.module import Plan, TrainingModule
from landseer.train.objective import TargetLosses, build_objective

BANDS = (Band("red", 1, ("R",)), Band("nir", 2, ("N",)))
CLASSES = ClassTable(("ground", "house"), (0, 1))
SIDE, N = 40, 14
STATISTICS = {
    "channels": {
        name: {
            "count": 1, "min": 0.0, "max": 255.0, "mean": 100.0, "std": 50.0,
            "quantiles": {"0.01": 0.0, "0.99": 255.0},
        }
        for name in ("red", "nir")
    }
}  # fmt: skip
REFERENCES = (
    Reference("agl", unit="m"),
    Reference("scale", "number", "px/m"),
    Reference("angle", "angle"),
    Reference("coarse", unit="m", grid="own"),
    Reference("gsd_m", "number", "m/px"),
)
SPECS = {
    "tall": TargetSpec(quantity="height", reference="agl", typical=5.0),
    "shift": TargetSpec(quantity="magnitude", of=("tall", "px"), typical=5.0),
    "px": TargetSpec(
        quantity="flow_scale",
        reference="scale",
        head={"kind": "fitted_scale", "height": "tall", "magnitude": "shift"},
    ),
    "lean": TargetSpec(
        quantity="direction", reference="angle", head={"kind": "pooled", "dropout": 0.0}
    ),
    "mask": TargetSpec(quantity="mask"),
    "there": TargetSpec(quantity="presence", of=("mask",), layers=("house",)),
}
LOSSES = {
    "tall": TargetLosses((Huber(delta=5),), 0.2),
    "shift": TargetLosses((Huber(delta=10),), 0.2),
    "px": TargetLosses(()),
    "lean": TargetLosses((Cosine(), UnitNorm(weight=0.1)), 2.0),
    "mask": TargetLosses((Dice(),)),
    "there": TargetLosses((BinaryCrossEntropy(),)),
}
AUGMENT = AugmentConfig(d4=True)
ROUGH = AugmentConfig(
    d4=True, rotate_deg=40, zoom=(0.8, 1.3), shift=0.1, crop_px=32, noise_std=0.02
)

JobMaker = Callable[..., Job]


def heights(rng: np.random.Generator) -> np.ndarray:
    """Blocks of 4 to 12 m on flat ground."""
    blocks = ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE)), 3)
    return np.where(blocks > np.quantile(blocks, 0.65), rng.uniform(4, 12), 0.0)


def make_pose_source(folder: Path) -> Source:
    """Bright houses, on ground the brighter the larger the scale; a ramp that rises where things are displaced to."""
    rng = np.random.default_rng(0)
    rows, cols = np.indices((SIDE, SIDE)) - (SIDE - 1) / 2
    items = []
    for number in range(N):
        tall, scale = heights(rng), (0.5, 0.5, 1.5)[number % 3] + rng.uniform(-0.1, 0.1)
        angle = 2 * math.pi * (number * 0.382 % 1)
        ramp = (math.sin(angle) * cols + math.cos(angle) * rows) * 3
        image = np.stack([20 + 60 * scale + 10 * tall, 120 + ramp]) + rng.normal(
            0, 1, (2, SIDE, SIDE)
        )
        place = {"crs": "EPSG:32617", "transform": (0.5, 0, 4e5, 0, -0.5, 4e6)}
        write_raster(folder / f"{number}.tif", image.clip(0, 255).astype(np.float32), **place)
        write_raster(folder / f"{number}_l.tif", (tall > 0).astype(np.uint8))
        agl = tall.astype(np.float32)
        agl[:2, :5] = np.nan
        write_raster(folder / f"{number}_agl.tif", agl)
        # each pixel of this one is 4 x 4 of the image, from its third row and column on
        coarse = tall[2:38, 2:38].reshape(9, 4, 9, 4).mean((1, 3)).astype(np.float32)
        place = {"crs": "EPSG:32617", "transform": (2, 0, 4e5 + 1, 0, -2, 4e6 - 1)}
        write_raster(folder / f"{number}_c.tif", coarse, **place)
        known: dict[str, Path | float] = {
            "agl": folder / f"{number}_agl.tif", "coarse": folder / f"{number}_c.tif", "gsd_m": 0.5,
        }  # fmt: skip
        if number != 3:
            known |= {"scale": scale, "angle": angle}
        label = folder / f"{number}_l.tif"
        items.append(
            Item(str(number), folder / f"{number}.tif", label, known, 0.5, "ab"[number % 2])
        )
    return Source(items, BANDS, CLASSES, references=REFERENCES)


def make_model(targets: dict[str, TargetSpec] = SPECS, seed: int = 1) -> Model:
    config = ModelConfig(
        encoder="test_resnet", weights="none", decoder="unet", depth=3, decoder_channels=(16, 16, 8)
    )
    inputs = PreprocessConfig(bands=("red", "nir"))
    return build_model(inputs, config, BANDS, STATISTICS, 2, seed=seed, targets=targets)


ON_GPU = torch.cuda.is_available()
"""There only what is asked to be deterministic is the same bit for bit."""


def config(**changes: Any) -> TrainConfig:
    values = {
        "epochs": 3, "batch_size": 5, "optimiser": AdamW(lr=4e-3), "precision": "fp32", "images": 0,
        "workers": 0, "deterministic": ON_GPU,
    }  # fmt: skip
    return TrainConfig(**(values | changes))


def module_of(
    job: Job, model: Model, losses=LOSSES, augment=AUGMENT, settings: TrainConfig | None = None
) -> TrainingModule:
    """Make what a training runs."""
    plan = Plan(
        seed=job.seed, targets=job.targets, evaluation=make_evaluation(job.targets, CLASSES.names),
        class_names=CLASSES.names, monitor=job.monitor, steps_per_epoch=2,
    )  # fmt: skip
    loss = build_objective(losses, model.quantities, fit._own_grids(job), job.balance)
    return TrainingModule(model, loss, augment, settings or config(), plan)


def weights(job: Job) -> dict[str, torch.Tensor]:
    return load_file(job.folder / "best.safetensors")


def assert_equal_weights(a: Job, b: Job) -> None:
    left, right = weights(a), weights(b)
    assert left.keys() == right.keys()
    for name in left:
        assert torch.equal(left[name], right[name]), name
