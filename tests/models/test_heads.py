"""Networks of many heads: shapes, gradients, order, cues, seeds, storage; one plain head is what it was."""

from typing import get_args

import numpy as np
import pytest
import segmentation_models_pytorch as smp
import torch

from landseer.core.seeds import derive
from landseer.errors import UsageError, WeightsError
from landseer.models.config import ModelConfig
from landseer.models.decoders import DECODERS, decoder_settings
from landseer.models.head_fitted import fitted_scale
from landseer.models.head_order import head_order
from landseer.models.heads import HEADS, Output
from landseer.models.heads_config import (
    DEFAULT_HEADS,
    FittedScale,
    GradientAttention,
    HeadConfig,
    Plain,
    Pooled,
    Simple,
    Upsample,
)
from landseer.models.network import build_network, parameter_count
from landseer.models.store import load_member, load_state, save_member, save_state
from landseer.models.targets import TargetSpec, check_targets
from landseer.quantities import (
    ClassMask,
    DenseValue,
    Direction,
    FlowScale,
    Gsd,
    Height,
    Magnitude,
    Presence,
)

BANDS = {"red": ("R",), "green": ("G",), "blue": ("B",)}
POSE = {
    "height": Output(Height(), Upsample(gsd_cue=True)),
    "magnitude": Output(Magnitude(), Upsample(features_of="height")),
    "direction": Output(Direction(), Pooled()),
    "scale": Output(FlowScale(), FittedScale(height="height", magnitude="magnitude")),
}
ALL = POSE | {
    "mask": Output(ClassMask(3), Plain()),
    "cover": Output(DenseValue("t/ha"), Simple(embedding=24, gsd_cue=True)),
    "gsd": Output(Gsd(), Pooled(hidden=7, gsd_cue=True)),
    "edges": Output(Direction(), GradientAttention(height="height")),
    "presence": Output(Presence(4), GradientAttention(height="cover", features="decoder")),
}
UNTOUCHED = ("magnitude", "direction", "mask")  # by the ground sample distance


def config(decoder="fpn", **changes):
    widths = {"unet": (16, 16, 8, 8, 8), "unetplusplus": (16, 16, 8, 8, 8), "manet": (16,) * 5}
    widths |= {"linknet": None, "residual_unet": (24, 16, 12)}
    encoder = "test_vit" if decoder == "dpt" else "test_resnet"
    given = {"encoder": encoder, "weights": "none", "decoder": decoder}
    given["decoder_channels"] = widths.get(decoder, (32,))
    return ModelConfig(**{**given, **changes})


def build(outputs=None, decoder="fpn", seed=0, **changes):
    return build_network(config(decoder, **changes), BANDS, outputs or ALL, seed=seed)


def image(network, batch=2, times=(1, 3), seed=1):
    side = max(network.stride, network.minimum_px)
    shape = [side + (n - 1) * network.stride for n in times]
    return torch.randn(batch, 3, *shape, generator=torch.Generator().manual_seed(seed))


GSD = torch.tensor([0.31, 0.62])


def test_the_dict_and_the_recipe_name_the_same_heads():
    kinds = [part.model_fields["kind"].default for part in get_args(get_args(HeadConfig)[0])]
    assert kinds == list(HEADS)
    assert {Output(q, DEFAULT_HEADS[q.extent]).head.kind for q in (Height(), Gsd())} == {
        "plain",
        "pooled",
    }


@pytest.mark.parametrize("decoder", DECODERS)
def test_every_head_on_every_decoder_gives_its_shape_and_learns(decoder):
    network = build(decoder=decoder).train()
    x = image(network)
    outputs = network(x, GSD)
    assert set(outputs) == set(ALL)
    for name, output in outputs.items():
        n, dense = ALL[name].quantity.n_outputs, ALL[name].quantity.extent == "dense"
        assert output.shape == ((2, n, *x.shape[2:]) if dense else (2, n))
        assert output.isfinite().all() and ALL[name].quantity.value(output).isfinite().all()
    sum(output.square().sum() for output in outputs.values()).backward()
    without = [n for n, p in network.named_parameters() if "head_" in n and p.grad is None]
    assert not without
    stem = next(network.encoder.parameters())
    assert stem.grad is not None and stem.grad.abs().sum() > 0


