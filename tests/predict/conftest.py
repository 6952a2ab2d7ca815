"""A tiny world: four bands, a spec, and networks whose answers are known."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.models.config import ModelConfig, PreprocessConfig
from landseer.predict.spec import MemberSpec, ModelSpec
from landseer.raster.write import write_raster

NODATA = -32768


@pytest.fixture
def spec() -> ModelSpec:
    """A two-class model of two optical bands and a flag band."""
    bands = (
        Band("red", 1, ("R",), nodata=NODATA),
        Band("nir", 2, ("N",), nodata=NODATA),
        Band("qa", 3, ("QA",), "quality"),
    )
    channel = {"count": 9, "min": 0.0, "max": 1000.0, "mean": 500.0, "std": 100.0}
    channel["quantiles"] = {"0.01": 10.0, "0.99": 990.0}
    return ModelSpec(
        name="toy",
        bands=bands,
        classes=ClassTable(("background", "kelp"), (0, 1), ("#000000", "#00ff80")),
        inputs=PreprocessConfig(bands=("red", "nir", "qa"), fixed_range={"qa": (0, 1)}),
        model=ModelConfig(
            encoder="test_resnet", weights="none", depth=3, decoder_channels=(16, 8, 8)
        ),
        statistics={"channels": {name: channel for name in ("red", "nir", "qa")}, "samples": 3},
        members=(MemberSpec(file="members/fold0_seed0.safetensors", fold=0, seed=0),),
    )


class Local(nn.Module):
    """Two convolutions: each pixel depends on those at most two away."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(5)
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 2, 3, padding=1)
        for parameter in self.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator)

    def forward(
        self, x: torch.Tensor, gsd_m: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        return {"mask": self.second(torch.tanh(self.first(x / 1000)))}


@pytest.fixture
def local() -> Local:
    return Local()


@pytest.fixture
def write_image(tmp_path: Path):
    """Return a function that writes a random image and gives its path and pixels."""

    def write(name: str, height: int, width: int, n_bands: int = 3, **options):
        rng = np.random.default_rng(height * 1000 + width)
        image = rng.integers(0, 1000, (n_bands, height, width)).astype(np.int32)
        image[2:] = image[2:] % 2
        path = tmp_path / "images" / name
        write_raster(path, image, **options)
        return path, image

    return write
