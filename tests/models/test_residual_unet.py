"""Residual deconvolution and the decoder made of it: where pixels lie, shapes, and the networks that the seed used."""

import pytest
import torch
from torch.nn import functional

from landseer.errors import UsageError
from landseer.models.config import ModelConfig
from landseer.models.decoders import decoder_settings
from landseer.models.heads import Output
from landseer.models.heads_config import FittedScale, Plain, Pooled, Simple, Upsample
from landseer.models.network import build_network, parameter_count
from landseer.models.residual_unet import ResidualBlock
from landseer.models.upsampling import ResidualUpsample
from landseer.quantities import ClassMask, Direction, FlowScale, Height, Magnitude

BANDS = {"red": ("R",), "green": ("G",), "blue": ("B",)}


def pose(head, **more):
    return {
        "height": Output(Height(), head),
        "magnitude": Output(Magnitude(), head.model_copy(update={"gsd_cue": False, **more})),
        "direction": Output(Direction(), Pooled()),
        "scale": Output(FlowScale(), FittedScale(height="height", magnitude="magnitude")),
    }


def given(encoder="test_efficientnet", widths=(24, 16, 12), **changes):
    return ModelConfig(
        encoder=encoder, weights="none", decoder="residual_unet", decoder_channels=widths, **changes
    )


def test_without_the_deconvolution_each_four_channels_become_their_bilinear_mean():
    layer = ResidualUpsample(8)
    torch.nn.init.zeros_(layer.deconvolution.weight), torch.nn.init.zeros_(layer.deconvolution.bias)
    x = torch.rand(2, 8, 5, 3)
    expected = [
        functional.interpolate(x[:, 4 * n : 4 * n + 4], scale_factor=2, mode="bilinear")
        for n in (0, 1)
    ]
    expected = torch.stack([part.mean(1) for part in expected], dim=1)
    torch.testing.assert_close(layer(x), expected)


def test_the_deconvolution_lies_where_the_bilinear_path_does_and_leaves_no_checkerboard():
    layer = ResidualUpsample(4)
    hat = torch.tensor([0.25, 0.75, 0.75, 0.25])
    with torch.no_grad():
        layer.deconvolution.weight.copy_(torch.outer(hat, hat).expand(4, 1, 4, 4) / 4)
        layer.deconvolution.bias.zero_()
    x = torch.rand(1, 4, 6, 7)
    smooth = functional.interpolate(x.mean(1, keepdim=True), scale_factor=2, mode="bilinear")
    learnt = layer.deconvolution(x)
    torch.testing.assert_close(learnt[..., 2:-2, 2:-2], smooth[..., 2:-2, 2:-2])
    torch.nn.init.ones_(layer.deconvolution.weight)
    even = layer.deconvolution(torch.ones(1, 4, 6, 7))[..., 1:-1, 1:-1]
    assert (even == even[0, 0, 0, 0]).all()


@pytest.mark.parametrize(("channels", "out"), [(1, 1), (4, 1), (6, 2), (576, 144)])
def test_any_width_becomes_a_quarter(channels, out):
    layer = ResidualUpsample(channels)
    assert layer.out_channels == out and layer(torch.zeros(1, channels, 2, 3)).shape == (
        1,
        out,
        4,
        6,
    )


def test_a_residual_block_without_its_body_is_its_short_way():
    block = ResidualBlock(3, 5).eval()
    torch.nn.init.zeros_(block.body[4].weight)
    x = torch.randn(1, 3, 4, 4)
    torch.testing.assert_close(block(x), block.short(x).relu())


@pytest.mark.parametrize("encoder", ["test_efficientnet", "test_convnext", "test_resnet", "vgg11"])
@pytest.mark.parametrize(
    ("depth", "widths", "stride"), [(5, (16, 12, 8), 4), (5, (16, 12, 8, 4), 2), (4, (16, 8), 4)]
)
def test_the_decoder_stops_where_the_number_of_widths_says(encoder, depth, widths, stride):
    outputs = {"mask": Output(ClassMask(2), Plain())}
    network = build_network(given(encoder, widths, depth=depth), BANDS, outputs, seed=0).eval()
    seen = []
    network.decoder.register_forward_hook(lambda *parts: seen.append(parts[2].shape))
    side = network.stride
    with torch.no_grad():
        out = network(torch.randn(1, 3, 3 * side, side))["mask"]
    assert seen[0][1:] == (widths[-1], 3 * side // stride, side // stride)
    assert out.shape == (1, 2, 3 * side, side)


def test_default_widths_are_the_seed_s_and_follow_the_depth():
    assert decoder_settings(given(widths=None))["decoder_channels"] == (512, 384, 256)
    assert decoder_settings(given(widths=None, depth=4))["decoder_channels"] == (512, 384)
    with pytest.raises(UsageError, match="only with unet, unetplusplus"):
        decoder_settings(given(decoder_attention="scse"))


@pytest.mark.parametrize("decoder", ["residual_unet", "unet"])
def test_the_seed_s_networks_on_the_tiny_sibling_of_their_encoders(decoder):
    head = (
        Upsample(gsd_cue=True) if decoder == "residual_unet" else Simple(embedding=16, gsd_cue=True)
    )
    more = {"features_of": "height"} if decoder == "residual_unet" else {}
    widths = (24, 16, 12) if decoder == "residual_unet" else (24, 16, 12, 8, 8)
    config = given("tf_efficientnet_b0", widths).model_copy(update={"decoder": decoder})
    network = build_network(config, BANDS, pose(head, **more), seed=0).train()
    x, gsd_m = torch.randn(2, 3, 96, 160), torch.tensor([0.3, 0.5])
    outputs = network(x, gsd_m)
    assert outputs["height"].shape == outputs["magnitude"].shape == (2, 1, 96, 160)
    assert outputs["direction"].shape == (2, 2) and outputs["scale"].shape == (2, 1)
    sum(output.square().sum() for output in outputs.values()).backward()
    without = [n for n, p in network.named_parameters() if p.grad is None]
    assert not without


def test_the_seed_s_largest_networks_can_be_built():
    seven = ModelConfig(
        encoder="tf_efficientnet_b7", weights="none", decoder_channels=(512, 384, 256, 192, 96)
    )
    six = given("tf_efficientnet_b6", None)
    with torch.device("meta"):
        networks = [
            build_network(seven, BANDS, pose(Simple(gsd_cue=True)), seed=0),
            build_network(six, BANDS, pose(Upsample(gsd_cue=True), features_of="height"), seed=0),
        ]
    millions = [(parameter_count(n.encoder) / 1e6, parameter_count(n) / 1e6) for n in networks]
    assert (
        61 < millions[0][0] < 64 and 38 < millions[1][0] < 41
    )  # 66.3 and 43.0 with their classifiers
    assert all(encoder < whole < encoder + 15 for encoder, whole in millions)