@pytest.mark.parametrize("name", [name for name in ALL if name != "scale"])
def test_gradients_reach_every_weight_of_a_head(name):
    network = build(decoder="unet", dropout=0).train()
    head = network.head_of(name)
    for module in head.modules():
        if isinstance(module, torch.nn.Dropout | torch.nn.Dropout2d):
            module.p = 0.0
    network(image(network), GSD)[name].square().sum().backward()
    assert list(head.parameters())
    for key, parameter in head.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, key


def test_one_plain_head_has_the_weights_that_the_decoder_alone_always_had():
    given = config("unet")
    network = build_network(given, BANDS, {"water": Output(ClassMask(3), Plain())}, seed=7)
    torch.manual_seed(derive(7, "network"))
    old = smp.Unet(
        "tu-test_resnet", in_channels=3, classes=3, encoder_weights=None, **decoder_settings(given)
    )
    x, state = image(network), network.state_dict()
    expected = {
        key.replace("segmentation_head", "head"): tensor for key, tensor in old.state_dict().items()
    }
    assert state.keys() == expected.keys()
    for key, tensor in expected.items():
        assert torch.equal(tensor, state[key]), key
    with torch.no_grad():
        torch.testing.assert_close(network.eval()(x)["water"], old.eval()(x))


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_plain_head_is_what_the_library_computes(decoder):
    given = config(decoder)
    network = build_network(given, BANDS, {"mask": Output(ClassMask(2), Plain())}, seed=3).eval()
    torch.manual_seed(derive(3, "network"))
    old = (
        DECODERS[decoder]
        .build(
            encoder_name=f"tu-{given.encoder}",
            in_channels=3,
            classes=2,
            encoder_weights=None,
            **decoder_settings(given),
        )
        .eval()
    )
    x = image(network, batch=1)
    with torch.no_grad():
        torch.testing.assert_close(network(x)["mask"], old(x))


def test_a_further_head_changes_no_other_weight():
    one = build(POSE).state_dict()
    two = build(POSE | {"mask": Output(ClassMask(5), Plain())}).state_dict()
    assert one.keys() < two.keys()
    assert all(torch.equal(tensor, two[key]) for key, tensor in one.items())


def test_the_seed_alone_decides_and_the_global_generator_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, two, three = build(seed=1), build(seed=1), build(seed=2)
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    for name in set(ALL) - {"scale"}:
        weights = [p for p in one.head_of(name).parameters() if p.ndim > 1]
        others = [p for p in three.head_of(name).parameters() if p.ndim > 1]
        assert not any(torch.equal(a, b) for a, b in zip(weights, others, strict=True))


def test_heads_answer_after_those_they_need_in_whatever_order_they_are_written():
    reverse = dict(reversed(POSE.items()))
    order = build(reverse).targets
    assert order.index("height") < order.index("magnitude") < order.index("scale")
    plain = {"c": Plain(), "a": Simple(), "b": Pooled()}
    assert head_order(plain) == tuple(plain)
    network, again = build(POSE).eval(), build(reverse).eval()
    x = image(network)
    with torch.no_grad():
        for name, output in network(x, GSD).items():
            assert torch.equal(output, again(x, GSD)[name])


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"scale": Output(FlowScale(), FittedScale(height="roof", magnitude="magnitude"))},
            "'roof'",
        ),
        (
            {"scale": Output(FlowScale(), FittedScale(height="magnitude", magnitude="height"))},
            "in m; magnitude is in px",
        ),
        (
            {"scale": Output(FlowScale(), FittedScale(height="direction", magnitude="height"))},
            "direction has the head pooled",
        ),
        ({"height": Output(Height(), Upsample(features_of="magnitude"))}, "features of its own"),
        (
            {"magnitude": Output(Magnitude(), Upsample(features_of="magnitude"))},
            "features of its own",
        ),
        ({"height": Output(Height(), Simple())}, "features of its own"),
        ({"other": Output(Height(), Pooled())}, "extent dense, as height has it; got pooled"),
        (
            {"direction": Output(Direction(), Plain())},
            "extent image, as direction has it; got plain",
        ),
        (
            {"scale": Output(Direction(), FittedScale(height="height", magnitude="magnitude"))},
            "direction has 2",
        ),
        (
            {
                "edges": Output(Direction(), GradientAttention(height="mask")),
                "mask": Output(ClassMask(2), Plain()),
            },
            "mask has 2",
        ),
        ({"a.b": Output(Height(), Plain())}, "without dots"),
    ],
)
def test_heads_that_do_not_go_together_are_refused(changes, text):
    with pytest.raises(UsageError, match=text):
        build(POSE | changes)


