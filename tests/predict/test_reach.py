"""How far a network looks, on networks of which it is known."""

import numpy as np
import pytest
import torch
from torch import nn

from landseer.core.bands import Band
from landseer.models.config import ModelConfig, PreprocessConfig
from landseer.models.model import build_model
from landseer.predict.reach import by_distance, measure_reach


class Dilated(nn.Sequential):
    """Dilated convolutions, whose reach is the sum of the dilations."""

    def __init__(self, *dilations: int) -> None:
        torch.manual_seed(0)
        layers: list[nn.Module] = []
        for number, dilation in enumerate(dilations):
            layers.append(nn.Conv2d(4 if number else 2, 4, 3, padding=dilation, dilation=dilation))
            layers.append(nn.ReLU())
        super().__init__(*layers, nn.Conv2d(4, 3, 1))


class Box(nn.Module):
    """The mean of the square of pixels no further than so many away."""

    def __init__(self, radius: int) -> None:
        super().__init__()
        self.radius = radius

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.avg_pool2d(x, 2 * self.radius + 1, 1, self.radius)


class Coarse(nn.Module):
    """Averages of cells, repeated over them: a pixel looks as far as its cell goes."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.interpolate(nn.functional.avg_pool2d(x, 16), scale_factor=16)


class Squeezed(Dilated):
    """A weak look at the whole picture beside a near one."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) * (1 + 0.01 * x.mean((2, 3), keepdim=True).sum(1, keepdim=True))


@pytest.mark.parametrize("dilations", [(1,), (1, 2, 4), (1, 2, 4, 8, 16, 8, 8)])
def test_dilated_convolutions(dilations):
    reach = measure_reach(Dilated(*dilations), 2, 128)
    assert reach.bound_px == sum(dilations)
    assert 0 < reach.effective_px <= reach.bound_px
    assert len(reach.profile) > reach.bound_px
    assert sum(reach.profile) == pytest.approx(1)
    assert not any(reach.profile[reach.bound_px + 1 :])


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5])
def test_the_share_beyond_is_that_of_a_box(share):
    reach = measure_reach(Box(20), 1, 96, share=share)
    within = [(2 * radius + 1) ** 2 / 41**2 for radius in range(21)]
    assert reach.effective_px == next(r for r, part in enumerate(within) if 1 - part <= share)
    np.testing.assert_allclose(np.cumsum(reach.profile)[:21], within, rtol=1e-5)


def test_strides_count_as_at_the_worst_pixel():
    assert measure_reach(Coarse(), 1, 128).bound_px == 15


def test_a_look_at_the_whole_has_no_bound_but_an_effect_that_is_near():
    reach = measure_reach(Squeezed(1, 2), 2, 128, share=0.2)
    assert reach.bound_px is None
    assert reach.effective_px <= 3


def test_a_look_at_the_whole_alone_has_no_reach():
    class Mean(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean((2, 3), keepdim=True).expand_as(x)

    reach = measure_reach(Mean(), 1, 64)
    assert (reach.effective_px, reach.bound_px) == (None, None)


def test_a_window_whose_border_is_discarded_by_the_bound_agrees_with_the_whole():
    network = Dilated(1, 3, 5)
    bound = measure_reach(network, 2, 96).bound_px
    image = torch.randn(1, 2, 80, 80, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        whole, part = network(image)[..., 20:60, 20:60], network(image[..., 20:60, 20:60])
    inside = slice(bound, 40 - bound)
    torch.testing.assert_close(part[..., inside, inside], whole[..., inside, inside])
    edge = slice(bound - 1, 40 - bound + 1)
    assert not torch.allclose(part[..., edge, edge], whole[..., edge, edge])


def test_a_model_by_its_targets_and_left_as_it_was():
    model = build_model(
        PreprocessConfig(bands=("red", "nir")),
        ModelConfig(encoder="test_resnet", weights="none", depth=2, decoder_channels=(8, 8)),
        (Band("red", 1, ("R",)), Band("nir", 2, ("N",))),
        {"channels": {name: {"count": 9, "min": 0, "max": 1, "mean": 0.5, "std": 0.3,
                             "quantiles": {"0.01": 0.0, "0.99": 1.0}} for name in ("red", "nir")}, "samples": 1},
        2,
        seed=0,
    )  # fmt: skip
    model.train()
    model.network.encoder.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    images = [torch.rand(1, 2, 96, 96, generator=torch.Generator().manual_seed(2))]
    reach = measure_reach(model, 2, images=images)
    assert 8 < reach.bound_px < 48
    assert reach.effective_px <= reach.bound_px
    assert model.training
    assert not model.network.encoder.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_worst_of_the_targets():
    class Two(nn.Module):
        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"near": Box(2)(x), "far": 1e-6 * Box(9)(x), "all": x.mean((2, 3))}

    assert measure_reach(Two(), 1, 64).bound_px == 9


def test_distances_against_a_loop():
    effect = torch.rand(5, 7, dtype=torch.float64)
    expected = np.zeros(5)
    for row in range(5):
        for col in range(7):
            expected[max(abs(row - 2), abs(col - 2))] += effect[row, col]
    np.testing.assert_allclose(by_distance(effect, 2), expected)


def test_nothing_dense():
    with pytest.raises(ValueError, match="expected an output as large as the input"):
        measure_reach(nn.Sequential(nn.Conv2d(1, 1, 3)), 1, 32)
