"""Swin V2 with published weights: torchvision's own numbers, any size and channels, Satlas files by their keys."""

import huggingface_hub
import pytest
import timm
import torch
from torchvision.models import swin_v2_b, swin_v2_t
from torchvision.models.feature_extraction import create_feature_extractor
from torchvision.models.swin_transformer import (
    PatchMergingV2,
    SwinTransformer,
    SwinTransformerBlockV2,
)
from torchvision.ops import FeaturePyramidNetwork

from landseer.errors import UsageError, WeightsError
from landseer.models.config import KnownRange, ModelConfig, PreprocessConfig
from landseer.models.decoders import decoder_settings
from landseer.models.decoders_config import PyramidOptions
from landseer.models.encoders import check_encoder, check_weights
from landseer.models.network import build_network
from landseer.models.outputs import make_outputs
from landseer.models.published import by_own_keys, pyramid_of
from landseer.models.satlas import SATLAS, expected_scaling, satlas_of, scaling_problem
from landseer.models.swin import SWINS, SwinEncoder, SwinSize
from landseer.models.targets import ONLY_MASK

TINY = SwinSize(16, (2, 2, 2, 2), (2, 2, 2, 2), window=4)
RGB = {"red": ("R",), "green": ("G",), "blue": ("B",)}
RGBN = {"nir": ("N",), **RGB}


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    monkeypatch.setitem(SWINS, "swin_v2_b", TINY)


def torchvisions(channels=3, seed=7):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        whole = SwinTransformer(
            patch_size=[4, 4], embed_dim=16, depths=[2, 2, 2, 2], num_heads=[2, 2, 2, 2],
            window_size=[4, 4], block=SwinTransformerBlockV2, downsample_layer=PatchMergingV2,
        )  # fmt: skip
        if channels != 3:
            whole.features[0][0] = torch.nn.Conv2d(channels, 16, 4, stride=4)
    return whole.eval()


def satlas_file(folder, name="aerial_swinb_si", channels=3, prefix="backbone.backbone."):
    state = {prefix + key: tensor for key, tensor in torchvisions(channels).state_dict().items()}
    fpn = FeaturePyramidNetwork((16, 32, 64, 128), 12).state_dict()
    state |= {f"intermediates.0.fpn.{key}": tensor for key, tensor in fpn.items()}
    state |= {"intermediates.1.layers.0.0.weight": torch.ones(2), "heads.0.bias": torch.ones(2)}
    path = folder / f"{name}.pth"
    torch.save(state, path)
    return path, fpn


def build(weights="none", channels=RGB, decoder="fpn", encoder="swin_v2_b", **changes):
    config = ModelConfig(
        encoder=encoder, weights=str(weights), decoder=decoder,
        **{"decoder_channels": (32,), **changes},
    )  # fmt: skip
    return build_network(config, channels, make_outputs(ONLY_MASK, 2, config), seed=0)