def test_a_circle_is_named_and_no_target_is_refused(monkeypatch):
    monkeypatch.setattr(Plain, "needs", property(lambda self: ("b",) if self.exact else ("a",)))
    with pytest.raises(UsageError, match=r"circle: [ab] needs [ab] needs [ab]"):
        head_order({"a": Plain(exact=True), "b": Plain()})
    with pytest.raises(UsageError, match="at least one target"):
        head_order({})


def test_the_distance_changes_the_heads_that_read_it_and_no_other():
    network = build().eval()
    x = image(network)
    with torch.no_grad():
        near, far = network(x, GSD), network(x, GSD * 2)
    same = {name for name in ALL if torch.equal(near[name], far[name])}
    assert same == set(UNTOUCHED)


def test_the_distance_of_one_image_is_its_own_and_unknown_ones_spoil_nothing_else():
    network = build().train()
    x = image(network)
    network.eval()
    with torch.no_grad():
        both = network(x, GSD)
        mixed = network(x, torch.tensor([0.31, torch.nan]))
    for name in ALL:
        assert torch.equal(both[name][0], mixed[name][0])
    assert mixed["height"][1].isnan().all() and not mixed["mask"].isnan().any()
    network.train()(x, torch.tensor([0.31, torch.nan]))
    assert all(b.isfinite().all() for b in network.buffers())


def test_the_distance_is_asked_for():
    network = build()
    with pytest.raises(UsageError, match=r"each of 2 images.*got none"):
        network(image(network))
    with pytest.raises(UsageError, match=r"got shape \(1,\)"):
        network(image(network), GSD[:1])
    silent = build({"height": Output(Height(), Upsample()), "direction": POSE["direction"]})
    assert silent(image(silent))["height"].isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_fitted_scale_is_least_squares_whatever_the_precision(dtype):
    rng = np.random.default_rng(0)
    height = rng.gamma(1.0, 8.0, (3, 1, 40, 50)).astype(np.float32)
    scale = np.array([0.4, 1.1, 2.3], np.float32)
    magnitude = height * scale[:, None, None, None] + rng.normal(0, 0.5, height.shape).astype(
        np.float32
    )
    expected = [
        np.linalg.lstsq(h.reshape(-1, 1).astype(float), m.reshape(-1).astype(float), rcond=None)[0][
            0
        ]
        for h, m in zip(height, magnitude, strict=True)
    ]
    with torch.autocast("cpu", dtype=dtype, enabled=dtype is torch.bfloat16):
        fitted = fitted_scale(torch.from_numpy(height), torch.from_numpy(magnitude))
    assert fitted.dtype == torch.float32
    np.testing.assert_allclose(fitted.numpy(), expected, rtol=1e-5)


def test_the_fitted_scale_reads_values_not_raw_outputs_and_flat_images_get_zero():
    network = build(POSE).eval()
    with torch.no_grad():
        outputs = network(image(network), GSD)
    h, m = outputs["height"].double().relu(), outputs["magnitude"].double().relu()
    expected = (h * m).sum((1, 2, 3)) / ((h * h).sum((1, 2, 3)) + 0.01)
    torch.testing.assert_close(outputs["scale"][:, 0].double(), expected, rtol=1e-5, atol=1e-6)
    assert fitted_scale(torch.zeros(2, 1, 4, 4), torch.ones(2, 1, 4, 4)).tolist() == [0, 0]
    flat = torch.zeros(1, 1, 4, 4, requires_grad=True)
    fitted_scale(flat, torch.ones(1, 1, 4, 4)).sum().backward()
    assert flat.grad.isfinite().all()


def test_under_half_precision_metres_and_numbers_of_images_stay_float32():
    network = build(ALL | {"exact": Output(Height(), Plain(exact=True))}).eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = network(image(network), GSD)
    assert {name for name, o in outputs.items() if o.dtype != torch.float32} == {"mask"}


