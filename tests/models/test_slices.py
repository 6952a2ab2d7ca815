"""Samples in slices: put together they are what a plan makes of windows; nothing changes where none are cut."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from landseer.core.bands import Band
from landseer.core.sides import shares, starts
from landseer.models import ModelConfig, PreprocessConfig
from landseer.models.model import Model, build_model
from landseer.models.slices import in_slices
from landseer.models.slices_config import Slices
from landseer.models.targets import TargetSpec
from landseer.quantities import ClassMask, Direction

BANDS = (Band("red", 1, ("R",), nodata=0), Band("qa", 2, kind="quality"))
INPUTS = PreprocessConfig(bands=("red",), normalise={"kind": "none"})
FIGURES = {"count": 9, "min": 0.0, "max": 2.0, "mean": 1.0, "std": 0.3}
CONFIG = {
    "encoder": "test_resnet", "weights": "none", "depth": 3, "decoder_channels": (16, 8, 8),
}  # fmt: skip


def model(targets=None, **changes) -> Model:
    given = {} if targets is None else {"targets": targets}
    config = ModelConfig(**CONFIG | changes)
    built = build_model(
        INPUTS, config, BANDS[:1], {"channels": {"red": FIGURES}}, 2, seed=0, **given
    )
    return built.eval()


def raw(h: int, w: int, b: int = 2, seed: int = 0) -> Tensor:
    return torch.rand(b, 1, h, w, generator=torch.Generator().manual_seed(seed)) + 0.5


class Pixelwise(nn.Module):
    """Each pixel's output is its own affair."""

    stride, minimum_px = 1, 1

    def forward(self, z: Tensor, gsd_m: Tensor | None = None) -> dict[str, Tensor]:
        return {"mask": torch.cat([z, 1 - z * z], 1)}


def pixelwise(slices: Slices | None, scale: float = 1.0) -> Model:
    return Model(model().preprocess, Pixelwise(), {"mask": ClassMask(2)}, scale, slices)


def test_no_slices_and_slices_of_whole_samples_change_no_bit() -> None:
    x = raw(40, 56)
    for slices in (None, {"size_px": 56}, {"size_px": 300, "overlap_px": 100}):
        one = model(slices=slices)
        together = in_slices(one, one, x)
        assert torch.equal(together["mask"], model()(x)["mask"])


@pytest.mark.parametrize("overlap", [0, 5, 16])
def test_a_network_that_sees_single_pixels_says_the_same_in_slices(overlap: int) -> None:
    one, x = pixelwise(Slices(size_px=32, overlap_px=overlap)), raw(75, 50)
    torch.testing.assert_close(in_slices(one, one, x)["mask"], one(x)["mask"])


def test_slices_cover_a_sample_and_are_averaged_by_the_weights_of_a_plan() -> None:
    """Against a loop by hand."""
    one, x = model(slices={"size_px": 24, "overlap_px": 8}), raw(61, 40, b=1)
    expected = np.zeros((2, 61, 40))
    with torch.inference_mode():
        for row, down in shares(starts(61, 24, 8, 8), 24).items():
            for col, across in shares(starts(40, 24, 8, 8), 24).items():
                part = one(x[..., row : row + 24, col : col + 24])["mask"][0].numpy()
                expected[:, row : row + 24, col : col + 24] += part * np.outer(down, across)
        together = in_slices(one, one, x)["mask"][0]
        whole = one(x)["mask"][0]
    np.testing.assert_allclose(together, expected, atol=1e-5)
    assert not torch.allclose(together, whole, atol=1e-3)  # it does see other surroundings


def test_numbers_of_the_whole_are_averaged_by_their_law_and_by_how_much_has_data() -> None:
    """Directions as unit vectors; a slice without data says nothing."""
    one = pixelwise(Slices(size_px=16))
    one.quantities["way"] = Direction()
    x = raw(16, 48, b=1)
    x[..., 16:24] = 0  # nodata: half of the second slice
    x[..., 32:] = 0  # all of the third
    said = iter([[0.0, 1.0], [1.0, 0.0], [float("nan"), 0.0]])

    def ask(part: Tensor, gsd_m: Tensor | None) -> dict[str, Tensor]:
        way = torch.tensor([next(said)])
        return {"mask": part.repeat(1, 2, 1, 1), "way": way, "plain": way}

    together = in_slices(ask, one, x)
    length = (1 + 0.5**2) ** 0.5
    torch.testing.assert_close(together["way"], torch.tensor([[0.5 / length, 1 / length]]))
    torch.testing.assert_close(together["plain"], torch.tensor([[1 / 3, 2 / 3]]))


def test_gradients_flow_through_scaled_slices() -> None:
    one = model(scale=2.5, slices={"size_px": 32, "overlap_px": 8})
    outputs = in_slices(one.train(), one, raw(50, 50))
    outputs["mask"].square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in one.parameters())
    assert sum(float(p.grad.abs().sum()) for p in one.parameters()) > 0


def test_a_scale_of_one_changes_no_bit_and_others_follow_the_law_of_each_quantity() -> None:
    """Heights in metres stay; magnitudes in pixels of the image are divided by the scale."""
    x = raw(32, 32)
    assert torch.equal(model(scale=1.0)(x)["mask"], model()(x)["mask"])
    targets = {
        "agl": TargetSpec(quantity="height"),
        "shift": TargetSpec(quantity="magnitude"),
    }
    scaled = model(targets, scale=2.0)
    zoomed = torch.nn.functional.interpolate(scaled.preprocess(x), scale_factor=2, mode="bilinear")
    with torch.inference_mode():
        values, inside = scaled.values(x), scaled.network(zoomed)
    small = {n: torch.nn.functional.avg_pool2d(one, 2) for n, one in inside.items()}
    height, shift = (scaled.quantities[n].value(small[n]) for n in ("agl", "shift"))
    torch.testing.assert_close(values["agl"], height)
    torch.testing.assert_close(values["shift"], shift / 2)


def test_outputs_shrink_to_means_over_what_a_pixel_covers() -> None:
    """At 2.5, where two by two of the network's pixels would leave some out."""
    one = pixelwise(None, scale=2.5)
    peak = torch.zeros(1, 1, 25, 25)

    def forward(z: Tensor, gsd_m: Tensor | None = None) -> dict[str, Tensor]:
        return {"mask": peak.repeat(1, 2, 1, 1)}

    one.network.forward = forward
    weights = torch.zeros(25)
    for place in range(25):
        peak.zero_()[..., place, :] = 1.0
        weights[place] = one(raw(10, 10, b=1))["mask"][0, 0].mean()
    assert float(weights.sum()) == pytest.approx(1.0)
    assert (weights > 0.5 / 25).all()


@pytest.mark.parametrize("config", [{"size_px": 4}, {"size_px": 64, "overlap_px": 40}, {}])
def test_slices_that_cannot_be(config: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="size_px"):
        Slices(**config)
