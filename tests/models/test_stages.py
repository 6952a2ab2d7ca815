"""Stages of encoders: found by gradients, they are what the libraries' own names say."""

import pytest
import torch

from landseer.models.config import ModelConfig
from landseer.models.network import build_network
from landseer.models.outputs import make_outputs
from landseer.models.stages import encoder_stages, freeze_stages
from landseer.models.swin import SWINS, SwinSize
from landseer.models.targets import ONLY_MASK

RGB = {"red": ("R",), "green": ("G",), "blue": ("B",)}


def build(encoder, decoder="fpn", **changes):
    config = ModelConfig(encoder=encoder, weights="none", decoder=decoder, **changes)
    return build_network(config, RGB, make_outputs(ONLY_MASK, 2, config), seed=0)


def names_of(network):
    by_id = {id(weight): name for name, weight in network.encoder.named_parameters()}
    return [[by_id[id(w)] for w in stage] for stage in encoder_stages(network, 3)]


EXPECTED = {
    "resnet18": [("conv1", "bn1"), ("layer1",), ("layer2",), ("layer3",), ("layer4",)],
    "efficientnet_b1": [
        ("conv_stem", "bn1", "blocks.0"), ("blocks.1",), ("blocks.2",), ("blocks.3", "blocks.4"),
        ("blocks.5", "blocks.6"),
    ],
    "test_convnext": [("stem", "stages_0"), ("stages_1",), ("stages_2",), ("stages_3",)],
}  # fmt: skip


@pytest.mark.parametrize("encoder", EXPECTED)
def test_stages_are_those_of_the_library(encoder):
    found = names_of(build(encoder))
    assert len(found) == len(EXPECTED[encoder])
    for names, prefixes in zip(found, EXPECTED[encoder], strict=True):
        tops = {name.removeprefix("model.") for name in names}
        assert names and all(top.startswith(prefixes) for top in tops)
        assert all(any(top.startswith(p) for top in tops) for p in prefixes)


@pytest.mark.parametrize(
    ("maps", "parts"),
    [("stages", [(0, 1), (2, 3), (4, 5), (6, 7)]), ("merges", [(0,), (0, 1, 2), (3, 4), (5, 6)])],
)
def test_three_stages_of_the_seeds_swin_are_its_five_feature_blocks(maps, parts, monkeypatch):
    monkeypatch.setitem(SWINS, "swin_v2_b", SwinSize(8, (1, 1, 2, 1), (2, 2, 2, 2), window=4))
    found = names_of(build("swin_v2_b", encoder_maps=maps))
    for names, blocks in zip(found, parts, strict=True):
        assert {int(name.split(".")[1]) for name in names} == set(blocks)
    if maps == "merges":
        frozen = [name for stage in found[:3] for name in stage]
        assert {int(name.split(".")[1]) for name in frozen} == {0, 1, 2, 3, 4}


def test_a_vision_transformer_has_stages_too():
    found = names_of(build("test_vit", "dpt"))
    assert len(found) == 4 and all(found)


def test_looking_changes_nothing():
    network = build("test_resnet").train()
    network.encoder.model.bn1.eval()
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    torch.manual_seed(4)
    expected = torch.rand(2)
    torch.manual_seed(4)
    encoder_stages(network, 3)
    assert torch.equal(torch.rand(2), expected)
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())
    assert network.encoder.model.layer1.training and not network.encoder.model.bn1.training
    assert all(weight.grad is None for weight in network.parameters())


def test_frozen_parts_are_in_evaluation_mode_and_thawed_ones_are_not():
    network = build("test_efficientnet", drop_path=0.3).train()
    stages = encoder_stages(network, 3)
    for number in (3, 1, 0):
        freeze_stages(network.encoder, stages, number)
        for n, stage in enumerate(stages):
            assert {weight.requires_grad for weight in stage} == {n >= number}
        for module in network.encoder.modules():
            own = list(module.parameters(recurse=False))
            if own:
                assert module.training == any(weight.requires_grad for weight in own)
        drops = [m for m in network.encoder.modules() if type(m).__name__ == "DropPath"]
        assert any(m.training for m in drops)
        assert network.decoder.training
    whole = len(list(network.encoder.parameters()))
    assert sum(len(stage) for stage in stages) == whole
