"""A tiny data set and a tiny model that train in seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.feed.source import Item, Source
from landseer.models.config import ModelConfig, PreprocessConfig
from landseer.models.model import Model, build_model
from landseer.raster.write import write_raster
from landseer.train.job import Job

from . import pose_world

BANDS = (Band("red", 1, ("R",), nodata=-1), Band("nir", 2, ("N",), nodata=-1))
CLASSES = ClassTable(("land", "water"), (0, 1))
STATISTICS = {
    "channels": {
        name: {
            "count": 1,
            "min": 0.0,
            "max": 200.0,
            "mean": 100.0,
            "std": 50.0,
            "quantiles": {"0.01": 0.0, "0.99": 200.0},
        }
        for name in ("red", "nir")
    }
}


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder = tmp_path_factory.mktemp("tiles")
    rng = np.random.default_rng(0)
    items = []
    for number in range(12):
        field = ndimage.gaussian_filter(rng.normal(size=(40, 40)), 4)
        mask = field > np.quantile(field, 0.6)
        image = np.stack([60 + 80 * mask, 140 - 60 * mask]) + rng.normal(0, 25, (2, 40, 40))
        image = image.clip(0, 255)
        image[:, :3, :3] = -1
        write_raster(folder / f"{number}.tif", image.astype(np.int16))
        write_raster(folder / f"{number}_l.tif", mask.astype(np.uint8))
        items.append(Item(str(number), folder / f"{number}.tif", folder / f"{number}_l.tif"))
    return Source(items, BANDS, CLASSES)


@pytest.fixture
def make_job(source: Source, tmp_path: Path) -> Callable[..., Job]:
    def make(name: str = "member", **changes: object) -> Job:
        values = {
            "member": name,
            "folder": tmp_path / name,
            "source": source,
            "train": tuple(range(8)),
            "held_out": tuple(range(8, 12)),
            "weights": np.linspace(1, 2, 8),
            "bands": BANDS,
            "classes": CLASSES,
            "monitor": "dice_water",
            "seed": 3,
        }
        return Job(**(values | changes))  # type: ignore[arg-type]

    return make


@pytest.fixture
def make_tiny_model() -> Callable[[], Model]:
    def make() -> Model:
        return build_model(
            PreprocessConfig(bands=("red", "nir")),
            ModelConfig(
                encoder="test_resnet",
                weights="none",
                decoder="unet",
                depth=3,
                decoder_channels=(16, 16, 8),
                dropout=0.1,
            ),
            BANDS,
            STATISTICS,
            2,
            seed=1,
        )

    return make


@pytest.fixture(scope="session")
def pose_source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return pose_world.make_pose_source(tmp_path_factory.mktemp("pose"))


@pytest.fixture
def make_pose_job(pose_source: Source, tmp_path: Path) -> Callable[..., Job]:
    def make(name: str = "member", **changes: Any) -> Job:
        values = {
            "member": name, "folder": tmp_path / name, "source": pose_source, "train": tuple(range(10)),
            "held_out": tuple(range(10, pose_world.N)), "weights": None,
            "bands": pose_world.BANDS, "classes": pose_world.CLASSES,
            "monitor": "geopose_r2", "seed": 3, "targets": pose_world.SPECS,
        }  # fmt: skip
        return Job(**(values | changes))

    return make
