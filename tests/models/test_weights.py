"""Pretrained weights from files, from the cache and from a hub that is not there, onto any channels."""

import pickle

import huggingface_hub
import pytest
import timm
import torch
from safetensors.torch import save_file

from landseer.errors import WeightsError
from landseer.models.config import ModelConfig
from landseer.models.network import build_network
from landseer.models.outputs import make_outputs
from landseer.models.targets import ONLY_MASK
from landseer.models.weights import find_weights, read_state

NINE = {
    "nir": ("N",),
    "red": ("R",),
    "green": ("G",),
    "blue": ("B",),
    **{f"i{n}": () for n in range(5)},
}
RGB = {"red": ("R",), "green": ("G",), "blue": ("B",)}


def state(encoder="test_resnet", channels=3, seed=7):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return {
            k: v.clone()
            for k, v in timm.create_model(encoder, in_chans=channels).state_dict().items()
        }


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "weights.safetensors"
    save_file(state(), path)
    return path


def build(weights, channels=NINE, encoder="test_resnet", decoder="unet", **changes):
    config = ModelConfig(encoder=encoder, weights=str(weights), decoder=decoder, **changes)
    return build_network(config, channels, make_outputs(ONLY_MASK, 2, config), seed=0)


def test_colours_find_their_kernels_and_everything_else_is_copied(file):
    encoder = build(file).encoder.model.state_dict()
    stem = state()["conv1.0.weight"]
    for position, source in {1: 0, 2: 1, 3: 2}.items():
        torch.testing.assert_close(encoder["conv1.0.weight"][:, position], stem[:, source] * 3 / 9)
    for position in (0, 4, 8):
        torch.testing.assert_close(encoder["conv1.0.weight"][:, position], stem.mean(1) * 3 / 9)
    torch.testing.assert_close(encoder["conv1.0.weight"].sum(1), stem.sum(1))
    others = [key for key in encoder if key != "conv1.0.weight"]
    assert len(others) > 20 and all(torch.equal(encoder[key], state()[key]) for key in others)


def test_three_channels_in_another_order_are_put_in_order(file):
    encoder = build(file, {"b": ("B",), "g": ("G",), "r": ("R",)}).encoder.model.state_dict()
    torch.testing.assert_close(encoder["conv1.0.weight"], state()["conv1.0.weight"][:, [2, 1, 0]])


def test_activations_after_the_stem_keep_their_size(file):
    x = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    of_three = build(file, RGB).eval().encoder(x.expand(-1, 3, -1, -1))
    of_nine = build(file, NINE).eval().encoder(x.expand(-1, 9, -1, -1))
    for a, b in zip(of_three[1:], of_nine[1:], strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_the_random_rule_keeps_a_drawn_stem(file):
    drawn = build("none").encoder.model.state_dict()["conv1.0.weight"]
    mixed = build(file, stem="random").encoder.model.state_dict()
    assert torch.equal(mixed["conv1.0.weight"], drawn)
    assert torch.equal(mixed["conv1.1.weight"], state()["conv1.1.weight"])
    assert torch.equal(mixed["layer1.0.conv1.weight"], state()["layer1.0.conv1.weight"])


def test_weights_made_for_as_many_channels_are_taken_as_they_are(tmp_path):
    path = tmp_path / "nine.safetensors"
    save_file(state(channels=9), path)
    encoder = build(path).encoder.model.state_dict()
    assert torch.equal(encoder["conv1.0.weight"], state(channels=9)["conv1.0.weight"])


@pytest.mark.parametrize(
    ("encoder", "decoder"),
    [("test_vit", "dpt"), ("test_convnext", "fpn"), ("test_efficientnet", "unet")],
)
def test_other_families_of_encoders(tmp_path, encoder, decoder):
    path = tmp_path / "weights.safetensors"
    save_file(state(encoder), path)
    drawn, filled = (build(w, NINE, encoder, decoder).encoder.state_dict() for w in ("none", path))
    stems = [key for key in drawn if drawn[key].ndim == 4 and drawn[key].shape[1] == 9]
    kernels = next(t for k, t in state(encoder).items() if t.ndim == 4 and t.shape[1] == 3)
    torch.testing.assert_close(filled[stems[0]][:, 1], kernels[:, 0] * 3 / 9)
    assert len(stems) == 1


def test_the_decoder_does_not_depend_on_the_weights(file):
    drawn, filled = build("none"), build(file)
    for a, b in zip(drawn.decoder.parameters(), filled.decoder.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    "nest", [lambda s: s, lambda s: {"state_dict": s, "epoch": 3}, lambda s: {"model": s}]
)
def test_torch_files(tmp_path, nest):
    path = tmp_path / "weights.pth"
    torch.save(nest({f"module.{key}": tensor for key, tensor in state().items()}), path)
    assert torch.equal(read_state(path)["fc.bias"], state()["fc.bias"])


class Evil:
    def __reduce__(self):
        return exec, ("import builtins; builtins.landseer_was_tricked = True",)


def test_nothing_is_unpickled(tmp_path):
    import builtins

    for name, write in (
        ("a.pth", torch.save),
        ("b.pth", lambda value, path: path.write_bytes(pickle.dumps(value, protocol=2))),
    ):
        write({"state_dict": Evil()}, tmp_path / name)
        with pytest.raises(WeightsError, match="tensors alone"):
            read_state(tmp_path / name)
    assert not hasattr(builtins, "landseer_was_tricked")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.safetensors", b"\x00" * 20),
        ("x.safetensors", b""),
        ("x.pth", b""),
        ("x.pth", b"PK\x03\x04rubbish"),
    ],
)
def test_damaged_files_are_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=r"readable weights|tensors alone"):
        read_state(tmp_path / name)


