"""A network learns how large a pixel is on the ground, from the distances of the samples and zoomed images of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from landseer.augment import AugmentConfig
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.references import Reference
from landseer.feed.source import Item, Source
from landseer.losses.value_config import LogRatio
from landseer.models.config import ModelConfig, PreprocessConfig
from landseer.models.model import build_model
from landseer.models.targets import TargetSpec
from landseer.raster.write import write_raster
from landseer.train.config import AdamW, TrainConfig
from landseer.train.fit import fit_member
from landseer.train.job import Job
from landseer.train.objective import TargetLosses

BANDS = (Band("grey", 1),)
FIGURES = {"count": 1, "min": 0.0, "max": 200.0, "mean": 100.0, "std": 50.0}
STATISTICS = {"channels": {"grey": FIGURES | {"quantiles": {"0.01": 0.0, "0.99": 200.0}}}}
ROOFS_M = 4.0
N = 32


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Roofs of 4 m in images of many ground sample distances, turned anyhow."""
    rng = np.random.default_rng(0)
    items = []
    for number in range(N):
        gsd_m, turn = float(np.exp(rng.uniform(np.log(0.25), 0.0))), rng.uniform(0, np.pi)
        row, col = np.mgrid[:48, :48] * gsd_m
        x = np.cos(turn) * col - np.sin(turn) * row + rng.uniform(0, 9)
        y = np.sin(turn) * col + np.cos(turn) * row + rng.uniform(0, 9)
        roofs = (np.sin(np.pi * x / ROOFS_M) > 0) ^ (np.sin(np.pi * y / ROOFS_M) > 0)
        image = (40 + 120 * roofs + rng.normal(0, 10, roofs.shape)).clip(0, 255)
        write_raster(tmp_path / f"{number}.tif", image[None].astype(np.uint8))
        items.append(
            Item(str(number), tmp_path / f"{number}.tif", None, {"gsd": gsd_m}, gsd_m=gsd_m)
        )
    return Source(items, BANDS, ClassTable((), ()), references=[Reference("gsd", "number", "m/px")])


def test_the_scale_head_learns_with_scale_jitter(source: Source, tmp_path: Path) -> None:
    targets = {"gsd": TargetSpec(quantity="gsd", typical=0.5)}
    held_out = tuple(range(0, N, 4))
    train = tuple(n for n in range(N) if n % 4)
    job = Job(
        member="m", folder=tmp_path / "run", source=source, train=train, held_out=held_out, weights=None,
        bands=BANDS, classes=ClassTable((), ()), monitor="gsd_mae", seed=1, targets=targets,
    )  # fmt: skip
    model = build_model(
        PreprocessConfig(bands=("grey",)),
        ModelConfig(encoder="test_resnet", weights="none", depth=4, decoder_channels=(16, 8, 8, 8)),
        BANDS, STATISTICS, 0, seed=1, targets=targets,
    )  # fmt: skip
    config = TrainConfig(
        epochs=20, batch_size=8, optimiser=AdamW(lr=3e-3), precision="fp32", images=0, workers=0
    )
    augment = AugmentConfig(d4=True, zoom=(0.7, 1.4), zoom_probability=1.0, crop_px=32)
    result = fit_member(job, model, {"gsd": TargetLosses((LogRatio(),))}, augment, config)
    known = np.array([item.gsd_m for item in source.items])
    constant = np.abs(known[list(held_out)] - np.median(known[list(train)])).mean()
    assert result["score"] < constant / 2

    # an image twice as coarse is said to be so
    finest = min(held_out, key=lambda n: source.items[n].gsd_m)
    fine = torch.from_numpy(source.read(finest).image)[None].float()
    model.eval()
    with torch.no_grad():
        said = [float(model.values(fine[..., ::step, ::step])["gsd"]) for step in (1, 2)]
    assert said[1] > 1.3 * said[0]
