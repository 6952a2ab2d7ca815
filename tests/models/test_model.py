"""The whole model: any size in, the same size out; padding, probabilities, and members on disk."""

import pytest
import torch

from landseer.core.bands import Band
from landseer.errors import FileReadError, WeightsError, WriteError
from landseer.models import ModelConfig, PreprocessConfig
from landseer.models.model import Model, build_model
from landseer.models.store import load_member, load_state, save_member, save_state
from landseer.models.targets import ONLY_MASK, TargetSpec
from landseer.quantities import ClassMask

BANDS = (
    Band("red", 1, ("R",), nodata=0),
    Band("nir", 2, ("N",), nodata=0),
    Band("qa", 3, kind="quality"),
)
INPUTS = PreprocessConfig(bands=("red", "nir"), indices=("NDVI",), keep_index_where="qa == 0")
FIGURES = {
    "count": 9,
    "min": 1.0,
    "max": 99.0,
    "mean": 40.0,
    "std": 9.0,
    "quantiles": {"0.01": 2.0, "0.99": 90.0},
}
STATISTICS = {"channels": {"red": FIGURES, "nir": FIGURES, "NDVI": {**FIGURES, "min": -1.0}}}


def model(decoder="unet", seed=0, n_classes=2, targets=ONLY_MASK, **changes):
    encoder = "test_vit" if decoder == "dpt" else "test_resnet"
    widths = {"unet": (16, 16, 8, 8), "dpt": (16,)}.get(decoder)
    given = {"encoder": encoder, "weights": "none", "decoder": decoder, "decoder_channels": widths}
    given |= {"depth": 4} if decoder == "unet" else {}
    config = ModelConfig(**{**given, **changes})
    built = build_model(INPUTS, config, BANDS, STATISTICS, n_classes, seed=seed, targets=targets)
    return built.eval()


def raw(h=20, w=37, b=2, seed=0):
    x = torch.randint(1, 100, (b, 3, h, w), generator=torch.Generator().manual_seed(seed)).float()
    x[:, 2] = (x[:, 2] > 80).float()
    x[..., 0, 0] = 0
    return x


@pytest.mark.parametrize("decoder", ["unet", "fpn", "pan", "deeplabv3plus", "dpt"])
@pytest.mark.parametrize("size", [(1, 1), (3, 50), (33, 47)])
def test_any_size_comes_back(decoder, size):
    with torch.inference_mode():
        logits = model(decoder)(raw(*size, b=1))["mask"]
    assert logits.shape == (1, 2, *size) and logits.isfinite().all()


def test_padding_is_zeros_of_the_normalised_channels_half_on_each_side():
    m, x = model(), raw(18, 31)
    seen = []
    m.network.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    logits = m(x)["mask"]
    z = m.preprocess(x)
    padded = torch.zeros(2, 3, 32, 32)
    padded[:, :, 7:25, 0:31] = z
    assert torch.equal(seen[0], padded)
    assert seen[0].is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(logits, m.network(padded)["mask"][:, :, 7:25, 0:31])


def test_a_size_that_fits_is_not_padded_and_350_gets_one_pixel_on_each_side():
    m = model()
    assert m._margins(32) == (0, 0) and m._margins(350) == (1, 1) and m._margins(351) == (0, 1)


def test_forward_is_preprocess_then_network_and_probabilities_follow():
    m, x = model(), raw()
    z = m.preprocess(x)
    torch.testing.assert_close(m(x), m.forward_channels(z))
    torch.testing.assert_close(m.values(x)["mask"], m(x)["mask"].softmax(1))
    assert model(activation="sigmoid").quantities == {"mask": ClassMask(2, "sigmoid")}


def test_splitting_a_batch_changes_nothing():
    m, x = model(), raw()
    with torch.inference_mode():
        alone = torch.cat([m(x[:1])["mask"], m(x[1:])["mask"]])
        torch.testing.assert_close(m(x)["mask"], alone, rtol=1e-4, atol=1e-5)


