"""A fused model says what the model said: over every decoder, and where norms must stay."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from landseer.core.bands import Band
from landseer.models import ModelConfig, PreprocessConfig, fuse
from landseer.models.config import KnownRange
from landseer.models.decoders import DECODERS
from landseer.models.fuse import fused
from landseer.models.model import Model, build_model
from landseer.models.preprocess import build_preprocess
from landseer.models.targets import ONLY_MASK, TargetSpec
from landseer.predict.ensemble import Ensemble
from landseer.quantities import ClassMask

BANDS = tuple(Band(name, i) for i, name in enumerate(("red", "green", "nir"), 1))
INPUTS = PreprocessConfig(bands=("red", "green", "nir"), normalise=KnownRange(high=100))
PAIRS = [("dpt", "test_vit")] + [
    (decoder, encoder)
    for decoder in DECODERS
    for encoder in ("test_resnet", "test_convnext", "test_efficientnet")
    if decoder != "dpt"
]


def trained(module):
    """Give norms and convolutions numbers that a training might give them."""
    random = torch.Generator().manual_seed(0)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for tensor, low, high in (
                (layer.weight, 0.5, 1.5),
                (layer.bias, -0.3, 0.3),
                (layer.running_mean, -0.3, 0.3),
                (layer.running_var, 0.2, 2.0),
            ):
                if tensor is not None:
                    tensor.data.copy_(
                        torch.empty(tensor.shape).uniform_(low, high, generator=random)
                    )
    return module.eval()


def build(decoder, encoder, targets=ONLY_MASK, **changes):
    config = ModelConfig(encoder=encoder, weights="none", decoder=decoder, **changes)
    return trained(build_model(INPUTS, config, BANDS, {}, 3, seed=0, targets=targets))


def picture(side=96):
    return torch.rand(2, 3, side, side + 7, generator=torch.Generator().manual_seed(1)) * 100


def norms(model):
    return [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]


def says_the_same(model, faster):
    x = picture()
    gsd_m = torch.full((2,), 0.5)
    with torch.inference_mode():
        for name, answer in model(x, gsd_m).items():
            error = (faster(x, gsd_m)[name] - answer).abs().max() / answer.abs().max()
            assert error < 1e-4, name


@pytest.mark.parametrize(("decoder", "encoder"), PAIRS)
def test_a_fused_model_says_the_same_and_the_model_stays_as_it_is(decoder, encoder):
    model = build(decoder, encoder)
    before = copy.deepcopy(model.state_dict())
    faster = fused(model)
    assert (faster is model) == (not norms(model))
    if encoder == "test_resnet":
        assert not norms(faster), "each norm comes after a convolution"
    says_the_same(model, faster)
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_many_heads_and_an_inner_scale_say_the_same():
    targets = {
        "mask": TargetSpec(quantity="mask"),
        "height": TargetSpec(quantity="height", unit="m"),
    }
    model = build("unet", "test_efficientnet", targets, scale=1.5)
    faster = fused(model)
    assert not norms(faster)
    says_the_same(model, faster)


@pytest.mark.parametrize("encoder", ["repvgg_a0", "mobileone_s0", "fastvit_t8"])
def test_branches_become_one_convolution(encoder):
    model = build("fpn", encoder)
    for layer in norms(model):
        layer.running_var.fill_(9.0)  # many branches add up: outputs stay finite
    count = sum(1 for _ in model.modules())
    faster = fused(model)
    assert not norms(faster) and sum(1 for _ in faster.modules()) < count
    says_the_same(model, faster)
    assert all(weight.requires_grad for weight in model.parameters())
    assert not any(weight.requires_grad for weight in faster.parameters())


def test_weights_that_meet_no_norm_are_shared():
    model = build("fpn", "test_resnet")
    own = {tensor.data_ptr() for tensor in model.parameters()}
    new = [name for name, w in fused(model).named_parameters() if w.data_ptr() not in own]
    assert len(new) == 2 * len(norms(model)), "a weight and a bias for each norm"


class Parts(nn.Module):
    """Layers that are put together in a way that a test names."""

    stride, minimum_px = 1, 1

    def __init__(self, way: str, **norm: bool) -> None:
        super().__init__()
        self.way = way
        self.conv, self.other = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(2))
        self.transposed = nn.ConvTranspose2d(3, 3, 1, groups=3)
        self.norm, self.second = nn.BatchNorm2d(3, **norm), nn.BatchNorm2d(3)

    def forward(self, z: Tensor, _: Tensor | None = None) -> dict[str, Tensor]:
        return {"mask": getattr(self, self.way)(z)}

    def plain(self, z):
        return self.norm(self.conv(z))

    def twice(self, z):
        return self.norm(self.conv(self.norm(self.conv(z))))

    def two_norms(self, z):
        y = self.conv(z)
        return self.norm(y) + self.second(y) ** 2

    def two_convolutions(self, z):
        return self.norm(self.conv(z)) + self.norm(self.other(z)) ** 2

    def read_elsewhere(self, z):
        y = self.conv(z)
        return self.norm(y) + 3 * y

    def changed_between(self, z):
        return self.norm(self.conv(z).mul_(2).relu_())

    def in_groups(self, z):
        return self.norm(self.transposed(z))

    def partly(self, z):
        y = self.conv(z)
        return self.norm(y) + 3 * y + self.second(self.other(z))

    def large_only(self, z):
        if z.shape[-1] < 100:
            raise RuntimeError("Kernel size can't be greater than actual input size")
        return self.plain(z)

    def norm_first(self, z):
        return self.conv(self.norm(z))


def model_of(way, **norm):
    torch.manual_seed(0)
    preprocess = build_preprocess(INPUTS, BANDS, {})
    return trained(Model(preprocess, Parts(way, **norm), {"mask": ClassMask(3)}))


@pytest.mark.parametrize("way", ["plain", "twice", "partly"])
@pytest.mark.parametrize("affine", [True, False])
def test_a_norm_after_a_convolution_goes(way, affine):
    model = model_of(way, affine=affine)
    faster = fused(model)
    assert len(norms(faster)) == len(norms(model)) - 1
    says_the_same(model, faster)


@pytest.mark.parametrize(
    "way",
    [
        "two_norms",
        "two_convolutions",
        "read_elsewhere",
        "changed_between",
        "in_groups",
        "norm_first",
    ],
)
def test_norms_stay_where_they_are_not_alone_after_one_convolution(way):
    model = model_of(way)
    assert fused(model) is model


def test_a_network_that_refuses_the_small_picture_stays_as_it_is(monkeypatch):
    model = model_of("large_only")
    monkeypatch.setattr(fuse, "_SIDE_PX", 99)
    assert fused(model) is model


def test_a_copy_that_says_anything_else_is_not_used(monkeypatch):
    model = model_of("plain")
    assert fused(model) is not model
    monkeypatch.setattr(
        fuse, "_pairs", lambda copied: [(copied.network.other, copied.network.norm)]
    )
    assert fused(model) is model


def test_norms_of_the_batch_itself_stay():
    model = model_of("plain", track_running_stats=False)
    assert fused(model) is model


def test_ensembles_fuse_and_leave_their_members():
    model = build("unet", "test_resnet")
    ensembles = [
        Ensemble([model], model.quantities),
        Ensemble([lambda: model], model.quantities, keep_loaded=False),
    ]
    assert not any(norms(ensemble.first) for ensemble in ensembles)
    assert norms(model)
    one, other = (ensemble(picture())["mask"] for ensemble in ensembles)
    assert torch.equal(one, other)
    with torch.inference_mode():
        torch.testing.assert_close(one, model.values(picture())["mask"], rtol=0, atol=1e-5)