@pytest.mark.parametrize("outputs", [ALL, {"height": Output(Height(), Upsample())}])
def test_members_come_back_exactly(tmp_path, outputs):
    one, two = build(outputs, seed=1), build(outputs, seed=2)
    x = image(one)
    one.train()(x, GSD)
    save_member(tmp_path / "a.safetensors", one)
    load_member(tmp_path / "a.safetensors", two)
    one.eval(), two.eval()
    with torch.no_grad():
        for name, output in one(x, GSD).items():
            assert torch.equal(output, two(x, GSD)[name])


def test_members_of_one_mask_written_before_load_whatever_the_target_is_called(tmp_path):
    given = config("unet")
    torch.manual_seed(0)
    old = smp.Unet(
        "tu-test_resnet", in_channels=3, classes=3, encoder_weights=None, **decoder_settings(given)
    )
    state = {key.replace("segmentation_head", "head"): t for key, t in old.state_dict().items()}
    save_state(tmp_path / "a.safetensors", state)
    new = build_network(given, BANDS, {"water": Output(ClassMask(3), Plain())}, seed=9)
    load_member(tmp_path / "a.safetensors", new)
    x = image(new)
    with torch.no_grad():
        torch.testing.assert_close(new.eval()(x)["water"], old.eval()(x))
    with pytest.raises(WeightsError, match="missing"):
        load_member(tmp_path / "a.safetensors", build(decoder="unet"))


def test_keys_name_the_targets(tmp_path):
    save_member(tmp_path / "a.safetensors", build())
    heads = {key.split(".")[0] for key in load_state(tmp_path / "a.safetensors")}
    assert heads == {"encoder", "decoder"} | {f"head_{name}" for name in ALL if name != "scale"}


def test_shared_features_are_computed_once_and_cost_no_weights():
    own = build(POSE | {"magnitude": Output(Magnitude(), Upsample())})
    shared = build(POSE)
    count = parameter_count(shared.head_of("magnitude"))
    assert count < parameter_count(own.head_of("magnitude")) / 3
    calls = []
    for name in ("height", "magnitude"):
        shared.head_of(name).upsample.register_forward_hook(lambda *_: calls.append(1))
    shared(image(shared), GSD)
    assert len(calls) == 1


def test_parameter_counts_follow_from_widths():
    network = build(decoder="unet")  # its output: 8 wide at stride 1
    counts = {name: parameter_count(network.head_of(name)) for name in ALL}
    assert counts["mask"] == 8 * 3 * 9 + 3
    assert counts["height"] == (9 * 8 * 9 + 8) + (8 * 9 + 1)
    assert counts["cover"] == (8 * 24 * 9 + 48) + (25 * 24 + 24) + (24 + 1)
    deepest = network.encoder.out_channels[-1]
    assert counts["direction"] == deepest * deepest + deepest + deepest * 2 + 2
    assert counts["gsd"] == (deepest + 1) * 7 + 7 + 7 + 1
    assert counts["edges"] == (deepest + 5) * deepest + deepest + deepest * 2 + 2
    assert counts["scale"] == 0


def test_networks_of_many_heads_are_channels_last_throughout():
    network = build(decoder="unet").eval()
    kept = {}

    def look(name):
        def hook(module, inputs, output):
            kept[name] = output.is_contiguous(memory_format=torch.channels_last)

        return hook

    for name, module in network.named_modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.ConvTranspose2d) and "head_" in name:
            assert module.weight.is_contiguous(memory_format=torch.channels_last)
            module.register_forward_hook(look(name))
    with torch.no_grad():
        network(image(network).contiguous(memory_format=torch.channels_last), GSD)
    assert kept and all(kept.values()), kept


def test_every_data_set_knows_its_ground_sample_distance():
    assert check_targets({"gsd": TargetSpec(quantity="gsd")}, ["mask"]) == []
    assert check_targets({"far": TargetSpec(quantity="gsd", reference="gsd")}, []) == []
    for name, spec in (("far", TargetSpec(quantity="gsd")), ("gsd", TargetSpec(quantity="height"))):
        ((where, text),) = check_targets({name: spec}, ["mask"])
        assert where == name and "expected a reference of the data (mask)" in text
