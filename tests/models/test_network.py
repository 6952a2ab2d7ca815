"""One battery over every decoder: shapes, gradients, sizes, channels, splits, seeds; and what is refused."""

from functools import cache
from typing import get_args

import pytest
import torch

from landseer.errors import UsageError
from landseer.models.config import DecoderName, ModelConfig
from landseer.models.decoders import DECODERS
from landseer.models.encoders import check_encoder, check_weights, split_name, weight_tags
from landseer.models.heads import Output
from landseer.models.heads_config import Plain
from landseer.models.network import build_network, parameter_count
from landseer.quantities import ClassMask

RGBN = {"red": ("R",), "green": ("G",), "blue": ("B",), "nir": ("N",)}
WIDTHS = {"unet": 5, "unetplusplus": 5, "manet": 5, "linknet": 0, "residual_unet": 3}
PAIRS = [(name, "test_vit" if name == "dpt" else "test_resnet") for name in DECODERS]
MORE = [
    (name, encoder)
    for name in DECODERS
    for encoder in ("test_convnext", "test_efficientnet")
    if name != "dpt"
]


def small(decoder="unet", encoder="test_resnet", **changes):
    n = WIDTHS.get(decoder, 1)
    widths = (16, 16, 8, 8, 8)[:n] if n > 1 else (32,) if n else None
    return ModelConfig(
        **{
            "encoder": encoder,
            "decoder": decoder,
            "weights": "none",
            "decoder_channels": widths,
            **changes,
        }
    )


def build(decoder="unet", encoder="test_resnet", *, channels=RGBN, n_outputs=3, seed=0, **changes):
    return build_network(small(decoder, encoder, **changes), channels, mask(n_outputs), seed=seed)


def mask(n_outputs):
    return {"mask": Output(ClassMask(n_outputs), Plain())}


@cache
def built(decoder, encoder):
    return build(decoder, encoder)


def image(network, channels=4, batch=2, times=(1, 2)):
    side = max(network.stride, network.minimum_px)
    shape = [side + (n - 1) * network.stride for n in times]
    return torch.randn(batch, channels, *shape, generator=torch.Generator().manual_seed(1))


def test_the_dict_and_the_recipe_name_the_same_decoders():
    assert tuple(DECODERS) == get_args(DecoderName)


@pytest.mark.parametrize(("decoder", "encoder"), PAIRS)
def test_forward_backward_and_full_resolution(decoder, encoder):
    network = built(decoder, encoder).train()
    x = image(network)
    logits = network(x)["mask"]
    assert logits.shape == (2, 3, *x.shape[2:])
    logits.square().mean().backward()
    without = [n for n, p in network.named_parameters() if p.requires_grad and p.grad is None]
    assert len(without) < 0.2 * len(list(network.parameters())), without
    assert network.head is not None and all(p.grad is not None for p in network.head.parameters())


@pytest.mark.parametrize(("decoder", "encoder"), PAIRS)
def test_splitting_a_batch_changes_nothing(decoder, encoder):
    network = built(decoder, encoder).eval()
    with torch.inference_mode():
        x = image(network, times=(2, 1))
        alone = torch.cat([network(x[i : i + 1])["mask"] for i in range(2)])
        torch.testing.assert_close(network(x)["mask"], alone, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("decoder", "encoder"), MORE)
def test_other_encoders_serve_every_decoder(decoder, encoder):
    network = build(decoder, encoder).eval()
    with torch.inference_mode():
        x = image(network, times=(3, 1), batch=1)
        assert network(x)["mask"].shape == (1, 3, *x.shape[2:])


@pytest.mark.parametrize("count", [1, 2, 3, 9, 24])
def test_any_number_of_channels(count):
    network = build(channels={str(i): () for i in range(count)}).eval()
    assert network(image(network, count))["mask"].shape[1] == 3


def test_attention_depth_drop_path_and_dropout_reach_the_network():
    plain = build(depth=3, decoder_channels=(16, 16, 16))
    assert plain.stride == 8
    squeezed = build(depth=3, decoder_channels=(16, 16, 16), decoder_attention="scse")
    assert parameter_count(squeezed) > parameter_count(plain)
    x = image(plain)
    dropped = build(depth=3, decoder_channels=(16, 16, 16), dropout=0.5)
    assert torch.equal(dropped.eval()(x)["mask"], plain.eval()(x)["mask"])
    assert not torch.equal(dropped.train()(x)["mask"], dropped(x)["mask"])
    pathed = build("unet", "test_resnet", drop_path=0.5)
    assert any(type(module).__name__ == "DropPath" for module in pathed.modules())