def test_gradients_reach_the_stem():
    m = model().train()
    m(raw(32, 32))["mask"].square().mean().backward()
    assert all(
        p.grad is not None and p.grad.isfinite().all()
        for p in m.network.encoder.model.conv1.parameters()
    )


def test_half_precision_network_with_exact_preprocessing():
    m, x = model(), raw()
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        logits = m(x)["mask"]
        probabilities = m.values(x)["mask"]
    assert logits.dtype == torch.bfloat16 and probabilities.dtype == torch.float32
    torch.testing.assert_close(probabilities, m.values(x)["mask"], atol=0.05, rtol=0.1)


def test_the_same_seed_builds_the_same_model():
    x = raw()
    assert torch.equal(model(seed=3)(x)["mask"], model(seed=3)(x)["mask"])
    assert not torch.equal(model(seed=3)(x)["mask"], model(seed=4)(x)["mask"])


def test_members_come_back_exactly(tmp_path):
    one, x = model(seed=1), raw()
    save_member(tmp_path / "members" / "a.safetensors", one)
    two = load_member(tmp_path / "members" / "a.safetensors", model(seed=2))
    assert isinstance(two, Model) and torch.equal(one(x)["mask"], two(x)["mask"])
    assert set(load_state(tmp_path / "members" / "a.safetensors")) == set(one.state_dict())


def test_saving_leaves_the_model_alone_and_writes_the_same_bytes_again(tmp_path):
    m = model()
    save_member(tmp_path / "a.safetensors", m)
    save_member(tmp_path / "b.safetensors", m)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert m.network.head[0].weight.is_contiguous(memory_format=torch.channels_last)


def test_tied_tensors_are_saved(tmp_path):
    shared = torch.arange(3.0)
    save_state(tmp_path / "a.safetensors", {"a": shared, "b": shared})
    assert torch.equal(load_state(tmp_path / "a.safetensors")["b"], shared)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda s: s.pop("network.head.0.bias"), "1 missing \\(network.head.0.bias\\)"),
        (lambda s: s.update(extra=torch.zeros(1)), "1 not of this model \\(extra\\)"),
        (lambda s: s.update({"network.head.0.bias": torch.zeros(9)}), "1 of another shape"),
    ],
)
def test_members_of_another_model_are_refused_whole(tmp_path, change, text):
    m = model()
    state = {
        key: tensor + 1 if tensor.is_floating_point() else tensor
        for key, tensor in m.state_dict().items()
    }
    change(state)
    save_state(tmp_path / "a.safetensors", state)
    before = {key: tensor.clone() for key, tensor in m.state_dict().items()}
    with pytest.raises(WeightsError, match=text):
        load_member(tmp_path / "a.safetensors", m)
    assert all(torch.equal(tensor, before[key]) for key, tensor in m.state_dict().items())


def test_another_number_of_classes_is_said(tmp_path):
    save_member(tmp_path / "a.safetensors", model(n_classes=2))
    with pytest.raises(
        WeightsError, match=r"2 of another shape \(network.head.0.bias, network.head.0.weight\)"
    ):
        load_member(tmp_path / "a.safetensors", model(n_classes=4))


@pytest.mark.parametrize("damage", [lambda b: b[:-5], lambda b: b"", lambda b: b"\x80\x04K\x01."])
def test_damaged_members_are_refused(tmp_path, damage):
    path = tmp_path / "a.safetensors"
    save_member(path, model())
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(FileReadError, match="safetensors"):
        load_member(path, model())


def test_a_missing_member_and_a_folder_that_cannot_be_made(tmp_path):
    with pytest.raises(FileReadError, match="not there"):
        load_member(tmp_path / "a.safetensors", model())
    (tmp_path / "file").touch()
    with pytest.raises(WriteError):
        save_member(tmp_path / "file" / "a.safetensors", model())


@pytest.mark.parametrize("scale", [0.5, 0.37, 2.0])
@pytest.mark.parametrize("size", [(1, 1), (20, 37)])
def test_at_another_scale_the_same_size_comes_back(scale, size):
    with torch.inference_mode():
        logits = model(scale=scale)(raw(*size, b=1))["mask"]
    assert logits.shape == (1, 2, *size) and logits.isfinite().all()


