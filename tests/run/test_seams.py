"""What windows change is measured on the largest image that a member never saw, and noted in the model folder."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.models.config import ModelConfig, PreprocessConfig
from landseer.models.model import Model, build_model
from landseer.models.slices_config import Slices
from landseer.predict.reach import measure_reach
from landseer.predict.spec import ModelSpec
from landseer.quantities import ClassMask
from landseer.raster.write import write_raster
from landseer.run import deliver, seams
from landseer.run.model_stages import Member
from landseer.run.seams import SEAMS, measured_seams, window_options
from landseer.select.maps_config import MapsConfig

FIGURES = {"count": 9, "min": 0.0, "max": 255.0, "mean": 100.0, "std": 50.0}


class Near(nn.Module):
    """Each pixel depends on those at most `side // 2` away."""

    stride, minimum_px = 1, 1

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, z: Tensor, gsd_m: Tensor | None = None) -> dict[str, Tensor]:
        mean = nn.functional.avg_pool2d(z, self.side, 1, self.side // 2)
        return {"mask": torch.cat([mean, 1 - mean], 1) * 40}


@pytest.fixture
def spec() -> ModelSpec:
    return ModelSpec(
        name="near",
        bands=(Band("grey", 1),),
        classes=ClassTable(("a", "b"), (0, 1)),
        inputs=PreprocessConfig(bands=("grey",), normalise={"kind": "minmax"}),
        model=ModelConfig(
            encoder="test_resnet", weights="none", depth=3, decoder_channels=(16, 8, 8)
        ),
        statistics={"channels": {"grey": FIGURES}},
        reach_px=4,
    )


def network(spec: ModelSpec, side: int) -> Model:
    built = build_model(spec.inputs, spec.model, spec.bands, spec.statistics, 2, seed=0)
    return Model(built.preprocess, Near(side), {"mask": ClassMask(2)}).eval()


def run_of(
    monkeypatch: Any, folder: Path, sizes: dict[str, tuple[int, int, int]], **recipe: Any
) -> Any:
    """Make what the measurement asks of a run: images of some sizes and folds."""
    rng = np.random.default_rng(0)
    rows = []
    for name, (height, width, fold) in sizes.items():
        path = folder / f"{name}.tif"
        write_raster(path, rng.integers(0, 256, (1, height, width), dtype=np.uint8))
        for row in (0, height // 2):  # windows of the scene
            rows.append((f"{path}#{row},0,{height // 2},{width}", fold, float("nan")))
    frame = pd.DataFrame(rows, columns=["image", "fold", "gsd_m"])
    monkeypatch.setattr(seams, "trainable", lambda _: frame)
    monkeypatch.setattr(seams, "precision_of", lambda _: "float32")
    values = {"maps": MapsConfig(window_px=64, overlap_px=16), "model": ModelConfig()} | recipe
    return SimpleNamespace(recipe=SimpleNamespace(**values))


SIZES = {"small": (80, 90, 0), "large": (150, 170, 0), "seen": (300, 300, 1)}


def test_the_largest_image_that_the_member_never_saw(
    monkeypatch, tmp_path: Path, spec: ModelSpec
) -> None:
    """Nothing changes where the border covers the reach; something does where it does not."""
    run = run_of(monkeypatch, tmp_path, SIZES)
    found = measured_seams(run, spec, Member(0, 0), network(spec, 9))[SEAMS]
    assert found["image"] == "large.tif" and found["member"] == "fold0_seed0"
    assert (found["window_px"], found["border_px"], found["overlap_px"]) == (64, 4, 16)
    assert found["share_changed"] == 0 and found["worst"] < 1e-5
    wide = measured_seams(run, spec, Member(0, 0), network(spec, 41))[SEAMS]
    assert wide["share_changed"] > 0 and wide["worst"] > 0.01


def test_images_that_go_in_one_piece_have_no_seams(
    monkeypatch, tmp_path: Path, spec: ModelSpec
) -> None:
    run = run_of(monkeypatch, tmp_path, {"small": (60, 64, 0), "seen": (300, 300, 1)})
    assert measured_seams(run, spec, Member(0, 0), network(spec, 9)) == {}


def test_slices_are_the_windows_where_nothing_else_is_said(monkeypatch, tmp_path: Path) -> None:
    sliced = ModelConfig(slices=Slices(size_px=128, overlap_px=32))
    for maps, model, expected in (
        (MapsConfig(), ModelConfig(), (512, 128)),
        (MapsConfig(), sliced, (None, 32)),
        (MapsConfig(window_px=200), sliced, (200, 100)),
        (MapsConfig(overlap_px=40), sliced, (None, 40)),
    ):
        options = window_options(SimpleNamespace(recipe=SimpleNamespace(maps=maps, model=model)))
        assert (options.window_px, options.overlap_px) == expected


@pytest.mark.parametrize(("scale", "expected"), [(1.0, 512), (2.0, 256), (0.5, 512)])
def test_reach_is_measured_on_a_picture_that_the_network_sees_at_one_size(
    monkeypatch, spec: ModelSpec, scale: float, expected: int
) -> None:
    sides = []

    def measure(model: Model, n_channels: int, size_px: int) -> Any:
        sides.append(size_px)
        return measure_reach(model, n_channels, 64)

    monkeypatch.setattr(deliver, "measure_reach", measure)
    config = spec.model.model_copy(update={"scale": scale})
    model = build_model(spec.inputs, config, spec.bands, spec.statistics, 2, seed=0).eval()
    deliver.measured_reach(model)
    assert sides == [expected] and sides[0] % model.cell_px == 0