@pytest.mark.parametrize(
    ("decoder", "depth"), [(d, n) for d, decoder in DECODERS.items() for n in decoder.depths[1:]]
)
def test_other_depths(decoder, depth):
    part = DECODERS[decoder]
    widths = (16, 8, 8, 8)[: depth - part.left_out[0]] if part.per_level else None
    network = build(decoder, depth=depth, decoder_channels=widths).eval()
    x = image(network, batch=1, times=(1, 3))
    with torch.inference_mode():
        assert network(x)["mask"].shape[2:] == x.shape[2:]


def test_the_seed_alone_decides_and_the_global_generator_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, two, three = build(seed=1), build(seed=1), build(seed=2)
    assert torch.equal(torch.rand(1), expected)
    same = [torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True)]
    assert all(same)
    assert not torch.equal(one.head[0].weight, three.head[0].weight)


def test_networks_are_channels_last():
    weight = build().head[0].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)


def test_parameter_count_counts_what_trains():
    network = build()
    everything = parameter_count(network)
    network.encoder.requires_grad_(False)
    assert 0 < parameter_count(network) < everything == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"encoder": "resnet_18"}, "did you mean resnet18"),
        ({"encoder": "tu-resnet18"}, "did you mean"),
        ({"encoder": "resnet18.a7_in1k"}, "a1_in1k"),
        ({"decoder_attention": "scse", "decoder": "fpn"}, "only with unet, unetplusplus"),
        ({"decoder_channels": (64, 32)}, "expected 5 decoder_channels for unet"),
        ({"decoder_channels": (64, 32, 16, 8, 0)}, "expected 5 decoder_channels"),
        ({"decoder_channels": (64, 32, 16, 8, 8), "decoder_attention": "scse"}, "16 or more"),
        ({"depth": 4, "decoder": "fpn"}, "a depth of 5 for fpn"),
        (
            {"decoder_channels": (8, 8), "decoder": "residual_unet"},
            "expected 3 or 4 decoder_channels",
        ),
        ({"decoder_channels": (64,), "decoder": "linknet"}, "expected 0 decoder_channels"),
        ({"encoder": "test_resnet", "decoder": "dpt", "decoder_channels": None}, "dpt"),
        ({"encoder": "test_vit", "decoder": "unet"}, "fits the decoder unet"),
        ({"encoder": "vgg11", "drop_path": 0.1, "decoder_channels": None}, "drop_path_rate"),
        (
            {"encoder": "vit_small_patch14_dinov2", "decoder": "dpt", "decoder_channels": None},
            "patches of 8, 16 or 32",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(changes, text):
    with pytest.raises(UsageError, match=text):
        build_network(small(**{"decoder": "unet", **changes}), RGBN, mask(2), seed=0)


def test_encoder_and_weights_are_checked_by_name(tmp_path):
    assert split_name("resnet18.a1_in1k") == ("resnet18", "a1_in1k")
    assert check_encoder("resnet18") is None and check_encoder("resnet18.a1_in1k") is None
    assert "did you mean efficientnet_b5" in check_encoder("efficientnetb5")
    assert "timm" in check_encoder("zzzz")
    assert weight_tags("resnet18")[0] == "a1_in1k"
    assert check_weights("resnet18", "none") is None
    assert check_weights("resnet18", "imagenet") is None
    assert check_weights("resnet18", "fb_ssl_yfcc100m_ft_in1k") is None
    assert "got 'a9'" in check_weights("resnet18", "a9")
    assert "is not there" in check_weights("resnet18", str(tmp_path / "x.safetensors"))
    assert "none or a local file" in check_weights("efficientnet_b7", "imagenet") or weight_tags(
        "efficientnet_b7"
    )
    (tmp_path / "x.pth").touch()
    assert check_weights("resnet18", str(tmp_path / "x.pth")) is None


@pytest.mark.slow
def test_transformers_of_fixed_size_take_other_sizes():
    network = build("fpn", "swin_tiny_patch4_window7_224", depth=5, decoder_channels=(32,)).eval()
    x = image(network, batch=1, times=(3, 2))
    with torch.inference_mode():
        assert network(x)["mask"].shape[2:] == x.shape[2:]


def test_every_field_has_a_description():
    assert all(field.description for field in ModelConfig.model_fields.values())
