"""Out-of-fold predictions come back as they were, to 16 bits."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from landseer.errors import FileReadError, StageError
from landseer.predict import Ensemble, OofBatch, oof_path, read_oof, write_oof
from landseer.predict.oof import read_values
from landseer.quantities import ClassMask, ImageValue
from landseer.raster.read import read_bands


class Logits(nn.Module):
    """The input is the answer."""

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"mask": x}


@pytest.mark.parametrize("n_classes", [2, 4])
def test_round_trip_with_padding(tmp_path: Path, n_classes):
    generator = torch.Generator().manual_seed(0)
    sizes = [(5, 8), (7, 3), (1, 1)]
    x = torch.randn(3, n_classes, 7, 8, generator=generator)
    ensemble = Ensemble([Logits()], {"mask": ClassMask(n_classes)})
    batches = [OofBatch(["a", "b"], x[:2], sizes[:2]), OofBatch(["c"], x[2:], sizes[2:])]
    assert write_oof(ensemble, batches, tmp_path / "oof", workers=2) == 3
    expected = x.softmax(1).numpy()
    for i, (sample, (height, width)) in enumerate(zip("abc", sizes, strict=True)):
        path = oof_path(tmp_path / "oof", sample)
        assert read_bands(path).dtype == np.uint16 and len(read_bands(path)) == n_classes - 1
        got = read_oof(path)
        assert got.shape == (n_classes, height, width) and got.dtype == np.float32
        assert np.abs(got - expected[i, :, :height, :width]).max() <= n_classes / 131070
        assert np.allclose(got.sum(0), 1, atol=1e-6)


def test_missing_prediction(tmp_path: Path):
    with pytest.raises(FileReadError):
        read_oof(tmp_path / "none.tif")


class Whole(nn.Module):
    """Each pixel and the whole image depend on all that is seen, and on the distance."""

    def forward(self, x: torch.Tensor, gsd_m: torch.Tensor) -> dict[str, torch.Tensor]:
        mean = x.nan_to_num(9.0).mean((1, 2, 3))
        return {
            "mask": x[:, :2] * mean[:, None, None, None],
            "level": (mean * gsd_m)[:, None],
        }


def test_padding_is_not_seen(tmp_path: Path):
    """What is judged is what an image alone would get."""
    generator = torch.Generator().manual_seed(1)
    sizes = [(5, 8), (7, 3), (5, 8), (7, 8)]
    x = torch.full((4, 3, 7, 8), torch.nan)
    for i, (height, width) in enumerate(sizes):
        x[i, :, :height, :width] = torch.randn(3, height, width, generator=generator)
    gsd = torch.tensor([0.5, 1.0, 2.0, 4.0])
    quantities = {"mask": ClassMask(2), "level": ImageValue()}
    ensemble = Ensemble([Whole()], quantities)
    assert write_oof(ensemble, [OofBatch(list("abcd"), x, sizes, gsd)], tmp_path) == 4
    for i, (sample, (height, width)) in enumerate(zip("abcd", sizes, strict=True)):
        alone = ensemble(x[i : i + 1, :, :height, :width], gsd[i : i + 1])
        got = read_oof(oof_path(tmp_path, sample))
        assert np.abs(got - alone["mask"][0].numpy()).max() < 1e-4
        level = read_values(tmp_path, sample, quantities)["level"]
        assert level == pytest.approx(alone["level"][0].numpy(), rel=1e-5)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_no_probability_does_not_become_background(tmp_path: Path, bad: float):
    x = torch.zeros(2, 2, 4, 4)
    x[1, 1, 0, :3] = bad
    ensemble = Ensemble([Logits()], {"mask": ClassMask(2)})
    with pytest.raises(
        StageError, match="target mask for sample b; got NaN or infinity in 3 of 16 px"
    ):
        write_oof(ensemble, [OofBatch(["a", "b"], x, [(4, 4)] * 2)], tmp_path / "seed1")
    assert oof_path(tmp_path / "seed1", "a").exists()
    assert not oof_path(tmp_path / "seed1", "b").exists()


def test_what_is_padding_may_be_anything(tmp_path: Path):
    x = torch.zeros(1, 2, 4, 4)
    x[:, :, 3] = torch.nan
    ensemble = Ensemble([Logits()], {"mask": ClassMask(2)})
    assert write_oof(ensemble, [OofBatch(["a"], x, [(3, 4)])], tmp_path) == 1
    assert (read_oof(oof_path(tmp_path, "a")) - 0.5 < 1e-4).all()