def image(h=128, w=192, channels=3, seed=1):
    return torch.randn(2, channels, h, w, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("maps", "nodes"),
    [
        ("stages", ("features.1", "features.3", "features.5", "features.7")),
        ("merges", ("features.0.0", "features.2", "features.4", "features.6")),
    ],
)
def test_maps_are_those_that_torchvision_gives(maps, nodes):
    whole = torchvisions()
    encoder = SwinEncoder(TINY, 3, maps=maps).eval()
    encoder.load_state_dict(
        {k: v for k, v in whole.state_dict().items() if k in encoder.state_dict()}
    )
    extract = create_feature_extractor(whole, {node: node for node in nodes})
    with torch.no_grad():
        own, theirs = encoder(image()), extract(image())
    assert [x.shape[1] for x in own] == encoder.out_channels == [3, 0, 16, 32, 64, 128]
    assert [128 // x.shape[2] for x in own[1:]] == [2, 4, 8, 16, 32]
    for x, node in zip(own[2:], nodes, strict=True):
        y = theirs[node]
        y = y if node == "features.0.0" else y.permute(0, 3, 1, 2)
        torch.testing.assert_close(x, y)


def test_the_last_stage_is_not_built_where_nobody_reads_it():
    assert len(SwinEncoder(TINY, 3, maps="merges").features) == 7
    assert len(SwinEncoder(TINY, 3, depth=3).features) == 4


@pytest.mark.parametrize("sides", [(32, 32), (96, 32), (160, 224)])
def test_any_multiple_of_32_is_allowed(sides):
    network = build().eval()
    with torch.no_grad():
        x = image(*sides)
        both = network(x)["mask"]
        assert both.shape == (2, 2, *sides) and both.isfinite().all()
        torch.testing.assert_close(network(x[:1])["mask"], both[:1], rtol=1e-4, atol=1e-5)


def test_a_shift_by_whole_windows_shifts_the_maps_inside():
    encoder = SwinEncoder(SwinSize(8, (1, 1, 1, 1), (2, 2, 2, 2), window=4), 3, depth=3).eval()
    x = image(256, 256)
    with torch.no_grad():
        moved, plain = encoder(x.roll((32, 64), (2, 3))), encoder(x)
    for scale, (a, b) in zip((4, 8), zip(moved[2:], plain[2:], strict=True), strict=True):
        torch.testing.assert_close(a, b.roll((32 // scale, 64 // scale), (2, 3)))


@pytest.mark.parametrize("prefix", ["backbone.backbone.", "backbone.backbone.backbone."])
def test_satlas_files_are_read_by_their_published_keys(tmp_path, prefix):
    path, _ = satlas_file(tmp_path, prefix=prefix)
    encoder, state = build(path).encoder.state_dict(), torchvisions().state_dict()
    assert len(encoder) > 60
    assert all(torch.equal(tensor, state[key]) for key, tensor in encoder.items())


@pytest.mark.parametrize("name", ["swin_v2_b", "swin_v2_t"])
def test_the_true_network_has_exactly_torchvisions_keys_and_shapes(name, monkeypatch):
    monkeypatch.undo()
    with torch.device("meta"):
        own = SwinEncoder(SWINS[name], 3).state_dict()
        theirs = {"swin_v2_b": swin_v2_b, "swin_v2_t": swin_v2_t}[name]().state_dict()
    assert set(theirs) - set(own) == {"norm.weight", "norm.bias", "head.weight", "head.bias"}
    assert {k: v.shape for k, v in own.items()} == {k: theirs[k].shape for k in own}


def test_other_channels_go_through_the_stem(tmp_path):
    path, _ = satlas_file(tmp_path)
    stem = torchvisions().state_dict()["features.0.0.weight"]
    own = build(path, RGBN).encoder.state_dict()["features.0.0.weight"]
    torch.testing.assert_close(own[:, 1:], stem * 3 / 4)
    torch.testing.assert_close(own[:, 0], stem.mean(1) * 3 / 4)
    drawn = build("none", RGBN).encoder.state_dict()["features.0.0.weight"]
    assert torch.equal(build(path, RGBN, stem="random").encoder.features[0][0].weight, drawn)


def test_many_bands_find_their_kernels_in_any_order(tmp_path):
    path, _ = satlas_file(tmp_path, "sentinel2_swinb_si_ms", 9)
    codes = SATLAS["sentinel2_swinb_si_ms"].codes
    stem = torchvisions(9).state_dict()["features.0.0.weight"]
    backwards = {code.lower(): (code,) for code in reversed(codes)}
    assert torch.equal(build(path, backwards).encoder.features[0][0].weight, stem.flip(1))
    three = build(path, {"swir1": ("S1",), "dem": (), "red": ("R",)}).encoder.features[0][0].weight
    torch.testing.assert_close(three[:, 0], stem[:, codes.index("S1")] * 3)
    torch.testing.assert_close(three[:, 1], stem.mean(1) * 3)
    torch.testing.assert_close(three[:, 2], stem[:, 0] * 3)
    nine = tmp_path / "own.pth"
    path.rename(nine)
    assert torch.equal(build(nine, backwards).encoder.features[0][0].weight, stem)


def test_a_resnet_of_satlas_goes_into_timms(tmp_path):
    donor = timm.create_model("resnet50").state_dict()
    state = {f"backbone.resnet.{key}": tensor for key, tensor in donor.items()}
    path = tmp_path / "sentinel2_resnet50_si_ms.pth"
    state["backbone.resnet.conv1.weight"] = torch.rand(64, 9, 7, 7)
    torch.save(state, path)
    codes = SATLAS["sentinel2_resnet50_si_ms"].codes
    channels = {code: (code,) for code in codes[::-1]}
    encoder = build(path, channels, encoder="resnet50").encoder.model.state_dict()
    assert torch.equal(encoder["conv1.weight"], state["backbone.resnet.conv1.weight"].flip(1))
    assert torch.equal(encoder["layer3.2.conv2.weight"], donor["layer3.2.conv2.weight"])
    with pytest.raises(WeightsError, match="rgb"):
        build(path, RGB, encoder="resnet50")


def test_the_pyramid_of_the_checkpoint_is_taken_where_asked_for(tmp_path):
    path, fpn = satlas_file(tmp_path)
    assert pyramid_of(by_own_keys(torch.load(path, weights_only=True))).keys() == fpn.keys()
    options = PyramidOptions(stride=8, pretrained=True)
    decoder = build(path, decoder="pyramid", pyramid=options, decoder_channels=(12,)).decoder
    assert torch.equal(decoder.laterals[0].weight, fpn["inner_blocks.1.0.weight"])
    assert torch.equal(decoder.smooth.weight, fpn["layer_blocks.1.0.weight"])
    assert (
        decoder_settings(ModelConfig(encoder="swin_v2_b", decoder="pyramid", pyramid=options))[
            "decoder_channels"
        ]
        == 128
    )
    drawn = build(path, decoder="pyramid", decoder_channels=(12,)).decoder
    assert not torch.equal(drawn.smooth.weight, fpn["layer_blocks.0.0.weight"])
    with pytest.raises(WeightsError, match="width 256"):
        build(path, decoder="pyramid", pyramid=options, decoder_channels=(256,))


def test_files_that_lack_a_layer_or_belong_to_another_network_are_refused(tmp_path):
    path, _ = satlas_file(tmp_path)
    state = torch.load(path, weights_only=True)
    torch.save({k: v for k, v in state.items() if "features.5.1.mlp" not in k}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=r"4 are not in the file .*features\.5\.1\.mlp"):
        build(tmp_path / "a.pth")
    torch.save(timm.create_model("test_resnet").state_dict(), tmp_path / "b.pth")
    with pytest.raises(WeightsError, match="all of its layers"):
        build(tmp_path / "b.pth")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_the_cache_of_the_hub_is_used(cache, tmp_path):
    commit = "0123456789012345678901234567890123456789"
    folder = cache / "models--allenai--satlas-pretrain"
    (folder / "snapshots" / commit).mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(commit)
    satlas_file(folder / "snapshots" / commit)
    network = build("satlas:aerial_swinb_si")
    state = torchvisions().state_dict()
    assert torch.equal(
        network.encoder.features[7][1].mlp[0].weight, state["features.7.1.mlp.0.weight"]
    )


def test_without_a_network_the_error_says_where_to_put_the_file(cache, tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    url = "https://huggingface.co/allenai/satlas-pretrain/resolve/main/aerial_swinb_si.pth"
    with pytest.raises(WeightsError) as caught:
        build("satlas:aerial_swinb_si")
    assert all(text in str(caught.value) for text in (url, str(cache), "model.weights: none"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))

    def refuse(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    with pytest.raises(WeightsError, match=r"swin_v2_b-.*\.pth"):
        build("imagenet")


def test_torchvisions_own_weights_are_read_from_torchs_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(torchvisions().state_dict(), folder / "swin_v2_b-781e5279.pth")
    assert torch.equal(
        build("imagenet").encoder.features[0][0].weight, torchvisions().features[0][0].weight
    )


def test_names_are_checked_before_anything_is_built():
    assert check_encoder("swin_v2_b") is None
    assert "did you mean swin_v2_b" in check_encoder("swin_v2_bb")
    assert check_weights("swin_v2_b", "satlas:aerial_swinb_si") is None
    assert (
        check_weights("swin_v2_b", "imagenet") is None
        and check_weights("swin_v2_b", "none") is None
    )
    assert "did you mean aerial_swinb_si" in check_weights("swin_v2_b", "satlas:areal_swinb_si")
    assert "model.encoder: swin_v2_t" in check_weights("swin_v2_b", "satlas:sentinel2_swint_si_rgb")
    assert "none for resnet18" in check_weights("resnet18", "satlas:x")
    assert "satlas:NAME" in check_weights("swin_v2_b", "a1_in1k")
    with pytest.raises(UsageError, match="swin_v2_t"):
        build(encoder="test_resnet", encoder_maps="merges")


def test_the_scaling_that_weights_expect_is_told_and_compared():
    assert satlas_of("/x/aerial_swinb_si.pth") is SATLAS["aerial_swinb_si"]
    assert expected_scaling("imagenet", RGB) is None
    byte = KnownRange(low=0, high=255)
    assert expected_scaling("satlas:aerial_swinb_si", RGBN) == dict.fromkeys(RGB, byte)
    many = expected_scaling("satlas:sentinel2_swinb_si_ms", RGBN)
    assert many == dict.fromkeys(RGB, byte) | {"nir": KnownRange(low=0, high=8160)}
    landsat = expected_scaling("satlas:landsat_swinb_si", {"thermal": ("T1",)})
    assert landsat == {"thermal": KnownRange(low=4000, high=4000 + 16320)}
    inputs = PreprocessConfig(bands=tuple(RGB), normalise={"kind": "zscore"})
    problem = scaling_problem("satlas:aerial_swinb_si", inputs, RGB)
    assert "red: {kind: range, low: 0, high: 255}" in problem and "blue" in problem
    for changes in (
        {"normalise": byte},
        {"normalise_channels": dict.fromkeys(RGB, byte)},
        {"fixed_range": dict.fromkeys(RGB, (0, 255))},
    ):
        good = PreprocessConfig(bands=tuple(RGB), **changes)
        assert scaling_problem("satlas:aerial_swinb_si", good, RGB) is None
    mixed = inputs.model_copy(update={"normalise_channels": {"red": byte}})
    assert "red" not in scaling_problem("satlas:aerial_swinb_si", mixed, RGB)
    assert scaling_problem("imagenet", inputs, RGB) is None


def test_drop_path_seeds_and_decoders():
    assert build(drop_path=0.5).encoder.features[7][1].stochastic_depth.p == 0.5
    assert build().encoder.features[7][1].stochastic_depth.p == 0
    one, two = build().state_dict(), build().state_dict()
    assert all(torch.equal(tensor, two[key]) for key, tensor in one.items())
    x = image(64, 64)
    for decoder, widths in (
        ("unet", (32, 16, 16, 16, 16)),
        ("upernet", (32,)),
        ("context_fpn", (32,)),
        ("segformer", (32,)),
    ):
        network = build(decoder=decoder, decoder_channels=widths)
        network(x)["mask"].square().mean().backward()
        assert network.encoder.features[0][0].weight.grad.abs().sum() > 0


def test_the_seeds_network_has_the_size_that_its_authors_report(monkeypatch):
    monkeypatch.undo()
    with torch.device("meta"):
        encoder = SwinEncoder(SWINS["swin_v2_b"], 3, maps="merges")
        pyramid = FeaturePyramidNetwork(
            (128, 256, 512, 1024), 256
        )  # all levels, though one was read
        head = torch.nn.Sequential(torch.nn.Conv2d(256, 128, 3), torch.nn.Conv2d(128, 5, 1))
    whole = sum(p.numel() for part in (encoder, pyramid, head) for p in part.parameters())
    assert whole == pytest.approx(64.8e6, abs=0.05e6)
    frozen = sum(p.numel() for p in encoder.features[:4].parameters())
    assert frozen == pytest.approx(2.1e6, abs=0.05e6)
