"""Two decoders with settings of their own: against a slow composition, torchvision, and the published layout."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from torchvision.models.segmentation.deeplabv3 import ASPP
from torchvision.ops import FeaturePyramidNetwork

from landseer.errors import UsageError, WeightsError
from landseer.models.aspp import Aspp
from landseer.models.config import ModelConfig
from landseer.models.context_block import GlobalContext
from landseer.models.context_fpn import ContextFpnDecoder
from landseer.models.decoders_config import ContextFpnOptions, PyramidOptions
from landseer.models.network import build_network
from landseer.models.outputs import make_outputs
from landseer.models.pyramid import PyramidDecoder
from landseer.models.targets import ONLY_MASK

RGB = {"red": ("R",), "green": ("G",), "blue": ("B",)}
WIDTHS = (3, 8, 12, 16, 20, 24)
BARE = ContextFpnOptions(aspp_rates=(), dropout=0)
SEED = ContextFpnOptions(activation="mish", norm="mixed", context=True, gate=True)


def build(decoder="context_fpn", encoder="test_efficientnet", channels=RGB, **changes):
    config = ModelConfig(encoder=encoder, weights="none", decoder=decoder, **changes)
    return build_network(config, channels, make_outputs(ONLY_MASK, 2, config), seed=0)


def pyramid(side=64, batch=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    sides = [side // 2**n for n in range(6)]
    return [
        torch.randn(batch, width, s, s, generator=generator)
        for width, s in zip(WIDTHS, sides, strict=True)
    ]


def drawn(module, seed=3):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in module.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=generator) * 0.4 + 0.1)
    return module.eval()


def test_aspp_is_that_of_torchvision():
    own = drawn(Aspp(8, (2, 3), lambda n: nn.Sequential(nn.BatchNorm2d(n), nn.ReLU())))
    other = ASPP(8, (2, 3), out_channels=8).eval()
    theirs, mine = list(other.state_dict()), list(own.state_dict().values())
    assert len(theirs) == len(mine)
    other.load_state_dict(dict(zip(theirs, mine, strict=True)))
    x = torch.randn(2, 8, 13, 17, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(own(x), other(x))


def test_the_global_context_is_one_vector_added_everywhere_and_starts_as_nothing():
    block = GlobalContext(6, 4)
    x = torch.randn(2, 6, 5, 7, generator=torch.Generator().manual_seed(0))
    assert torch.equal(block(x), x)
    drawn(block)
    expected = x.clone()
    for b in range(2):
        look = (block.look.weight[0, :, 0, 0] @ x[b].flatten(1) + block.look.bias).exp()
        gathered = (x[b].flatten(1) * look).sum(1) / look.sum()
        hidden = block.squeeze.weight[:, :, 0, 0] @ gathered + block.squeeze.bias
        hidden = functional.layer_norm(hidden, (4,), block.norm.weight, block.norm.bias).relu()
        expected[b] += (block.spread.weight[:, :, 0, 0] @ hidden + block.spread.bias)[:, None, None]
    torch.testing.assert_close(block(x), expected)


def test_the_levels_are_added_from_the_top_and_joined_at_stride_4():
    decoder = drawn(ContextFpnDecoder(WIDTHS, 32, BARE))
    features = pyramid()
    with torch.no_grad():
        p4, p8, p16, p32 = (m(x) for m, x in zip(decoder.laterals, features[-4:], strict=True))

        def twice(x, mode):
            return nn.Upsample(scale_factor=2, mode=mode)(x)

        def step(x, layers):
            x = functional.conv2d(x, layers[0].weight, padding=1)
            norm = layers[1][0]
            x = functional.group_norm(x, 32, norm.weight, norm.bias).relu()
            return twice(x, "bilinear")

        t16 = p16 + twice(p32, "nearest")
        t8 = p8 + twice(t16, "nearest")
        t4 = p4 + twice(t8, "nearest")
        third = decoder.rise[2]
        joined = torch.cat(
            [
                decoder.rise[0](t4),
                step(t8, decoder.rise[1][0]),
                step(step(t16, third[0]), third[1]),
            ],
            1,
        )
        expected = functional.conv2d(joined, decoder.last[0].weight, padding=1)
        norm = decoder.last[1][0]
        expected = functional.group_norm(expected, 32, norm.weight, norm.bias).relu()
        torch.testing.assert_close(decoder(features), expected)


def test_the_gate_multiplies_by_the_tanh_of_a_convolution():
    gated = drawn(ContextFpnDecoder(WIDTHS, 32, BARE.model_copy(update={"gate": True})))
    plain = ContextFpnDecoder(WIDTHS, 32, BARE).eval()
    plain.load_state_dict({k: v for k, v in gated.state_dict().items() if "gate" not in k})
    with torch.no_grad():
        x = plain(pyramid())
        torch.testing.assert_close(gated(pyramid()), x * torch.tanh(gated.gate(x)))


def test_the_seed_has_the_layers_that_its_code_has():
    network = build(
        context_fpn=SEED, encoder="efficientnet_b1", stem_activation="mish", drop_path=0.2
    )
    decoder = network.decoder
    assert [m.in_channels for m in decoder.laterals] == [24, 40, 112, 320]
    assert {m.out_channels for m in decoder.laterals} == {64}
    assert [b[0].dilation[0] for b in decoder.aspp.branches] == [1, 4, 8, 12]
    assert decoder.aspp.join[0].weight.shape == (192, 5 * 192, 1, 1)
    assert decoder.last[0].weight.shape == (64, 192, 3, 3) and decoder.gate.weight.shape[0] == 64
    assert network.head[0].weight.shape == (2, 64, 1, 1)
    kinds = [type(m).__name__ for m in decoder.modules()]
    assert kinds.count("GroupNorm") == 3 + 1 and kinds.count("BatchNorm2d") == 6 + 1
    assert kinds.count("Mish") == 3 + 6 + 1 and "ReLU" not in kinds
    assert isinstance(network.encoder.model.bn1.act, nn.Mish)
    assert any(type(m).__name__ == "DropPath" for m in network.encoder.modules())
    assert not decoder.context.spread.weight.any()


@pytest.mark.parametrize("norm", ["group", "batch", "mixed"])
def test_norms_decide_whether_a_batch_matters(norm):
    options = ContextFpnOptions(norm=norm, dropout=0, aspp_dropout=0)
    decoder = ContextFpnDecoder(WIDTHS, 32, options).train()
    features = pyramid(batch=3)
    with torch.no_grad():
        alone, together = decoder([x[:2] for x in features]), decoder(features)[:2]
    assert torch.allclose(alone, together, atol=1e-5) == (norm == "group")


def test_group_norms_of_any_width_and_one_sample_of_one_pixel():
    decoder = ContextFpnDecoder(WIDTHS, 24, ContextFpnOptions()).train()
    assert decoder(pyramid(side=32, batch=1)).shape == (1, 24, 8, 8)


@pytest.mark.parametrize("stride", [4, 8, 16, 32])
def test_the_pyramid_is_that_of_torchvision_at_each_level(stride):
    first = (4, 8, 16, 32).index(stride)
    other = drawn(FeaturePyramidNetwork(WIDTHS[-4:], 10))
    decoder = PyramidDecoder(WIDTHS, 10, stride).eval()
    decoder.take(other.state_dict())
    features = pyramid()
    with torch.no_grad():
        expected = other({str(n): x for n, x in enumerate(features[-4:])})[str(first)]
        torch.testing.assert_close(decoder(features), expected)


def test_weights_of_another_pyramid_are_refused():
    decoder = PyramidDecoder(WIDTHS, 10, 8)
    with pytest.raises(WeightsError, match="width 10"):
        decoder.take(FeaturePyramidNetwork(WIDTHS[-4:], 12).state_dict())
    with pytest.raises(WeightsError, match=r"layer_blocks|inner_blocks"):
        decoder.take({})


def test_the_seeds_head_knows_nothing_finer_than_32_pixels():
    x = torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    for stride, side in ((32, 4), (4, 32)):
        options = PyramidOptions(stride=stride, hidden=12)
        network = build("pyramid", pyramid=options, decoder_channels=(32,)).eval()
        assert len(network.decoder.laterals) == 1 + (32 // stride).bit_length() - 1
        assert network.head[0].weight.shape == (12, 32, 3, 3)
        with torch.no_grad():
            small = network.head[2](
                network.head[1](network.head[0](network.decoder(network.encoder(x))))
            )
            assert small.shape == (1, 2, side, side)
            large = functional.interpolate(small, (128, 128), mode="bilinear", align_corners=True)
            torch.testing.assert_close(network(x)["mask"], large)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"decoder": "unet", "context_fpn": SEED},
            "settings of unet alone; got some of context_fpn",
        ),
        ({"decoder": "pyramid", "pyramid": {"pretrained": True}}, "to take those of the pyramid"),
        ({"decoder": "context_fpn", "depth": 4}, "a depth of 5"),
        (
            {"decoder": "pyramid", "encoder": "convnext_tiny", "stem_activation": "mish"},
            "in its stem",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(changes, text):
    with pytest.raises(UsageError, match=text):
        build(**changes)


def test_every_setting_has_a_description():
    for options in (ContextFpnOptions, PyramidOptions):
        assert all(field.description for field in options.model_fields.values())