def test_at_half_the_scale_the_network_sees_means_of_four_pixels():
    m, x = model(scale=0.5), raw(32, 64)
    seen = []
    m.network.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    m(x)
    z = m.preprocess(x)
    torch.testing.assert_close(seen[0], torch.nn.functional.avg_pool2d(z, 2))


POSE = {
    "tall": TargetSpec(quantity="height", typical=4.0),
    "shift": TargetSpec(quantity="magnitude", activation="softplus", typical=3.0),
    "scale": TargetSpec(quantity="flow_scale"),
    "angle": TargetSpec(quantity="direction"),
    "gsd": TargetSpec(quantity="gsd"),
    "distance": TargetSpec(quantity="gsd", activation="none", typical=0.5),
    "there": TargetSpec(quantity="presence", of=("mask",), layers=("a",)),
    "mask": TargetSpec(quantity="mask"),
}


def test_every_target_has_an_output_of_its_form():
    m, x = model(targets=POSE), raw(18, 31)
    with torch.inference_mode():
        outputs, values = m(x), m.values(x)
    shapes = {name: tuple(output.shape) for name, output in outputs.items()}
    dense = {"tall": 1, "shift": 1, "mask": 2}
    assert shapes == {
        name: (2, dense[name], 18, 31) if name in dense else (2, {"angle": 2}.get(name, 1))
        for name in POSE
    }
    assert outputs.keys() == m.quantities.keys()
    for name, value in values.items():
        torch.testing.assert_close(value, m.quantities[name].value(outputs[name]))
    torch.testing.assert_close(values["tall"], 4 * outputs["tall"].relu())


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_at_another_scale_values_follow_by_their_laws(scale, monkeypatch):
    """What the network says of the resized image is brought back: pixels grow as the image does, metres do not."""
    m, x = model(targets=POSE, scale=scale), raw(20, 32)
    said = {}

    def answer(z, gsd_m):
        assert z.shape[-2:] == (20 * scale, 32 * scale)
        assert gsd_m.tolist() == [0.5 / scale, 1.0 / scale]
        generator = torch.Generator().manual_seed(0)
        for name, quantity in m.quantities.items():
            size = (1, 1) if quantity.extent == "dense" else ()
            given = torch.randn(2, quantity.n_outputs, *size, generator=generator)
            said[name] = given.expand(-1, -1, *z.shape[-2:]) if size else given
        return said

    monkeypatch.setattr(m.network, "forward", answer)
    monkeypatch.setattr(m, "_margins", lambda length: (0, 0))
    values = m.values(x, torch.tensor([0.5, 1.0]))
    factors = {"shift": 1 / scale, "scale": 1 / scale, "gsd": scale, "distance": scale}
    for name, quantity in m.quantities.items():
        expected = factors.get(name, 1.0) * quantity.value(said[name])
        if quantity.extent == "dense":
            expected = expected[..., :1, :1].expand(-1, -1, 20, 32)
        torch.testing.assert_close(values[name], expected, rtol=1e-5, atol=1e-6)
    assert (said["gsd"] < 0).any(), "where softplus is far from a straight line"


def test_the_ground_sample_distance_reaches_heads_that_read_it():
    heads = {"kind": "pooled", "gsd_cue": True}
    targets = {"scale": TargetSpec(quantity="flow_scale", activation="none", head=heads)}
    m, x = model(targets=targets), raw()
    near, far = (m(x, torch.full((2,), gsd))["scale"] for gsd in (0.3, 3.0))
    assert not torch.allclose(near, far)
    half = model(targets=targets, scale=0.5)
    seen = []
    half.network.register_forward_pre_hook(lambda _, args: seen.append(args[1]))
    half(x, torch.full((2,), 0.3))
    zoom = (10 * 18 / (20 * 37)) ** 0.5  # half, as far as whole pixels allow
    torch.testing.assert_close(seen[0], torch.full((2,), 0.3 / zoom))