def test_truncated_files_are_refused(file):
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(WeightsError, match="readable weights"):
        build(file)


def test_torch_files_without_tensors_are_refused(tmp_path):
    torch.save({"epoch": 3}, tmp_path / "x.pth")
    with pytest.raises(WeightsError, match="no tensors"):
        read_state(tmp_path / "x.pth")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="is not there"):
        build(tmp_path / "none.safetensors")
    with pytest.raises(WeightsError, match="is not there"):
        read_state(tmp_path / "none.safetensors")


@pytest.mark.parametrize("other", ["resnet18", "test_efficientnet", "test_vit"])
def test_weights_of_another_encoder_are_refused(tmp_path, other):
    path = tmp_path / "other.safetensors"
    save_file(state(other), path)
    with pytest.raises(WeightsError, match=r"this encoder|all layers"):
        build(path)


def test_weights_that_lack_a_layer_are_refused(tmp_path):
    path = tmp_path / "part.safetensors"
    save_file({k: v for k, v in state().items() if "layer3" not in k}, path)
    with pytest.raises(WeightsError, match=r"not in the file, such as .*layer3"):
        build(path)


def test_a_stem_for_another_number_of_channels_is_refused(tmp_path):
    path = tmp_path / "four.safetensors"
    save_file(state(channels=4), path)
    with pytest.raises(WeightsError, match="this encoder"):
        build(path)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_the_cache_is_used_before_the_hub(cache, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *_: pytest.fail("asked the hub"))
    commit = "0123456789012345678901234567890123456789"
    folder = cache / "models--timm--test_resnet.r160_in1k"
    (folder / "snapshots" / commit).mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(commit)
    save_file(state(), folder / "snapshots" / commit / "model.safetensors")
    for weights in ("imagenet", "r160_in1k"):
        assert torch.equal(find_weights("test_resnet", weights)["fc.bias"], state()["fc.bias"])
    assert torch.equal(
        find_weights("test_resnet.r160_in1k", "imagenet")["fc.bias"], state()["fc.bias"]
    )


def test_the_hub_is_asked_for_the_right_file(cache, file, monkeypatch):
    asked = []
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *a: asked.append(a) or str(file))
    find_weights("resnet18", "imagenet")
    find_weights("resnet18", "gluon_in1k")
    find_weights("resnet18.gluon_in1k", "imagenet")
    assert [repository for repository, _ in asked] == [
        "timm/resnet18.a1_in1k",
        "timm/resnet18.gluon_in1k",
        "timm/resnet18.gluon_in1k",
    ]
    assert {name for _, name in asked} == {"model.safetensors"}


def test_without_a_network_the_error_says_what_to_do(cache, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(WeightsError) as caught:
        build("imagenet")
    text = str(caught.value)
    for needed in (
        "test_resnet.r160_in1k",
        "https://huggingface.co/timm/test_resnet.r160_in1k/resolve/main/model.safetensors",
        str(cache),
        "HF_HOME",
        "model.weights: none",
    ):
        assert needed in text


def test_of_the_hubs_text_the_first_sentence_is_said(cache, monkeypatch):
    def fail(*_):
        raise OSError("No file on hf.co, " + "far " * 60 + "away. Please check.\nMore.")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fail)
    with pytest.raises(WeightsError) as caught:
        build("imagenet")
    assert caught.value.message.endswith(": No file on hf.co, " + "far " * 60 + "away")


def test_weights_off_the_hub_are_named_by_their_address():
    with pytest.raises(WeightsError) as caught:
        find_weights("gcvit_tiny", "imagenet")
    assert "https://github.com" in str(caught.value) and "gcvit_tiny" in str(caught.value)


def test_no_weights_and_unknown_tags():
    assert find_weights("resnet18", "none") is None
    with pytest.raises(WeightsError, match="a1_in1k"):
        find_weights("resnet18", "a9_in1k")


def test_nothing_is_fetched_for_networks_that_are_loaded_next(cache, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *_: pytest.fail("asked the hub"))
    config = ModelConfig(encoder="test_resnet", weights="imagenet")
    outputs = make_outputs(ONLY_MASK, 2, config)
    assert build_network(config, RGB, outputs, seed=0, pretrained=False)
